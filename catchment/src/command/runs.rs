//! `catchment runs`: the newest runs, and what each did.

use chrono::{DateTime, Utc};
use entity::run::{ABANDONED, Counts, Mode, Outcome, Trigger};
use serde::{Deserialize, Serialize};

use super::{Call, Form, status};
use crate::{
    cli::{At, Target},
    control::Control,
    exit::Exit,
    print::{self, Align, Table},
};

/// Most runs that are asked for at once.
const PAGE: u64 = 500;

#[derive(Serialize)]
struct Document {
    runs: Vec<Run>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Run {
    #[serde(rename(deserialize = "id"))]
    pub(super) run: i64,
    pub(super) source: String,
    pub(super) resource: String,
    trigger: Trigger,
    mode: Mode,
    /// None while it runs, or when its process died.
    pub(super) outcome: Option<Outcome>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    /// Of one whose process died nobody knows it.
    #[serde(skip_deserializing)]
    pub(super) duration_ms: Option<i64>,
    resumed_from: Option<i64>,
    #[serde(flatten)]
    pub(super) counts: Counts,
    pub(super) error: Option<String>,
}

pub(super) async fn run(
    call: &Call,
    at: &At,
    target: Option<&Target>,
    limit: u64,
) -> anyhow::Result<Exit> {
    let control = call.control(at).await?;
    if target.is_some() {
        // A name that is none is told with the nearest.
        status::resources(&control, target).await?;
    }
    let runs = newest(&control, target, limit).await?;
    match call.form {
        Form::Json => print::json(&Document { runs })?,
        Form::Text if runs.is_empty() => print::text("no run yet\n")?,
        Form::Text => print::text(&text(&runs, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

/// The newest runs first, page by page behind the last one that is known.
async fn newest(
    control: &Control,
    target: Option<&Target>,
    limit: u64,
) -> anyhow::Result<Vec<Run>> {
    let mut only = String::new();
    if let Some(Target { source, resource }) = target {
        only = format!("&source={source}");
        if let Some(resource) = resource {
            only.push_str(&format!("&resource={resource}"));
        }
    }
    let mut runs: Vec<Run> = Vec::new();
    loop {
        let some = (limit - runs.len() as u64).min(PAGE);
        let before = runs
            .last()
            .map_or_else(String::new, |run| format!("&id__lt={}", run.run));
        let path = format!("/runs?sort=-id&limit={some}{only}{before}");
        let mut page: Vec<Run> = control.get(&path).await?;
        page.iter_mut().for_each(Run::measure);
        // An api may give fewer at once than are asked for.
        let is_last = page.is_empty();
        runs.extend(page);
        if is_last || runs.len() as u64 >= limit {
            return Ok(runs);
        }
    }
}

impl Run {
    /// Finds out how long it took.
    pub(super) fn measure(&mut self) {
        let is_abandoned = self.error.as_deref() == Some(ABANDONED);
        // Then its end is when that was found out.
        let ended = self.ended_at.filter(|_| !is_abandoned);
        self.duration_ms = ended.map(|end| (end - self.started_at).num_milliseconds());
    }
}

fn outcome(run: &Run) -> String {
    let outcome = run.outcome.map_or("running", Outcome::as_str);
    match (run.trigger, run.resumed_from) {
        (Trigger::Replay, _) => format!("{outcome} (replay)"),
        (_, None) if run.mode != Mode::Incremental => format!("{outcome} ({})", run.mode.as_str()),
        (_, Some(before)) => format!("{outcome} (went on from {before})"),
        (_, None) => outcome.to_owned(),
    }
}

fn text(runs: &[Run], now: DateTime<Utc>) -> String {
    let mut table = Table::new(&[
        ("run", Align::Right),
        ("resource", Align::Left),
        ("outcome", Align::Left),
        ("started", Align::Left),
        ("took", Align::Right),
        ("fetched", Align::Right),
        ("inserted", Align::Right),
        ("updated", Align::Right),
        ("deleted", Align::Right),
        ("rejected", Align::Right),
    ]);
    for run in runs {
        table.row([
            run.run.to_string(),
            format!("{}.{}", run.source, run.resource),
            outcome(run),
            print::ago(run.started_at, now),
            run.duration_ms.map_or_else(|| "-".to_owned(), print::took),
            print::count(run.counts.fetched),
            print::count(run.counts.inserted),
            print::count(run.counts.updated),
            print::count(run.counts.deleted),
            print::count(run.counts.rejected),
        ]);
    }
    let mut text = table.render();
    for run in runs {
        if let Some(error) = &run.error {
            text.push_str(&format!("\nrun {}: {error}\n", run.run));
        }
    }
    text
}
