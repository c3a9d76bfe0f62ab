//! `catchment runs`: the newest runs, and what each did.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use entity::{
    nearest, resource,
    run::{self, Counts, Outcome, Trigger},
    source,
};
use sea_orm::DatabaseConnection;
use serde::Serialize;

use super::{Call, Form};
use crate::{
    cli::Target,
    exit::{Exit, Misuse},
    print::{self, Align, Table},
};

#[derive(Serialize)]
struct Document {
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Run {
    run: i64,
    source: String,
    resource: String,
    trigger: Trigger,
    /// None while it runs, or when its process died.
    outcome: Option<Outcome>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    resumed_from: Option<i64>,
    #[serde(flatten)]
    counts: Counts,
    error: Option<String>,
}

pub(super) async fn run(call: &Call, target: Option<&Target>, limit: u64) -> anyhow::Result<Exit> {
    let db = call.open_ready().await?;
    let runs = newest(&db, target, limit).await?;
    match call.form {
        Form::Json => print::json(&Document { runs })?,
        Form::Text if runs.is_empty() => print::text("no run yet\n")?,
        Form::Text => print::text(&text(&runs, call.clock.now()))?,
    }
    Ok(Exit::Done)
}

async fn newest(
    db: &DatabaseConnection,
    target: Option<&Target>,
    limit: u64,
) -> anyhow::Result<Vec<Run>> {
    let all = resource::Entity::all_with_source(db).await?;
    let asked = asked(&all, target)?;
    let mut runs = match target {
        None => run::Entity::latest(db, None, limit).await?,
        Some(_) => {
            let mut runs = Vec::new();
            for (resource, _) in &asked {
                runs.extend(run::Entity::latest(db, Some(resource.id), limit).await?);
            }
            runs
        }
    };
    runs.sort_by_key(|run| std::cmp::Reverse(run.id));
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    runs.into_iter()
        .map(|run| {
            let owner = asked
                .iter()
                .find(|(resource, _)| resource.id == run.resource_id);
            let (resource, source) =
                owner.ok_or_else(|| anyhow!("run {} is of no resource", run.id))?;
            Ok(Run::new(run, resource, source))
        })
        .collect()
}

pub(super) type Known = (resource::Model, source::Model);

/// The registered resources that `target` names; all of them without one.
pub(super) fn asked<'a>(
    all: &'a [Known],
    target: Option<&Target>,
) -> Result<Vec<&'a Known>, Misuse> {
    let Some(target) = target else {
        return Ok(all.iter().collect());
    };
    let is_asked = |(resource, source): &&Known| {
        source.name == target.source
            && target
                .resource
                .as_ref()
                .is_none_or(|name| *name == resource.name)
    };
    let found: Vec<_> = all.iter().filter(is_asked).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let names: Vec<String> = all
        .iter()
        .map(|(resource, source)| match target.resource {
            Some(_) => format!("{}.{}", source.name, resource.name),
            None => source.name.clone(),
        })
        .collect();
    let hint = match nearest(&target.to_string(), names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`catchment status` shows what is".to_owned(),
    };
    Err(Misuse(format!("`{target}` is not registered; {hint}")))
}

impl Run {
    fn new(run: run::Model, resource: &resource::Model, source: &source::Model) -> Self {
        Self {
            run: run.id,
            source: source.name.clone(),
            resource: resource.name.clone(),
            trigger: run.trigger,
            outcome: run.outcome,
            started_at: run.started_at,
            ended_at: run.ended_at,
            // Of one whose process died, the end is when that was found out.
            duration_ms: run
                .ended_at
                .filter(|_| !run.is_abandoned())
                .map(|end| (end - run.started_at).num_milliseconds()),
            resumed_from: run.resumed_from,
            counts: run.counts(),
            error: run.error,
        }
    }
}

fn outcome(run: &Run) -> String {
    let outcome = run.outcome.map_or("running", Outcome::as_str);
    match (run.trigger, run.resumed_from) {
        (Trigger::Replay, _) => format!("{outcome} (replay)"),
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
