//! WHEN: turns schedules into ticks, each tick into the runs of a source, and goes on with what other processes left. What
//! a run does is not known here.

/// Leases that ran out.
mod abandoned;
/// The runs of a source.
mod round;
/// Schedules to ticks.
mod tick;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
    time::Instant,
};
use tokio_cron_scheduler::{JobScheduler, JobSchedulerError};
use tracing::{error, info};

use self::{abandoned::Abandoned, round::Progress};
use crate::{
    Ctx,
    control::{self, Started},
    source::{plan::Catalog, schedule::Schedule},
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
                let job = tick::cron(expression, source.name.clone(), tick.clone())?;
                scheduler.add(job).await?;
            }
            Schedule::Every(pace) => {
                paces.spawn(tick::every(*pace, source.name.clone(), tick.clone()));
            }
            Schedule::Never => {}
        }
    }
    scheduler.start().await?;
    let (start, mut started) = mpsc::channel(16);
    let watch = control::arrive(ctx.clone(), catalog.sources.clone(), start).await;
    let overdue = tick::overdue(ctx, catalog).await;
    paces.spawn(tick::each(overdue, tick.clone()));
    // Behind that: what it starts again would be run twice, if it were overdue as well.
    let obeying = tokio::spawn(watch.obey());
    let (found, mut abandoned) = mpsc::channel(16);
    paces.spawn(abandoned::watch(ctx.clone(), found));
    let mut rounds = Rounds::new(ctx, catalog);
    loop {
        tokio::select! {
            () = ctx.stop.asked() => break,
            Some(name) = ticks.recv() => rounds.start(name),
            Some(abandoned) = abandoned.recv() => rounds.go_on(abandoned),
            Some(started) = started.recv() => rounds.again(started),
            Some(ended) = rounds.under_way.join_next() => {
                if let Some((name, over)) = rounds.end(ended) {
                    while paces.try_join_next().is_some() {}
                    paces.spawn(tick::again(name, over, tick.clone()));
                }
            }
        }
    }
    scheduler.shutdown().await?;
    while rounds.under_way.join_next().await.is_some() {}
    if let Err(panic) = obeying.await {
        error!(%panic, "obeying broke off");
    }
    Ok(())
}

/// The rounds that are under way.
struct Rounds<'a> {
    ctx: &'a Ctx,
    catalog: &'a Catalog,
    busy: HashMap<String, Busy>,
    /// When the last round of each source here ended.
    ended: HashMap<String, DateTime<Utc>>,
    under_way: JoinSet<Ended>,
}

/// Why a round of a source cannot start.
enum Busy {
    UnderWay(Progress),
    /// `over` is the same time as `until`, and stays where it is when the clock is set.
    Deferred {
        until: DateTime<Utc>,
        over: Instant,
    },
}

/// A round that ended, and until when the upstream asked to wait.
struct Ended {
    source: String,
    part: Part,
    deferred_until: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The whole round of a tick.
    Whole,
    /// What was left of another process's.
    Rest,
}

impl<'a> Rounds<'a> {
    fn new(ctx: &'a Ctx, catalog: &'a Catalog) -> Self {
        Self {
            ctx,
            catalog,
            busy: HashMap::new(),
            ended: HashMap::new(),
            under_way: JoinSet::new(),
        }
    }

    /// Starts a round of a source, unless its last one is still under way or its upstream asked to wait.
    fn start(&mut self, name: String) {
        let Some(source) = self.catalog.source(&name).cloned() else {
            return;
        };
        match self.busy.get(&name) {
            Some(Busy::UnderWay(_)) => {
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
        let progress = Progress::default();
        let under_way = Busy::UnderWay(progress.clone());
        self.busy.insert(name.clone(), under_way);
        let ctx = self.ctx.clone();
        let since = self.ended.get(&name).copied();
        self.under_way.spawn(async move {
            Ended {
                deferred_until: round::whole(&ctx, &source, &progress, since).await,
                source: name,
                part: Part::Whole,
            }
        });
    }

    /// Goes on with a round that another process left, unless one of the same source here has yet to come to that
    /// resource, or its upstream asked to wait.
    fn go_on(&mut self, abandoned: Abandoned) {
        let Some(source) = self.catalog.source(&abandoned.source).cloned() else {
            return;
        };
        let mut plans = source.resources.iter();
        let Some(at) = plans.position(|plan| plan.name == abandoned.resource) else {
            return;
        };
        match self.busy.get(&source.name) {
            // Parents before their children: it takes the lease in its turn.
            Some(Busy::UnderWay(progress)) if !progress.is_past(at) => return,
            Some(Busy::Deferred { over, .. }) if *over > Instant::now() => return,
            _ => {}
        }
        let ctx = self.ctx.clone();
        self.under_way.spawn(async move {
            Ended {
                deferred_until: round::rest(&ctx, &source, at).await,
                source: abandoned.source,
                part: Part::Rest,
            }
        });
    }

    /// Makes the runs that resources missed while they were stopped, unless a round of their source has yet to come to
    /// them, or its upstream asked to wait.
    fn again(&mut self, started: Started) {
        let Some(source) = self.catalog.source(&started.source).cloned() else {
            return;
        };
        let mut plans: Vec<usize> = (started.resources.iter())
            .filter_map(|name| source.resources.iter().position(|plan| plan.name == *name))
            .collect();
        plans.sort_unstable();
        match self.busy.get(&source.name) {
            Some(Busy::UnderWay(progress)) => plans.retain(|at| progress.is_past(*at)),
            Some(Busy::Deferred { over, .. }) if *over > Instant::now() => return,
            _ => {}
        }
        let ctx = self.ctx.clone();
        self.under_way.spawn(async move {
            Ended {
                deferred_until: round::some(&ctx, &source, &plans).await,
                source: started.source,
                part: Part::Rest,
            }
        });
    }

    /// Takes in that a round ended; the source whose upstream asked to wait, and until when.
    fn end(&mut self, ended: Result<Ended, JoinError>) -> Option<(String, Instant)> {
        let ended = match ended {
            Ok(ended) => ended,
            Err(panic) => {
                // The name went with the task: let every source start again, the leases keep them apart.
                error!(%panic, "a run broke off");
                self.busy.clear();
                return None;
            }
        };
        let Ended {
            source,
            part,
            deferred_until,
        } = ended;
        self.ended.insert(source.clone(), self.ctx.clock.now());
        if part == Part::Whole {
            self.busy.remove(&source);
        }
        let until = deferred_until?;
        let wait = (until - self.ctx.clock.now()).to_std().unwrap_or_default();
        let over = Instant::now() + wait;
        if !matches!(self.busy.get(&source), Some(Busy::UnderWay(_))) {
            let deferred = Busy::Deferred { until, over };
            self.busy.insert(source.clone(), deferred);
        }
        Some((source, over))
    }
}
