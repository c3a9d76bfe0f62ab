//! The hand on a run under way: beside it, about once a second, what it did is told to whoever watches, and whoever wants
//! it to end is heard. The run itself knows only that it is time to stop.

use std::sync::{Arc, OnceLock};

use entity::{
    command::{Answer, Came, Entity as Command, Kind, Taken},
    dialect, progress,
    resource::Entity as Resource,
    run::{Counts, Outcome},
    source::{Budget, Entity as Source},
};
use sea_orm::DbErr;
use tokio::{sync::oneshot, task::JoinHandle, time::Instant};
use tracing::{debug, info, warn};

use super::{
    fate::{self, Fate},
    moved::{Moved, Pace, seconds_left},
};
use crate::{
    Ctx, SyncError,
    fetch::Session,
    lease::Keeper,
    run::Run,
    source::plan::{self, Plan},
    stop::Stopper,
};

/// After so many looks the source's budget is told again.
const BUDGET_EVERY: u32 = 3;

/// The hand on a run. One that is dropped, as when its run breaks off, answers nothing: whoever goes on with the run does.
#[derive(Debug)]
pub(crate) struct Hand {
    over: oneshot::Sender<()>,
    beside: JoinHandle<Vec<Taken>>,
    why: Arc<OnceLock<String>>,
}

/// What is under way.
pub(crate) struct Under {
    pub run: i64,
    pub resource_id: i32,
    pub source_id: i32,
    /// Whether it ends when its resource is stopped: what began while it was stopped does not.
    pub heeds_stop: bool,
    /// Whether the total that the upstream states is that of all that comes.
    pub knows_end: bool,
    pub session: Option<Arc<Session>>,
}

impl Under {
    /// A run that asks its upstream.
    pub(crate) fn of(ctx: &Ctx, source: &plan::Source, plan: &Plan, run: &Run) -> Self {
        let windowed = plan
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.window.is_some());
        Self {
            run: run.id,
            resource_id: run.resource.id,
            source_id: run.resource.source_id,
            heeds_stop: run.resource.enabled,
            knows_end: plan.for_each.is_none() && !windowed,
            session: ctx.session(source).ok(),
        }
    }
}

impl Hand {
    /// Lays the hand on what is under way, and returns what it works with from now on.
    pub(crate) fn on(ctx: &Ctx, under: Under) -> (Ctx, Self) {
        let (stopper, stop) = ctx.stop.part();
        let (moved, why) = (Moved::default(), Arc::new(OnceLock::new()));
        let (told, watched) = (moved.clone(), Arc::clone(&ctx.progress));
        let mut steered = ctx.clone();
        steered.stop = stop;
        steered.progress = Arc::new(move |resource, counts, pages| {
            told.to(counts, pages);
            watched(resource, counts, pages);
        });
        let beside = Beside {
            ctx: ctx.clone(),
            under,
            moved,
            stopper,
            why: Arc::clone(&why),
            cancels: Vec::new(),
        };
        let (over, ended) = oneshot::channel();
        let beside = tokio::spawn(beside.watch(ended));
        (steered, Self { over, beside, why })
    }

    /// Who ended a run that was told to stop, if it was this hand.
    pub(crate) fn told<T>(&self, result: Result<T, SyncError>) -> Result<T, SyncError> {
        result.map_err(|error| match (&error, self.why.get()) {
            (SyncError::Stopped, Some(why)) => SyncError::Steered { why: why.clone() },
            _ => error,
        })
    }

    /// Who wanted it to end, if anybody did.
    pub(crate) fn why(&self) -> Option<&str> {
        self.why.get().map(String::as_str)
    }

    /// Takes the hand off what ended so, and answers whoever wanted it to end.
    ///
    /// # Errors
    /// The database does not answer.
    pub(crate) async fn off(
        self,
        ctx: &Ctx,
        run: i64,
        (outcome, error): (Outcome, Option<&str>),
    ) -> Result<(), DbErr> {
        drop(self.over);
        let cancels = self.beside.await.unwrap_or_default();
        let was_ended = self.why.get().is_some_and(|why| error == Some(why));
        let answer = if was_ended {
            Answer {
                outcome: Came::Cancelled,
                run: Some(run),
                error: None,
            }
        } else {
            ended(run, outcome)
        };
        for cancel in cancels {
            answered(ctx, &cancel, Kind::Cancel, &answer).await?;
        }
        Ok(())
    }
}

/// The answer to whoever wants a run to end that has ended by itself.
pub(super) fn ended(run: i64, outcome: Outcome) -> Answer {
    Answer {
        outcome: Came::Ended,
        run: Some(run),
        error: Some(format!("the run had ended: {}", outcome.as_str())),
    }
}

/// Answers a command, unless it is another process's by now.
///
/// # Errors
/// The database does not answer.
pub(super) async fn answered(
    ctx: &Ctx,
    taken: &Taken,
    kind: Kind,
    answer: &Answer,
) -> Result<(), DbErr> {
    if !Command::done(&ctx.db, taken, answer, ctx.clock.now()).await? {
        warn!(
            command = taken.id,
            "another process took the command over: it answers"
        );
        return Ok(());
    }
    let (kind, result) = (kind.as_str(), answer.outcome.as_str());
    info!(
        command = taken.id,
        kind,
        result,
        run = answer.run,
        error = answer.error,
        "command answered"
    );
    ctx.metrics.command_done(kind, result);
    Ok(())
}

/// What goes on beside a run.
struct Beside {
    ctx: Ctx,
    under: Under,
    moved: Moved,
    stopper: Stopper,
    why: Arc<OnceLock<String>>,
    cancels: Vec<Taken>,
}

impl Beside {
    async fn watch(mut self, mut ended: oneshot::Receiver<()>) -> Vec<Taken> {
        let mut told = Told::default();
        let mut pace = Pace::new(Instant::now(), self.moved.place().counts.fetched);
        loop {
            tokio::select! {
                _ = &mut ended => break,
                () = until_due(&self.ctx) => {}
            }
            // What cannot be told now is told at the next look: the run does not depend on it.
            if let Err(error) = self.listen().await {
                debug!(%error, "cannot see whether the run is wanted");
            }
            if let Err(error) = self.tell(&mut told, &mut pace).await {
                debug!(%error, "cannot tell how far the run has come");
            }
        }
        self.cancels
    }

    /// Hears whoever wants the run to end.
    async fn listen(&mut self) -> Result<(), DbErr> {
        let (db, under) = (&self.ctx.db, &self.under);
        for command in Command::open_of(db, &[under.resource_id]).await? {
            let is_known = self.cancels.iter().any(|taken| taken.id == command.id);
            if command.kind != Kind::Cancel || is_known {
                continue;
            }
            let fate = fate::of(db, under.resource_id, command.run_id).await?;
            if !matches!(fate, Fate::Open(run) if run.id == under.run) {
                continue;
            }
            // First, so that whoever sees that it is taken knows that no other page is asked for.
            let why = format!("cancelled by {}", command.asked_by);
            self.why.get_or_init(|| why);
            self.stopper.stop();
            info!(
                command = command.id,
                by = command.asked_by,
                "the run is cancelled"
            );
            let time = (self.ctx.lease, self.ctx.clock.now());
            let taken = Command::take(db, command.id, self.ctx.process(), time).await?;
            self.cancels.extend(taken);
        }
        for taken in &self.cancels {
            Command::renew(db, taken, self.ctx.lease).await?;
        }
        if under.heeds_stop
            && self.why.get().is_none()
            && let Some(by) = Resource::stopped_by(db, under.resource_id).await?
        {
            let by = by.as_deref().unwrap_or("an operator");
            info!(by, "the resource is stopped");
            self.why.get_or_init(|| format!("stopped by {by}"));
            self.stopper.stop();
        }
        Ok(())
    }

    /// Tells how far the run has come, if it came further, and now and then what its source may be asked.
    async fn tell(&self, told: &mut Told, pace: &mut Pace) -> Result<(), DbErr> {
        let place = self.moved.place();
        let rate = pace.at(Instant::now(), place.counts.fetched);
        if told.counts != place.counts {
            let pages = place.pages.filter(|_| self.under.knows_end);
            let total = place.counts.total.filter(|_| self.under.knows_end);
            let row = progress::Model {
                pages: place.counts.pages,
                pages_expected: pages.and_then(|pages| i64::try_from(pages).ok()),
                counts: serde_json::to_string(&place.counts).unwrap_or_default(),
                rate,
                seconds_left: seconds_left(total, place.counts.fetched, rate),
                ..first(
                    &self.ctx,
                    (self.under.resource_id, self.under.run),
                    String::new(),
                )
            };
            progress::Entity::moved(&self.ctx.db, row).await?;
            told.counts = place.counts;
        }
        self.tell_budget(told).await
    }

    async fn tell_budget(&self, told: &mut Told) -> Result<(), DbErr> {
        let Some(session) = &self.under.session else {
            return Ok(());
        };
        let budget = session.told();
        let is_news = budget.waiting_until != told.budget.waiting_until;
        told.looks += 1;
        if !is_news && !told.looks.is_multiple_of(BUDGET_EVERY) {
            return Ok(());
        }
        let is_same = Budget {
            told_at: told.budget.told_at,
            ..budget.clone()
        } == told.budget;
        if !is_same {
            Source::tell_budget(&self.ctx.db, self.under.source_id, &budget).await?;
            told.budget = budget;
        }
        Ok(())
    }
}

/// What was told last.
#[derive(Default)]
struct Told {
    counts: Counts,
    budget: Budget,
    looks: u32,
}

/// The progress of a run that has done nothing yet.
pub(crate) fn first(
    ctx: &Ctx,
    (resource_id, run_id): (i32, i64),
    holder: String,
) -> progress::Model {
    let now = ctx.clock.now();
    progress::Model {
        resource_id,
        run_id,
        holder,
        pages: 0,
        pages_expected: None,
        counts: serde_json::to_string(&Counts::default()).unwrap_or_default(),
        rate: None,
        seconds_left: None,
        started_at: now,
        updated_at: now,
    }
}

/// The progress that stands in the transaction which opens a run under `keeper`.
pub(crate) fn begun(ctx: &Ctx, run: i64, keeper: &Keeper) -> progress::Model {
    let held = &keeper.held;
    first(ctx, (held.resource_id, run), held.holder.clone())
}

/// Waits until it is time for a look, and a little longer for a pause of whoever writes: a connection more would cost the
/// memory of its cache.
#[expect(clippy::disallowed_methods, reason = "a look is taken at a pace")]
async fn until_due(ctx: &Ctx) {
    let latest = Instant::now() + ctx.poll * 2;
    tokio::time::sleep(ctx.poll).await;
    while dialect::is_busy(&ctx.db) && Instant::now() < latest {
        tokio::time::sleep(ctx.poll / 50).await;
    }
}
