//! The requests of a child resource: the parents that are live now, times the requests of a walk.

use std::collections::HashMap;

use entity::{
    page::Entity as Page,
    record::{self, Stored},
};
use sea_orm::DbErr;

use super::{
    Asked, Foresight, Known, reading,
    time::{Pace, float, whole},
};
use crate::{
    memory,
    parents::{is_wanted, parent},
    source::plan::{ForEach, Mode, Plan},
};

/// The walks of a run.
#[derive(Debug, Default)]
struct Walks {
    /// Parents that are asked for.
    parents: u64,
    /// Those that are left out, as they did not change.
    skipped: u64,
    /// Pages of those whose walks are remembered.
    pages: u64,
    /// Parents whose walks are not.
    others: u64,
}

/// The requests of the next run of `plan`, whose parents are rows of another resource.
pub(super) async fn of_children(
    foresight: &mut Foresight<'_>,
    (plan, for_each): (&Plan, &ForEach),
    known: Option<&Known>,
) -> Result<Asked, DbErr> {
    let Some(of) = foresight.source.resource(&for_each.resource) else {
        return Ok(Asked::default());
    };
    let parents = super::known(foresight.ctx, foresight.source, of).await?;
    let is_read = parents.is_some_and(|parents| !parents.runs.is_empty());
    if !is_read {
        // What rows the parent will have is all that can be known.
        let rows = foresight.asked(of).await?.rows;
        return Ok(of_rows(foresight, (plan, for_each), rows).await);
    }
    let pages = remembered(foresight, plan, known).await?;
    let walks = walks(foresight, (plan, for_each), known, &pages).await?;
    let mut asked = Asked {
        pace: known.map_or(Pace::Unknown, |known| {
            Pace::of_runs(foresight.source, &known.runs)
        }),
        rows: known
            .filter(|known| !known.runs.is_empty())
            .map(|known| known.row.live_rows.unsigned_abs()),
        ..Asked::default()
    };
    let mut each = String::new();
    if walks.others > 0 {
        let (requests, basis) =
            each_of(foresight, (plan, for_each), known, &pages, &mut asked).await;
        let together = walks.others.div_ceil(for_each.batch.max(1));
        asked.requests = whole(float(together) * requests);
        each = basis;
    }
    asked.requests += walks.pages;
    // Which parents are left out is decided when they have been read themselves.
    asked.at_most = asked.at_least && walks.skipped > 0;
    asked.why = why(for_each, &walks, &each);
    Ok(asked)
}

fn why(for_each: &ForEach, walks: &Walks, each: &str) -> String {
    let rows = |count: u64| if count == 1 { "row" } else { "rows" };
    let mut why = format!(
        "{} {} of `{}`",
        walks.parents,
        rows(walks.parents),
        for_each.resource
    );
    if for_each.batch > 1 {
        why.push_str(&format!(", up to {} in a request", for_each.batch));
    }
    if walks.pages > 0 {
        why.push_str(", with the pages that came last");
    }
    if !each.is_empty() {
        why.push_str(&format!(", {each}"));
    }
    if walks.skipped > 0 {
        why.push_str(&format!("; {} did not change", walks.skipped));
    }
    why
}

/// By the number of rows that the parent will have.
async fn of_rows(
    foresight: &Foresight<'_>,
    (plan, for_each): (&Plan, &ForEach),
    rows: Option<u64>,
) -> Asked {
    let asked = reading::of_probe(foresight.ctx, foresight.source, plan).await;
    let mut unknown = asked.unknown.clone();
    let Some(rows) = rows else {
        unknown.push(format!("how many rows `{}` will have", for_each.resource));
        return Asked {
            at_least: true,
            rows: None,
            unknown,
            ..asked
        };
    };
    if !for_each.only.is_empty() {
        unknown.push(format!(
            "how many of them for_each.where wants: if not all {rows}, it needs fewer"
        ));
    }
    let walks = rows.div_ceil(for_each.batch.max(1));
    Asked {
        requests: walks * asked.requests,
        at_most: !for_each.only.is_empty(),
        why: format!(
            "{rows} rows that `{}` will have, {}",
            for_each.resource,
            per_walk(asked.requests, "one of them")
        ),
        rows: None,
        unknown,
        ..asked
    }
}

fn per_walk(requests: u64, whose: &str) -> String {
    let plural = if requests == 1 { "" } else { "s" };
    format!("{requests} request{plural} each as for {whose}")
}

/// How many requests a walk needs that nothing is remembered of.
async fn each_of(
    foresight: &Foresight<'_>,
    (plan, for_each): (&Plan, &ForEach),
    known: Option<&Known>,
    pages: &HashMap<i64, u64>,
    asked: &mut Asked,
) -> (f64, String) {
    if !pages.is_empty() {
        let all: u64 = pages.values().sum();
        let mean = float(all) / float(pages.len() as u64);
        return (
            mean,
            format!("{mean:.1} pages each of the others, the mean of those"),
        );
    }
    let last = known.and_then(|known| Some((known.runs.first()?, known.legacy.parents.len())));
    if let Some((run, parents)) = last
        && parents > 0
        && !for_each.changed_only
    {
        let walks = parents.div_ceil(for_each.batch.max(1));
        let mean = float(run.requests.unsigned_abs()) / float(walks);
        return (
            mean,
            format!("{mean:.1} requests for each, as in run {}", run.id),
        );
    }
    let probed = reading::of_probe(foresight.ctx, foresight.source, plan).await;
    asked.at_least |= probed.at_least;
    asked.unknown.extend(probed.unknown);
    if asked.pace == Pace::Unknown {
        asked.pace = probed.pace;
    }
    (
        float(probed.requests),
        per_walk(probed.requests, "one of them"),
    )
}

/// How many pages of each parent's walk are remembered.
async fn remembered(
    foresight: &Foresight<'_>,
    plan: &Plan,
    known: Option<&Known>,
) -> Result<HashMap<i64, u64>, DbErr> {
    let Some(known) = known else {
        return Ok(HashMap::new());
    };
    let pages = Page::per_parent(&foresight.ctx.db, known.row.id, &memory::print(plan)).await?;
    let pages = pages.into_iter();
    Ok(pages
        .map(|(parent, pages)| (parent, pages.unsigned_abs()))
        .collect())
}

/// How many rows are read at once.
const BATCH: u64 = 1_000;

async fn walks(
    foresight: &Foresight<'_>,
    (plan, for_each): (&Plan, &ForEach),
    known: Option<&Known>,
    pages: &HashMap<i64, u64>,
) -> Result<Walks, DbErr> {
    let mut walks = Walks::default();
    let mut after = -1;
    loop {
        let rows = record::live_after(&foresight.ctx.db, &for_each.table, after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(walks);
        };
        after = last.rowno;
        for row in rows {
            let parent = parent(for_each, row.rowno, &row.payload, "");
            if !parent.is_asked_for(plan) || !is_wanted(for_each, &row.payload) {
                continue;
            }
            let remembered = pages.get(&row.rowno).copied();
            if known.is_some_and(|known| skips((plan, for_each), known, &row, remembered.is_some()))
            {
                walks.skipped += 1;
                continue;
            }
            walks.parents += 1;
            match remembered {
                Some(pages) => walks.pages += pages,
                None => walks.others += 1,
            }
        }
    }
}

/// Whether the next run leaves the parent out, as it did not change.
fn skips(
    (plan, for_each): (&Plan, &ForEach),
    known: &Known,
    row: &Stored,
    is_remembered: bool,
) -> bool {
    let legacy = &known.legacy;
    // Only with its pages it is known which rows are its children, and not gone.
    let is_covered = plan.mode != Mode::Mirror || plan.cursor.is_some() || is_remembered;
    for_each.changed_only
        && !known.is_full
        && is_covered
        && !legacy.marks.failed.contains(&row.rowno)
        && legacy.parents.contains(row.rowno.cast_unsigned())
        && legacy
            .marks
            .parents
            .is_some_and(|version| row.version <= version)
}
