//! `catchment sync`: runs in the foreground; the exit code tells the worst outcome.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use entity::run::{Counts, Mode, Outcome, Trigger};
use serde::Serialize;
use syncer::{
    Ctx, How, Report, SyncError, Wait,
    source::plan::{Plan, Source},
};

use super::{Call, Form};
use crate::{cli::Target, definitions, exit::Exit, print, progress::Progress, signals};

#[derive(Default, Serialize)]
struct Document {
    runs: Vec<Run>,
    /// Resources that another process is at work on.
    skipped: Vec<String>,
    /// Resources that had not begun when it was stopped.
    not_run: Vec<String>,
}

/// With the names that `runs` gives.
#[derive(Serialize)]
struct Run {
    run: i64,
    source: String,
    resource: String,
    mode: Mode,
    outcome: Outcome,
    duration_ms: i64,
    #[serde(flatten)]
    counts: Counts,
    error: Option<String>,
    /// When the upstream may be asked again, if it asked to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    deferred_until: Option<DateTime<Utc>>,
}

impl From<Report> for Run {
    fn from(report: Report) -> Self {
        let Report {
            run,
            source,
            resource,
            mode,
            outcome,
            counts,
            error,
            deferred_until,
            duration_ms,
        } = report;
        Self {
            run,
            source,
            resource,
            mode,
            outcome,
            duration_ms,
            counts,
            error,
            deferred_until,
        }
    }
}

pub(super) async fn run(call: &Call, target: &Target, how: How) -> anyhow::Result<Exit> {
    let catalog = call.catalog()?;
    let source = definitions::source(&catalog, &target.source)?;
    let plans = match &target.resource {
        Some(name) => vec![definitions::resource(source, name)?],
        None => source.resources.iter().collect(),
    };
    let ctx = call.ctx(call.open_ready().await?, signals::listen()?)?;
    let mut done = Document::default();
    for plan in plans {
        let name = format!("{}.{}", source.name, plan.name);
        let ended = one(&ctx, source, plan, how).await;
        let ended = ended.map_err(|error| anyhow!("{name}: {}", error.chain()))?;
        if call.form == Form::Text {
            print::text(&text(&name, &ended))?;
        }
        match ended {
            Ended::Run(report) => done.runs.push(Run::from(*report)),
            Ended::Skipped => done.skipped.push(name),
            Ended::Stopped => done.not_run.push(name),
        }
    }
    let exit = worst(&done);
    if call.form == Form::Json {
        print::json(&done)?;
    }
    Ok(exit)
}

/// What became of a resource.
enum Ended {
    Run(Box<Report>),
    /// Another process is at work on it.
    Skipped,
    /// It was time to stop before it began.
    Stopped,
}

async fn one(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    how: How,
) -> Result<Ended, SyncError> {
    if ctx.stop.is_asked() {
        return Ok(Ended::Stopped);
    }
    let name = format!("{}.{}", source.name, plan.name);
    let bar = std::io::stderr()
        .is_terminal()
        .then(|| Progress::new(&name));
    let mut ctx = ctx.clone();
    let noted = bar.clone();
    ctx.on_wait = Arc::new(move |wait| {
        let line = waiting(&name, wait);
        match &noted {
            Some(bar) => bar.note(&line),
            None => print::note(&line),
        }
    });
    if let Some(bar) = bar.clone() {
        ctx.progress = Arc::new(move |_, counts, pages| bar.show(counts, pages));
    }
    let report = syncer::sync(&ctx, source, plan, Trigger::Manual, how).await;
    if let Some(bar) = bar {
        bar.clear();
    }
    Ok(match report? {
        Some(report) => Ended::Run(Box::new(report)),
        None if ctx.stop.is_asked() => Ended::Stopped,
        None => Ended::Skipped,
    })
}

fn waiting(name: &str, wait: Wait) -> String {
    let took = |time: Duration| print::took(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    match wait {
        Wait::Lease(most) => format!(
            "{name}: waiting for another process to finish or its lease to end (at most {})",
            took(most)
        ),
        Wait::Upstream(wait) => format!("{name}: the upstream asks to wait {}", took(wait)),
    }
}

fn worst(done: &Document) -> Exit {
    let outcomes = done.runs.iter().map(|run| Exit::from(run.outcome));
    let skipped = done.skipped.iter().map(|_| Exit::Failed);
    let not_run = done.not_run.iter().map(|_| Exit::Partial);
    let all = outcomes.chain(skipped).chain(not_run);
    all.max().unwrap_or(Exit::Done)
}

fn text(name: &str, ended: &Ended) -> String {
    let report = match ended {
        Ended::Run(report) => report,
        Ended::Skipped => return format!("{name}: skipped, another process is at work on it\n"),
        Ended::Stopped => return format!("{name}: not run, it was stopped before\n"),
    };
    told(
        name,
        &Told {
            outcome: report.outcome,
            duration_ms: report.duration_ms,
            counts: &report.counts,
            error: report.error.as_deref(),
        },
    )
}

/// What is told of a run that has ended.
pub(super) struct Told<'a> {
    pub(super) outcome: Outcome,
    pub(super) duration_ms: i64,
    pub(super) counts: &'a Counts,
    pub(super) error: Option<&'a str>,
}

pub(super) fn told(name: &str, run: &Told<'_>) -> String {
    let counts = run.counts;
    let parts = [
        (counts.fetched, "fetched"),
        (counts.inserted, "inserted"),
        (counts.updated, "updated"),
        (counts.unchanged, "unchanged"),
        (counts.deleted, "deleted"),
        (counts.rejected, "rejected"),
        (counts.bad_values, "bad values"),
    ];
    // What did not happen is not told, except that nothing came.
    let told = parts
        .iter()
        .enumerate()
        .filter(|(place, (count, _))| *place == 0 || *count > 0);
    let told = told.map(|(_, (count, what))| match (*count, *what) {
        (1, "bad values") => "1 bad value".to_owned(),
        (count, what) => format!("{} {what}", print::count(count)),
    });
    let mut text = format!(
        "{name}: {} in {}: {}\n",
        run.outcome.as_str(),
        print::took(run.duration_ms),
        told.collect::<Vec<_>>().join(", "),
    );
    if let Some(error) = run.error {
        text.push_str(&format!("  {error}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use entity::run::{Counts, Mode, Outcome};
    use syncer::Report;

    use super::{Ended, text};

    #[test]
    fn only_what_happened_is_told() {
        let check = |counts, expected| {
            let report = Report {
                run: 1,
                source: "shop".to_owned(),
                resource: "items".to_owned(),
                mode: Mode::Incremental,
                outcome: Outcome::Complete,
                counts,
                error: None,
                deferred_until: None,
                duration_ms: 7,
            };
            assert_eq!(text("shop.items", &Ended::Run(Box::new(report))), expected);
        };
        check(
            Counts::default(),
            "shop.items: complete in 7 ms: 0 fetched\n",
        );
        let counts = Counts {
            fetched: 1_200,
            inserted: 1_199,
            rejected: 1,
            bad_values: 2,
            ..Counts::default()
        };
        check(
            counts,
            "shop.items: complete in 7 ms: 1,200 fetched, 1,199 inserted, 1 rejected, 2 bad values\n",
        );
        let counts = Counts {
            fetched: 1,
            bad_values: 1,
            ..Counts::default()
        };
        check(
            counts,
            "shop.items: complete in 7 ms: 1 fetched, 1 bad value\n",
        );
    }
}
