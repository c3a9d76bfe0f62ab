//! WHEN: turns schedules into ticks, and each tick into the runs of a source. What a run does is not known here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entity::{resource::Entity as Resource, run::Trigger};
use sea_orm::DbErr;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tracing::{error, info, warn};

use crate::{
    Ctx, How, SyncError,
    source::{
        plan::{Catalog, Plan, Source},
        schedule::Schedule,
    },
    sync::sync,
    table,
};

/// Runs every source of `catalog` on its schedule until it is time to stop, and then to the end of the pages in flight.
///
/// # Errors
/// The scheduler cannot be started.
pub(crate) async fn run(ctx: &Ctx, catalog: &Catalog) -> Result<(), JobSchedulerError> {
    let (tick, mut ticks) = mpsc::channel::<String>(16);
    let mut scheduler = JobScheduler::new().await?;
    let mut paces = JoinSet::new();
    for source in &catalog.sources {
        match &source.schedule {
            Schedule::Cron(expression) => {
                let job = job(expression, source.name.clone(), tick.clone())?;
                scheduler.add(job).await?;
            }
            Schedule::Every(pace) => {
                paces.spawn(every(*pace, source.name.clone(), tick.clone()));
            }
        }
    }
    scheduler.start().await?;
    for source in overdue(ctx, catalog).await {
        // A full queue means that ticks are waiting already.
        let queued = tick.try_send(source);
        drop(queued);
    }
    let mut at_work = HashMap::new();
    let mut runs: JoinSet<Ended> = JoinSet::new();
    loop {
        tokio::select! {
            () = ctx.stop.asked() => break,
            Some(name) = ticks.recv() => start(ctx, catalog, name, &mut at_work, &mut runs),
            Some(ended) = runs.join_next() => {
                if let Some((name, over)) = end(ctx, ended, &mut at_work) {
                    while paces.try_join_next().is_some() {}
                    paces.spawn(again(name, over, tick.clone()));
                }
            }
        }
    }
    scheduler.shutdown().await?;
    while runs.join_next().await.is_some() {}
    Ok(())
}

fn job(
    expression: &str,
    name: String,
    tick: mpsc::Sender<String>,
) -> Result<Job, JobSchedulerError> {
    let work = move |_, _| {
        let (name, tick) = (name.clone(), tick.clone());
        let told: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            // Ticks that nobody takes in time are one missed tick.
            let queued = tick.try_send(name);
            drop(queued);
        });
        told
    };
    Job::new_async(expression, work)
}

/// Ticks at a fixed pace. Many missed ticks are one.
///
/// The scheduler's own repeated jobs are not used: they count whole seconds, and one that misses a whole pace,
/// as while the machine sleeps, never ticks again (tokio-cron-scheduler 0.15, `scheduler.rs`: `last_to_next`).
async fn every(pace: Duration, name: String, tick: mpsc::Sender<String>) {
    let mut ticks = interval_at(Instant::now() + pace, pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Ticks that nobody takes in time are one missed tick.
        let queued = tick.try_send(name.clone());
        drop(queued);
    }
}

/// The sources of which a run is due already: never run, or missed while no syncer was there. Many missed ticks are one.
async fn overdue(ctx: &Ctx, catalog: &Catalog) -> Vec<String> {
    let now = ctx.clock.now();
    let resources = match Resource::all_with_source(&ctx.db).await {
        Ok(resources) => resources,
        Err(error) => {
            error!(%error, "cannot see which runs are due");
            return Vec::new();
        }
    };
    let due = |source: &&Arc<Source>| {
        let mine = resources.iter().filter(|(_, of)| of.name == source.name);
        mine.into_iter()
            .any(|(resource, _)| resource.next_run_at.is_none_or(|next| next <= now))
    };
    catalog
        .sources
        .iter()
        .filter(due)
        .map(|source| source.name.clone())
        .collect()
}

/// The runs of a source, ended: its name, and until when its upstream asked to wait.
type Ended = (String, Option<DateTime<Utc>>);

/// Why the runs of a source cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Busy {
    UnderWay,
    /// `over` is the same time as `until`, and stays where it is when the clock is set.
    Deferred {
        until: DateTime<Utc>,
        over: Instant,
    },
}

/// Starts the runs of a source, unless its last ones are still under way or its upstream asked to wait.
fn start(
    ctx: &Ctx,
    catalog: &Catalog,
    name: String,
    at_work: &mut HashMap<String, Busy>,
    runs: &mut JoinSet<Ended>,
) {
    let Some(source) = catalog.source(&name).cloned() else {
        return;
    };
    match at_work.get(&name) {
        Some(Busy::UnderWay) => {
            info!(
                source = name,
                "a run is due while the last one is still under way: skipped"
            );
            return;
        }
        Some(Busy::Deferred { until, over }) if *over > Instant::now() => {
            info!(source = name, %until, "a run is due while the upstream asks to wait: skipped");
            return;
        }
        _ => {}
    }
    at_work.insert(name.clone(), Busy::UnderWay);
    let ctx = ctx.clone();
    runs.spawn(async move {
        let deferred_until = run_source(&ctx, &source).await;
        (name, deferred_until)
    });
}

/// Takes in that runs ended; the source whose upstream asked to wait, and until when.
fn end(
    ctx: &Ctx,
    ended: Result<Ended, tokio::task::JoinError>,
    at_work: &mut HashMap<String, Busy>,
) -> Option<(String, Instant)> {
    match ended {
        Ok((name, None)) => {
            at_work.remove(&name);
            None
        }
        Ok((name, Some(until))) => {
            let wait = (until - ctx.clock.now()).to_std().unwrap_or_default();
            let over = Instant::now() + wait;
            at_work.insert(name.clone(), Busy::Deferred { until, over });
            Some((name, over))
        }
        Err(panic) => {
            // The name went with the task: let every source start again, the leases keep them apart.
            error!(%panic, "a run broke off");
            at_work.clear();
            None
        }
    }
}

/// Ticks once when the upstream may be asked again.
#[expect(
    clippy::disallowed_methods,
    reason = "an upstream asked to wait until then"
)]
async fn again(name: String, over: Instant, tick: mpsc::Sender<String>) {
    tokio::time::sleep_until(over).await;
    let queued = tick.try_send(name);
    drop(queued);
}

/// When the last run of each resource of a source ended.
type LastEnds = HashMap<String, Option<DateTime<Utc>>>;

/// The runs of a source, parents before their children.
async fn run_source(ctx: &Ctx, source: &Arc<Source>) -> Option<DateTime<Utc>> {
    let before = match last_ends(ctx, source).await {
        Ok(before) => before,
        Err(error) => {
            error!(source = source.name, %error, "cannot see when the last runs ended");
            return None;
        }
    };
    let mut deferred_until = None;
    for plan in &source.resources {
        if ctx.stop.is_asked() {
            return None;
        }
        match run_resource(ctx, source, plan, &before).await {
            Ok(until) => deferred_until = deferred_until.max(until),
            Err(error) => {
                let error = error.chain();
                error!(
                    source = source.name,
                    resource = plan.name,
                    error,
                    "run broke off"
                );
            }
        }
    }
    if let Err(error) = announce(ctx, source, deferred_until).await {
        warn!(source = source.name, %error, "cannot tell when the next run is due");
    }
    deferred_until
}

/// What tells, later in the round, which runs another process has made since.
async fn last_ends(ctx: &Ctx, source: &Source) -> Result<LastEnds, DbErr> {
    let all = Resource::all_with_source(&ctx.db).await?;
    let mine = all.into_iter().filter(|(_, of)| of.name == source.name);
    Ok(mine.map(|(row, _)| (row.name, row.last_run_at)).collect())
}

/// One run, if the operator wants it and no other process has made it since the tick.
///
/// Whether one did is told by another time at the last run, not by a later one: the clock of another host may be ahead,
/// and any clock may be set back.
async fn run_resource(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    before: &LastEnds,
) -> Result<Option<DateTime<Utc>>, SyncError> {
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
    Ok(report.and_then(|report| report.deferred_until))
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
