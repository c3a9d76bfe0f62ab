//! Looks about once a second for what was asked for, and tells that this process is there to obey.
//!
//! A process obeys the commands of the resources whose definitions it has, whoever they were written for: which of several
//! processes is decided by who takes a command first. One of a resource waits for the older ones of it and of its parents.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use entity::{
    command::{Came, Entity as Command, Kind, Model, Taken},
    dialect,
    lease::Entity as Lease,
    resource::Entity as Resource,
    run::Mode,
    syncer::{Alive, Entity as Syncer},
};
use sea_orm::{DbErr, EntityTrait};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tracing::{error, info, warn};

use super::{
    answer::{self, Of, failed},
    fate::{self, Fate},
    hand::{answered, ended},
};
use crate::{
    Ctx,
    source::plan::{Plan, Source},
};

/// How often a process says that it is there, and how long that holds.
const BEAT: Duration = Duration::from_secs(5);
const HOLDS: Duration = Duration::from_secs(20);
/// How long one is remembered that did not say so again.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// Most commands that a process obeys at once: each run has its own memory.
const MOST: usize = 8;
/// So many looks may be left out while all connections to SQLite are busy: one more would cost the memory of its cache.
const MOST_LEFT_OUT: u32 = 5;

/// Resources of a source that were started again, and whose run is due.
pub(crate) struct Started {
    pub(crate) source: String,
    pub(crate) resources: Vec<String>,
}

/// Tells that this process is there. To be awaited before it runs anything: whoever sees a run sees who is at it.
pub(crate) async fn arrive(
    ctx: Ctx,
    sources: Vec<Arc<Source>>,
    started: mpsc::Sender<Started>,
) -> Watch {
    let mut watch = Watch::new(ctx, sources, started);
    if let Err(error) = watch.beat().await {
        warn!(%error, "cannot tell that this syncer is there");
    }
    watch
}

#[expect(clippy::disallowed_methods, reason = "a look is taken at a pace")]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) struct Watch {
    ctx: Ctx,
    sources: Vec<Arc<Source>>,
    started: mpsc::Sender<Started>,
    alive: Alive,
    beaten: Option<Instant>,
    left_out: u32,
    /// The resources that this process has definitions of, by their ids.
    known: HashMap<i32, Of>,
    /// Those that were stopped at the last look; `None` before the first.
    stopped: Option<HashSet<i32>>,
    under_way: HashSet<i64>,
    obeyed: JoinSet<i64>,
}

impl Watch {
    fn new(ctx: Ctx, sources: Vec<Arc<Source>>, started: mpsc::Sender<Started>) -> Self {
        let alive = Alive {
            process: ctx.process().to_owned(),
            host: ctx.host.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: ctx.clock.now(),
            sources: sources.iter().map(|source| source.name.clone()).collect(),
        };
        Self {
            ctx,
            sources,
            started,
            alive,
            beaten: None,
            left_out: 0,
            known: HashMap::new(),
            stopped: None,
            under_way: HashSet::new(),
            obeyed: JoinSet::new(),
        }
    }

    /// Obeys until it is time to stop, and then to the end of the pages in flight.
    pub(crate) async fn obey(mut self) {
        while !self.ctx.stop.is_asked() {
            if let Err(error) = self.look().await {
                warn!(%error, "cannot see what was asked for");
            }
            tokio::select! {
                () = self.ctx.stop.asked() => {}
                () = pause(self.ctx.poll) => {}
            }
        }
        while self.obeyed.join_next().await.is_some() {}
        if let Err(error) = Syncer::leaves(&self.ctx.db, self.ctx.process()).await {
            warn!(%error, "cannot tell that this syncer stops");
        }
    }

    async fn look(&mut self) -> Result<(), DbErr> {
        while let Some(over) = self.obeyed.try_join_next() {
            match over {
                Ok(id) => drop(self.under_way.remove(&id)),
                Err(panic) => {
                    // The name went with the task; what is still obeyed is kept apart by the hold on its command.
                    error!(%panic, "a command broke off");
                    self.under_way.clear();
                }
            }
        }
        if dialect::is_busy(&self.ctx.db) && self.left_out < MOST_LEFT_OUT {
            self.left_out += 1;
            return Ok(());
        }
        self.left_out = 0;
        if self.known.is_empty() {
            self.know().await?;
        }
        self.beat().await?;
        self.start_again().await?;
        self.take_up().await
    }

    /// Finds the ids of the resources that this process has definitions of.
    async fn know(&mut self) -> Result<(), DbErr> {
        for (resource, of) in Resource::all_with_source(&self.ctx.db).await? {
            let mut sources = self.sources.iter();
            let source = sources.find(|source| source.name == of.name);
            let found = source.and_then(|source| Some((source, source.resource(&resource.name)?)));
            if let Some((source, plan)) = found {
                let of = Of {
                    source: Arc::clone(source),
                    plan: Arc::clone(plan),
                };
                self.known.insert(resource.id, of);
            }
        }
        Ok(())
    }

    /// Tells that this process is there.
    async fn beat(&mut self) -> Result<(), DbErr> {
        if self.beaten.is_some_and(|beaten| beaten.elapsed() < BEAT) {
            return Ok(());
        }
        if self.beaten.is_none() {
            Syncer::sweep(&self.ctx.db, REMEMBERED).await?;
        }
        Syncer::is_there(&self.ctx.db, &self.alive, HOLDS).await?;
        self.beaten = Some(Instant::now());
        Ok(())
    }

    /// Tells of the resources that were started since the last look, and whose run is due.
    async fn start_again(&mut self) -> Result<(), DbErr> {
        let stopped: HashSet<i32> = Resource::stopped(&self.ctx.db).await?.into_iter().collect();
        let before = self.stopped.replace(stopped).unwrap_or_default();
        let now_stopped = self.stopped.as_ref();
        let mut again: HashMap<String, Vec<String>> = HashMap::new();
        for id in before {
            let is_stopped = now_stopped.is_some_and(|stopped| stopped.contains(&id));
            let Some(of) = self.known.get(&id).filter(|_| !is_stopped) else {
                continue;
            };
            let row = Resource::find_by_id(id).one(&self.ctx.db).await?;
            let now = self.ctx.clock.now();
            if row.is_some_and(|row| row.next_run_at.is_none_or(|next| next <= now)) {
                let names = again.entry(of.source.name.clone()).or_default();
                names.push(of.plan.name.clone());
            }
        }
        for (source, resources) in again {
            info!(source, ?resources, "started again, and due");
            // A full queue would mean that many sources were started in one second: they run at their next tick.
            let told = self.started.try_send(Started { source, resources });
            drop(told);
        }
        Ok(())
    }

    /// Takes what is asked for and not obeyed by anybody.
    async fn take_up(&mut self) -> Result<(), DbErr> {
        let ids: Vec<i32> = self.known.keys().copied().collect();
        let open = Command::open_of(&self.ctx.db, &ids).await?;
        let mine = |command: &Model| self.under_way.contains(&command.id);
        if open.iter().all(mine) {
            return Ok(());
        }
        let free = Command::free(&self.ctx.db).await?;
        let mut older: Vec<(String, String)> = Vec::new();
        for command in open {
            let Some(of) = self.known.get(&command.resource_id).cloned() else {
                continue;
            };
            let is_free = free.contains(&command.id) && !self.under_way.contains(&command.id);
            if command.kind == Kind::Cancel && is_free {
                self.cancel(&command).await?;
            }
            if command.kind == Kind::Cancel {
                continue;
            }
            let waits = is_behind(&of.source, &of.plan, &older);
            older.push((of.source.name.clone(), of.plan.name.clone()));
            if !is_free || waits || self.under_way.len() >= MOST {
                continue;
            }
            if let Some(taken) = self.take(command.id).await? {
                self.under_way.insert(command.id);
                self.obeyed
                    .spawn(obeyed(self.ctx.clone(), of, (command, taken)));
            }
        }
        Ok(())
    }

    async fn take(&self, id: i64) -> Result<Option<Taken>, DbErr> {
        let time = (self.ctx.lease, self.ctx.clock.now());
        Command::take(&self.ctx.db, id, self.ctx.process(), time).await
    }

    /// Answers a cancel whose run nobody makes. One that is under way hears it by itself, and so does one that goes on
    /// with what a dead process left.
    async fn cancel(&self, command: &Model) -> Result<(), DbErr> {
        let (db, id) = (&self.ctx.db, command.resource_id);
        let answer = match fate::of(db, id, command.run_id).await? {
            Fate::None => failed(Came::Refused, "there is no such run of this resource"),
            Fate::Ended(run) => {
                let outcome = run.outcome.unwrap_or(entity::run::Outcome::Failed);
                ended(run.id, outcome)
            }
            Fate::Abandoned(run) => ended(run.id, entity::run::Outcome::Failed),
            Fate::Open(run) => {
                let is_held = Lease::current(db, id).await?.is_some();
                let row = Resource::find_by_id(id).one(db).await?;
                let is_wanted = row.is_some_and(|row| row.enabled);
                if is_held || (is_wanted && run.mode != Mode::Dry) {
                    return Ok(());
                }
                ended(run.id, entity::run::Outcome::Failed)
            }
        };
        match self.take(command.id).await? {
            Some(taken) => answered(&self.ctx, &taken, Kind::Cancel, &answer).await,
            None => Ok(()),
        }
    }
}

/// Obeys a command to its end, and says which one it was.
async fn obeyed(ctx: Ctx, of: Of, (command, taken): (Model, Taken)) -> i64 {
    let id = command.id;
    answer::obey(ctx, of, command, taken).await;
    id
}

/// Whether a resource, or one of the parents above it, is among those that older commands are about.
fn is_behind(source: &Source, plan: &Plan, older: &[(String, String)]) -> bool {
    let is_among =
        |name: &str| (older.iter()).any(|(of, resource)| *of == source.name && resource == name);
    let mut at = Some(plan.name.as_str());
    // A definition has no circle of parents; its resources are a bound all the same.
    for _ in 0..=source.resources.len() {
        let Some(name) = at else {
            return false;
        };
        if is_among(name) {
            return true;
        }
        let above = source
            .resource(name)
            .and_then(|plan| plan.for_each.as_ref());
        at = above.map(|for_each| for_each.resource.as_str());
    }
    false
}
