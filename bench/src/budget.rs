//! The budgets, and whether they are kept: pure decisions from what was measured.

use testdb::Kind;

use crate::case::Findings;

/// What is measured against what it may be.
#[derive(Clone, Debug)]
pub(crate) struct Ratio {
    pub what: &'static str,
    pub measured: String,
    pub budget: String,
    pub kept: bool,
    /// Whether it is so far off that neither a busy machine nor a debug build accounts for it.
    pub broken: bool,
}

const MIB: f64 = 1024.0 * 1024.0;

/// All budgets of the syncer, for one case.
pub(crate) fn ratios(found: &Findings) -> Vec<Ratio> {
    let records = as_float(found.case.records);
    let first = found.first.sync.cost;
    let cpu = first.cpu.as_secs_f64();
    let per_100_000 = |seconds: f64| seconds / records * 100_000.0;
    let own_cpu = match found.case.kind {
        // The database is in the process: what is left is the syncer's.
        Kind::Sqlite => at_most(
            "first: CPU s per 100,000 above bulk load's",
            per_100_000(cpu - found.load.cost.cpu.as_secs_f64()),
            0.6,
        ),
        Kind::MySql | Kind::MariaDb => {
            at_most("first: CPU s per 100,000", per_100_000(cpu), 0.6)
        }
    };
    let wall = first.wall.as_secs_f64() / found.load.cost.wall.as_secs_f64();
    let again = found.again.sync.cost.cpu.as_secs_f64();
    let nothing = found.nothing.sync.cost.cpu.as_secs_f64();
    let known = (found.known.sync.cost.cpu.as_secs_f64() - nothing).max(0.0);
    let peak = as_float(first.peak) / MIB;
    let growth = as_float(first.peak) / as_float(found.fewer.sync.cost.peak);
    let asked = as_float(found.first.sync.served.requests) / (records / 1000.0).ceil();
    let written = as_float(found.again.sync.run.written());
    vec![
        own_cpu,
        at_most("first: wall / bulk load's", wall, 1.5),
        at_most("unchanged: CPU / first's", again / cpu, 1.0 / 3.0),
        at_most("304s: CPU above nothing's / first's", known / cpu, 1.0 / 50.0),
        broken_above(96.0, "first: peak MiB", peak, 48.0),
        at_most("first: peak / that of 10,000", growth, 1.25),
        broken_above(1.0, "first: requests / pages", asked, 1.0),
        broken_above(0.0, "unchanged: rows written", written, 0.0),
    ]
}

fn at_most(what: &'static str, measured: f64, budget: f64) -> Ratio {
    Ratio {
        what,
        measured: figures(measured),
        budget: format!("≤ {}", figures(budget)),
        kept: measured <= budget,
        broken: false,
    }
}

fn broken_above(limit: f64, what: &'static str, measured: f64, budget: f64) -> Ratio {
    Ratio {
        broken: measured > limit,
        ..at_most(what, measured, budget)
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
    use super::{at_most, broken_above, figures};

    #[test]
    fn a_budget_is_kept_up_to_its_edge() {
        assert!(at_most("", 1.5, 1.5).kept);
        assert!(!at_most("", 1.51, 1.5).kept);
        assert!(!at_most("", f64::NAN, 1.5).kept);
    }

    #[test]
    fn a_missed_budget_is_broken_only_above_its_limit() {
        let check = |measured, kept, broken| {
            let ratio = broken_above(72.0, "", measured, 48.0);
            assert_eq!((ratio.kept, ratio.broken), (kept, broken), "{measured}");
        };
        check(48.0, true, false);
        check(50.0, false, false);
        check(73.0, false, true);
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
