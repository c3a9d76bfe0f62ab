//! What the next runs of a source will need: requests and time, from what the last ones needed.
//!
//! What cannot be known is said to be unknown. Writes nothing, and asks the upstream only for what the database
//! does not know.

/// Resources that are read as a whole, or by what changed.
mod reading;
/// How long requests take.
mod time;
/// Children, by the parents that are live now.
mod walks;

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use entity::{
    cursor::Entity as Cursor,
    resource,
    run::{self, Entity as RunLog, Outcome},
};
use sea_orm::{DbErr, EntityTrait};
use serde::Serialize;

use self::time::Pace;
use crate::{
    Ctx,
    position::Legacy,
    run::is_due,
    run_log,
    source::plan::{Plan, Source},
    state,
};

/// What the next runs of a source need.
#[derive(Clone, Debug, Serialize)]
pub struct Forecast {
    pub source: String,
    /// As written in the definition: a cron expression in UTC, or a pace.
    pub schedule: String,
    /// When the next tick is due, did the schedule begin now.
    pub next_tick: Option<DateTime<Utc>>,
    /// From that tick to the one after it.
    pub interval_ms: Option<u64>,
    /// Requests that `limits.rate` allows, and in which time.
    pub rate: Option<Rate>,
    pub concurrency: Option<usize>,
    #[serde(flatten)]
    pub need: Need,
    /// Whether the runs end before the next tick; `None`: it cannot be said.
    pub fits: Option<bool>,
    pub resources: Vec<OfResource>,
}

/// So many requests in such a time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    pub requests: u32,
    pub per_ms: u64,
}

/// What the next run of a resource needs.
#[derive(Clone, Debug, Serialize)]
pub struct OfResource {
    pub resource: String,
    #[serde(flatten)]
    pub need: Need,
    /// What it rests on.
    pub why: String,
    /// What is not known.
    pub unknown: Vec<String>,
}

/// Requests and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Need {
    pub requests: u64,
    /// There may be more requests.
    pub requests_at_least: bool,
    /// There may be fewer.
    pub requests_at_most: bool,
    /// `None`: nothing is known of it.
    pub time_ms: Option<u64>,
    /// It may take longer.
    pub time_at_least: bool,
    /// It may take less.
    pub time_at_most: bool,
}

/// Requests, with what is known of them.
#[derive(Clone, Debug, Default)]
struct Asked {
    requests: u64,
    at_least: bool,
    at_most: bool,
    why: String,
    unknown: Vec<String>,
    pace: Pace,
    /// Rows that a run leaves, as far as they are known: its children are fetched for each.
    rows: Option<u64>,
}

/// What is found out about a source.
struct Foresight<'a> {
    ctx: &'a Ctx,
    source: &'a Source,
    /// By resource.
    asked: HashMap<String, Asked>,
}

/// What is known of a resource.
struct Known {
    row: resource::Model,
    legacy: Legacy,
    /// The newest complete runs, the newest first.
    runs: Vec<run::Model>,
    /// Whether the next run reads everything.
    is_full: bool,
    /// The page count of a run that the next one goes on from.
    begun: Option<u64>,
}

/// Forecasts the next runs of `plans`, all of them resources of `source`, parents before children.
///
/// # Errors
/// The database does not answer.
pub async fn forecast<'a>(
    ctx: &Ctx,
    source: &Source,
    plans: impl Iterator<Item = &'a Plan>,
) -> Result<Forecast, DbErr> {
    let mut foresight = Foresight {
        ctx,
        source,
        asked: HashMap::new(),
    };
    let mut resources = Vec::new();
    for plan in plans {
        resources.push(foresight.of_resource(plan).await?);
    }
    let now = ctx.clock.now();
    let next_tick = source.schedule.next(now);
    let after = next_tick.and_then(|next| source.schedule.next(next));
    let interval = next_tick.zip(after);
    let interval = interval.and_then(|(next, after)| (after - next).to_std().ok());
    let need = time::together(&source.limits, resources.iter().map(|one| one.need));
    Ok(Forecast {
        source: source.name.clone(),
        schedule: source.schedule.to_string(),
        next_tick,
        interval_ms: interval.map(millis),
        rate: source.limits.rate.map(|rate| Rate {
            requests: rate.requests,
            per_ms: millis(rate.per),
        }),
        concurrency: source.limits.concurrency,
        need,
        fits: interval.and_then(|interval| need.fits(millis(interval))),
        resources,
    })
}

impl Need {
    /// Whether it is met in `interval` milliseconds.
    fn fits(self, interval: u64) -> Option<bool> {
        match self.time_ms? {
            time if time > interval => (!self.time_at_most).then_some(false),
            _ if self.time_at_least => None,
            _ => Some(true),
        }
    }
}

impl Foresight<'_> {
    async fn of_resource(&mut self, plan: &Plan) -> Result<OfResource, DbErr> {
        let known = known(self.ctx, self.source, plan).await?;
        if known.as_ref().is_some_and(|known| !known.row.enabled) {
            return Ok(OfResource {
                resource: plan.name.clone(),
                need: Need {
                    time_ms: Some(0),
                    ..Need::default()
                },
                why: "disabled: the schedule does not run it".to_owned(),
                unknown: Vec::new(),
            });
        }
        let mut asked = self.asked(plan).await?;
        if let Some(pages) = known.and_then(|known| known.begun) {
            asked.at_most = true;
            asked.unknown.push(format!(
                "how much of it an unfinished run has done: it has {pages} pages, and the next run goes on there if it begins soon"
            ));
        }
        Ok(OfResource {
            resource: plan.name.clone(),
            need: asked.pace.need(self.source, &asked),
            why: asked.why,
            unknown: asked.unknown,
        })
    }

    /// What the next run of `plan` asks for, found out once.
    async fn asked(&mut self, plan: &Plan) -> Result<Asked, DbErr> {
        if let Some(asked) = self.asked.get(&plan.name) {
            return Ok(asked.clone());
        }
        let known = known(self.ctx, self.source, plan).await?;
        let known = known.as_ref();
        let asked = match &plan.for_each {
            Some(for_each) => Box::pin(walks::of_children(self, (plan, for_each), known)).await?,
            None => reading::of_one(self.ctx, self.source, plan, known).await,
        };
        self.asked.insert(plan.name.clone(), asked.clone());
        Ok(asked)
    }
}

/// How many of the newest runs are looked at.
const RUNS: u64 = 100;

/// What is known of a resource; `None`: it is not registered.
async fn known(ctx: &Ctx, source: &Source, plan: &Plan) -> Result<Option<Known>, DbErr> {
    let Some(row) = state::registered(ctx, source, plan).await? else {
        return Ok(None);
    };
    let cursor = Cursor::find_by_id(row.id).one(&ctx.db).await?;
    let legacy = cursor
        .as_ref()
        .map(|cursor| Legacy::of(cursor, &plan.fingerprint));
    let legacy = legacy.unwrap_or_default();
    let mut runs = RunLog::latest(&ctx.db, Some(row.id), RUNS).await?;
    runs.retain(|run| run.outcome == Some(Outcome::Complete));
    let now = ctx.clock.now();
    let begun = cursor.and_then(|cursor| run_log::left(plan, &cursor, now));
    Ok(Some(Known {
        is_full: !run_log::is_partial(plan) || is_due(plan, &legacy, now),
        begun: begun.map(|left| left.counts.pages.unsigned_abs()),
        row,
        legacy,
        runs,
    }))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
