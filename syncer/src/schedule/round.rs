//! A round: the runs of a source one after the other, unless another process makes them.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, Utc};
use entity::{
    resource::Entity as Resource,
    run::{Entity as Run, Trigger},
};
use sea_orm::DbErr;
use tracing::{error, info, warn};

use crate::{
    Ctx, How, Report, SyncError,
    source::plan::{Plan, Source},
    sync::sync,
    table,
};

/// How many resources of its source a round has left behind.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicUsize>);

impl Progress {
    /// Whether the resource at `index` is among them.
    pub(super) fn is_past(&self, index: usize) -> bool {
        self.0.load(Ordering::Relaxed) > index
    }

    fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// When the last run of each resource of a source ended.
type LastEnds = HashMap<String, Option<DateTime<Utc>>>;

/// The runs of a source, parents before their children; until when its upstream asked to wait. Its last round here ended
/// at `since`.
pub(super) async fn whole(
    ctx: &Ctx,
    source: &Arc<Source>,
    progress: &Progress,
    since: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let before = last_ends(ctx, source).await?;
    let mut deferred_until = None;
    for plan in &source.resources {
        let report = match is_made(ctx, (source, plan), since).await {
            true => None,
            false => run_resource(ctx, source, plan, &before).await,
        };
        deferred_until = deferred_until.max(report.and_then(|report| report.deferred_until));
        progress.step();
    }
    if ctx.stop.is_asked() {
        // What was not run stays due.
        return None;
    }
    if let Err(error) = announce(ctx, source, deferred_until).await {
        warn!(source = source.name, %error, "cannot tell when the next run is due");
    }
    deferred_until
}

/// The rest of a round that another process left: the run of the resource at `index`, in which it died, and then those
/// behind it, which it did not come to. Somebody who is quicker makes them all.
pub(super) async fn rest(ctx: &Ctx, source: &Arc<Source>, index: usize) -> Option<DateTime<Utc>> {
    let (first, behind) = source.resources[index..].split_first()?;
    let before = last_ends(ctx, source).await?;
    info!(
        source = source.name,
        resource = first.name,
        "a process left its lease to run out: going on with its run"
    );
    let report = run_resource(ctx, source, first, &before).await?;
    let mut deferred_until = report.deferred_until;
    // Runs that others made meanwhile may have come before parents that are there now.
    let before = last_ends(ctx, source).await?;
    for plan in behind {
        let report = run_resource(ctx, source, plan, &before).await;
        deferred_until = deferred_until.max(report.and_then(|report| report.deferred_until));
    }
    deferred_until
}

/// The runs of the resources at `indices`, parents before their children.
pub(super) async fn some(
    ctx: &Ctx,
    source: &Arc<Source>,
    indices: &[usize],
) -> Option<DateTime<Utc>> {
    let before = last_ends(ctx, source).await?;
    let mut deferred_until = None;
    for plan in indices.iter().filter_map(|at| source.resources.get(*at)) {
        let report = run_resource(ctx, source, plan, &before).await;
        deferred_until = deferred_until.max(report.and_then(|report| report.deferred_until));
    }
    deferred_until
}

/// What tells, later in the round, which runs another process has made since.
async fn last_ends(ctx: &Ctx, source: &Source) -> Option<LastEnds> {
    let all = match Resource::all_with_source(&ctx.db).await {
        Ok(all) => all,
        Err(error) => {
            error!(source = source.name, %error, "cannot see when the last runs ended");
            return None;
        }
    };
    let mine = all.into_iter().filter(|(_, of)| of.name == source.name);
    Some(mine.map(|(row, _)| (row.name, row.last_run_at)).collect())
}

/// Whether another process has made the run that this tick asks for: its tick came before. What began before the last round
/// here ended, at `since`, is of an earlier tick, however late it came.
async fn is_made(
    ctx: &Ctx,
    (source, plan): (&Source, &Plan),
    since: Option<DateTime<Utc>>,
) -> bool {
    let is_made = async {
        let row = table::row(ctx, source, plan).await?;
        let began = Run::last_scheduled(&ctx.db, row.id).await?;
        let around = source.schedule.around(ctx.clock.now());
        let is_of_this_tick = |began| {
            around.is_some_and(|around| around.contains(&began))
                && since.is_none_or(|since| began > since)
        };
        Ok::<bool, DbErr>(began.is_some_and(is_of_this_tick))
    };
    // What is wrong with the database the run tells.
    let is_made = is_made.await.unwrap_or(false);
    if is_made {
        info!(
            source = source.name,
            resource = plan.name,
            "the run of this tick is made: skipped"
        );
    }
    is_made
}

/// One run, if there is one to make and it is not time to stop.
async fn run_resource(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    before: &LastEnds,
) -> Option<Report> {
    if ctx.stop.is_asked() {
        return None;
    }
    let result = run_unless_made(ctx, source, plan, before).await;
    result.unwrap_or_else(|error| {
        let error = error.chain();
        error!(
            source = source.name,
            resource = plan.name,
            error,
            "run broke off"
        );
        None
    })
}

/// One run, if the operator wants it and no other process has made it since the tick.
///
/// Whether one did is told by another time at the last run, not by a later one: the clock of another host may be ahead,
/// and any clock may be set back.
async fn run_unless_made(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    before: &LastEnds,
) -> Result<Option<Report>, SyncError> {
    let row = table::row(ctx, source, plan).await?;
    if !row.enabled {
        return Ok(None);
    }
    if row.last_run_at != before.get(&plan.name).copied().flatten() {
        info!(
            source = source.name,
            resource = plan.name,
            "another process has made this run: skipped"
        );
        return Ok(None);
    }
    let report = sync(ctx, source, plan, Trigger::Schedule, How::default()).await?;
    if report.is_none() {
        info!(
            source = source.name,
            resource = plan.name,
            "another process is at it: skipped"
        );
    }
    Ok(report)
}

/// Tells readers when the next runs are due: a tick that came during the last ones was theirs.
async fn announce(
    ctx: &Ctx,
    source: &Source,
    deferred_until: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    match deferred_until.or_else(|| source.schedule.next(ctx.clock.now())) {
        Some(next) => Resource::due(&ctx.db, table::source(ctx, source).await?.id, next).await,
        None => Ok(()),
    }
}
