//! The requests of a resource without parents: of everything, or of what changed.

use std::time::Instant;

use chrono::{DateTime, Utc};
use entity::run;

use super::{
    Asked, Known,
    time::{Pace, float, whole},
};
use crate::{
    Ctx, Probe, Promise, probe,
    source::plan::{Plan, Source, Way},
    span,
};

/// The requests of the next run of `plan`.
pub(super) async fn of_one(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    known: Option<&Known>,
) -> Asked {
    let Some(known) = known.filter(|known| !known.runs.is_empty()) else {
        return of_probe(ctx, source, plan).await;
    };
    if known.is_full {
        // Among the runs of an incremental resource few are of everything.
        let full = match &plan.cursor {
            None => known.runs.first(),
            Some(_) => (known.legacy.marks.full_at)
                .and_then(|at| known.runs.iter().find(|run| ended_at(run, at))),
        };
        return match full {
            Some(run) => as_before(source, known, run),
            None => of_probe(ctx, source, plan).await,
        };
    }
    of_changes(ctx, (source, plan), known)
}

/// Asks for the first page, once.
pub(super) async fn of_probe(ctx: &Ctx, source: &Source, plan: &Plan) -> Asked {
    let began = Instant::now();
    let probe = probe(ctx, source, plan).await;
    let took = began.elapsed();
    let pages = pages(plan, &probe);
    let mut asked = Asked {
        requests: if source.is_folder() {
            0
        } else {
            pages.unwrap_or(1)
        },
        at_least: pages.is_none() && !source.is_folder(),
        rows: match (probe.total, &probe.next) {
            (None, Some(next)) if next.is == Promise::None => Some(probe.records as u64),
            (total, _) => total,
        },
        pace: match source.is_folder() {
            true => Pace::Unknown,
            false => Pace::OfOne {
                took: took.as_secs_f64() * 1000.0 / float(probe.requests.max(1).unsigned_abs()),
                together: matches!(plan.page.way, Way::Number { .. } | Way::Offset { .. }),
            },
        },
        ..Asked::default()
    };
    match (&probe.error, probe.total) {
        (Some(error), _) => {
            asked.pace = Pace::Unknown;
            asked.at_least = true;
            "no run was complete yet".clone_into(&mut asked.why);
            asked
                .unknown
                .push(format!("the first page did not come: {error}"));
        }
        (None, Some(total)) => {
            asked.why = format!("the first page: {} of {total} records", probe.records);
        }
        (None, None) => asked.why = format!("the first page: {} records", probe.records),
    }
    if asked.at_least && probe.error.is_none() {
        let why =
            "how many pages there are: the upstream states no total, or no size of a page is known";
        asked.unknown.push(why.to_owned());
    }
    asked
}

/// How many pages there are, by the first one; `None`: it does not tell.
fn pages(plan: &Plan, probe: &Probe) -> Option<u64> {
    let next = probe.next.as_ref()?;
    if next.is == Promise::None {
        return Some(1);
    }
    let size = plan.page.size.records.unwrap_or(probe.records as u64);
    Some(probe.total?.div_ceil(size.max(1)).max(1)).filter(|_| size > 0)
}

/// Everything, as in `run`.
fn as_before(source: &Source, known: &Known, run: &run::Model) -> Asked {
    Asked {
        requests: run.requests.unsigned_abs(),
        why: format!("everything, as in run {}", run.id),
        pace: Pace::of_runs(source, &known.runs),
        rows: Some(known.row.live_rows.unsigned_abs()),
        ..Asked::default()
    }
}

/// What changed: how much that is, only earlier runs hint at.
fn of_changes(ctx: &Ctx, (source, plan): (&Source, &Plan), known: &Known) -> Asked {
    let since = known.legacy.marks.full_at;
    let runs = known.runs.iter();
    let runs = runs.take_while(|run| since.is_none_or(|at| !ended_at(run, at)));
    let runs: Vec<&run::Model> = runs.collect();
    let mark = match (&plan.cursor, known.legacy.marks.cursor) {
        (Some(cursor), Some(mark)) => span::written(cursor, mark),
        _ => "the start".to_owned(),
    };
    let spans = spans(ctx, plan, known);
    let all: i64 = runs.iter().map(|run| run.requests).sum();
    let mean = whole(float(all.unsigned_abs()) / float(runs.len().max(1) as u64));
    let (why, unknown) = match runs.len() {
        0 => (
            format!("what changed since {mark}"),
            vec![format!(
                "how much changed since {mark}: no run has asked for changes alone yet"
            )],
        ),
        1 => (
            format!("what changed since {mark}, as in run {}", runs[0].id),
            Vec::new(),
        ),
        count => (
            format!("what changed since {mark}, the mean of {count} runs"),
            Vec::new(),
        ),
    };
    Asked {
        requests: mean.max(spans),
        at_least: runs.is_empty(),
        at_most: false,
        why,
        unknown,
        pace: Pace::of_runs(source, &known.runs),
        rows: Some(known.row.live_rows.unsigned_abs()),
    }
}

/// How many spans of time there are from the mark until now; each needs a request.
fn spans(ctx: &Ctx, plan: &Plan, known: &Known) -> u64 {
    /// A window of a second over years is told well enough.
    const MOST: u64 = 1_000_000;
    let Some(cursor) = &plan.cursor else {
        return 1;
    };
    let end = span::end(cursor, ctx.clock.now());
    let mut from = span::begin(cursor, known.legacy.marks.cursor, end);
    let mut spans = 0;
    loop {
        spans += 1;
        let until = span::until(cursor, from, end);
        if until.is_none() || until >= end || spans >= MOST {
            return spans;
        }
        from = until;
    }
}

/// Whether `run` is the one that ended at `at`: databases keep times less exactly than marks do.
fn ended_at(run: &run::Model, at: DateTime<Utc>) -> bool {
    run.ended_at
        .is_some_and(|ended| (ended - at).num_milliseconds().abs() < 1_000)
}
