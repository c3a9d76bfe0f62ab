//! The budgets, and whether they are kept: pure decisions from what was measured.

use crate::{
    case::Findings,
    product::{ALL, FEWER_RECORDS},
};

/// What is measured against what it may be.
#[derive(Clone, Debug)]
pub(crate) struct Ratio {
    pub what: String,
    pub measured: String,
    pub budget: String,
    pub kept: bool,
    /// A busy machine changes nothing of it.
    pub firm: bool,
}

const MIB: f64 = 1024.0 * 1024.0;

/// All budgets of the syncer, for one case.
pub(crate) fn ratios(found: &Findings) -> Vec<Ratio> {
    let hundred_thousands = as_float(found.case.records) / 100_000.0;
    let first = found.first.sync.cost;
    let cpu = first.cpu.as_secs_f64();
    let requests = found.first.sync.served.requests;
    let pages = found.case.records.div_ceil(1000);
    let peak = as_float(first.peak) / MIB;
    let fewer_peak = as_float(found.fewer.sync.cost.peak) / MIB;
    let share = |run: f64| run / cpu;
    vec![
        at_most(
            "first: CPU s per 100,000 records",
            cpu / hundred_thousands,
            0.6,
        ),
        at_most(
            "first: wall / bulk load's",
            first.wall.as_secs_f64() / found.load.cost.wall.as_secs_f64(),
            1.5,
        ),
        at_most(
            "unchanged: CPU / first run's",
            share(found.again.sync.cost.cpu.as_secs_f64()),
            1.0 / 3.0,
        ),
        at_most(
            "unchanged, 304s: CPU / first run's",
            share(found.known.sync.cost.cpu.as_secs_f64()),
            1.0 / 50.0,
        ),
        firm(at_most("first: peak MiB", peak, 48.0)),
        firm(at_most(
            &format!("first: peak / that of {FEWER_RECORDS} records"),
            peak / fewer_peak,
            1.25,
        )),
        firm(at_most(
            &format!("first: requests / pages of `{ALL}`"),
            as_float(requests) / as_float(pages),
            1.0,
        )),
        firm(at_most(
            "unchanged: rows written",
            as_float(found.again.sync.run.written()),
            0.0,
        )),
    ]
}

fn at_most(what: &str, measured: f64, budget: f64) -> Ratio {
    Ratio {
        what: what.to_owned(),
        measured: figures(measured),
        budget: format!("≤ {}", figures(budget)),
        kept: measured <= budget,
        firm: false,
    }
}

fn firm(ratio: Ratio) -> Ratio {
    Ratio {
        firm: true,
        ..ratio
    }
}

/// With as many decimals as tell something.
pub(crate) fn figures(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        ..0.1 => format!("{number:.3}"),
        0.1..10.0 => format!("{number:.2}"),
        _ => format!("{number:.1}"),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of records and bytes, shown with three figures"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{at_most, figures};

    #[test]
    fn a_budget_is_kept_up_to_its_edge() {
        assert!(at_most("", 1.5, 1.5).kept);
        assert!(!at_most("", 1.51, 1.5).kept);
        assert!(!at_most("", f64::NAN, 1.5).kept);
    }

    #[test]
    fn figures_are_as_many_as_tell_something() {
        let check = |number, expected| assert_eq!(figures(number), expected);
        check(0.0, "0");
        check(1.0 / 50.0, "0.020");
        check(1.0 / 3.0, "0.33");
        check(46.72, "46.7");
    }
}
