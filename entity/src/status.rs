//! How every resource fares, for whoever steers: what is wanted, what is, and what is asked for and not yet done.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde::{Deserialize, Serialize};

use crate::{
    command::{self, Entity as Command, Kind},
    lease::Entity as Lease,
    progress::{self, Entity as Progress},
    resource::{self, Entity as Resource},
    run::{self, Entity as Run, Outcome},
    source::{self, Budget},
    syncer::Entity as Syncer,
};

/// What a resource is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A run is under way.
    Running,
    /// A run is under way, and ends after the page in flight: it was stopped or cancelled.
    Stopping,
    /// Its runs are not wanted.
    Stopped,
    /// Its upstream asked to wait.
    Waiting,
    /// No syncer is there that has its source.
    Unattended,
    /// It waits for its next run.
    Idle,
    /// Its rows come from callers of the api: it has no runs.
    Local,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Waiting => "waiting",
            Self::Unattended => "unattended",
            Self::Idle => "idle",
            Self::Local => "local",
        }
    }
}

/// All that is known of a resource and of what it is at.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub source: source::Model,
    pub resource: resource::Model,
    pub state: State,
    /// How far its run under way has come.
    pub progress: Option<progress::Model>,
    /// The run begun last, be it under way.
    pub last_run: Option<run::Model>,
    /// When its next run is due; `None`: it is stopped, or never ran and has it as soon as a syncer is there.
    pub next_run_at: Option<DateTime<Utc>>,
    /// What was asked for and is not done, oldest first.
    pub commands: Vec<command::Model>,
    /// What may be asked of its source.
    pub budget: Option<Budget>,
    /// How many living syncers have its source.
    pub syncers: usize,
}

/// The status of every resource, by source and name.
///
/// # Errors
/// The database does not answer.
pub async fn all(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Status>, DbErr> {
    let resources = Resource::all_with_source(db).await?;
    let ids: Vec<i32> = resources.iter().map(|(resource, _)| resource.id).collect();
    let holders = Lease::holders(db).await?;
    // A run whose process died is not under way: its lease ran out, or is another's.
    let under_way = Progress::find().all(db).await?.into_iter();
    let under_way = under_way.filter(|row| holders.get(&row.resource_id) == Some(&row.holder));
    let mut under_way: HashMap<i32, progress::Model> =
        under_way.map(|row| (row.resource_id, row)).collect();
    let last = Run::last_of_each(db).await?.into_iter();
    let mut last: HashMap<i32, run::Model> = last.map(|run| (run.resource_id, run)).collect();
    let mut commands: HashMap<i32, Vec<command::Model>> = HashMap::new();
    for command in Command::open_of(db, &ids).await? {
        commands
            .entry(command.resource_id)
            .or_default()
            .push(command);
    }
    let syncers = Syncer::alive(db).await?;
    let attended: Vec<Vec<String>> = syncers.iter().map(|syncer| syncer.sources()).collect();
    let status = |(resource, source): (resource::Model, source::Model)| {
        let facts = Facts {
            progress: under_way.remove(&resource.id),
            commands: commands.remove(&resource.id).unwrap_or_default(),
            syncers: (attended.iter().filter(|names| names.contains(&source.name))).count(),
        };
        let last_run = last.remove(&resource.id);
        of((source, resource), last_run, facts, now)
    };
    Ok(resources.into_iter().map(status).collect())
}

/// What tells the state of a resource, beside its own row.
struct Facts {
    progress: Option<progress::Model>,
    commands: Vec<command::Model>,
    syncers: usize,
}

fn of(
    (source, resource): (source::Model, resource::Model),
    last_run: Option<run::Model>,
    facts: Facts,
    now: DateTime<Utc>,
) -> Status {
    Status {
        state: state(&resource, &facts, now),
        next_run_at: resource.next_run_at.filter(|_| resource.enabled),
        budget: source.budget(),
        source,
        resource,
        last_run,
        progress: facts.progress,
        commands: facts.commands,
        syncers: facts.syncers,
    }
}

fn state(resource: &resource::Model, facts: &Facts, now: DateTime<Utc>) -> State {
    if facts.progress.is_some() {
        let mut commands = facts.commands.iter();
        let is_ending = !resource.enabled || commands.any(|command| command.kind == Kind::Cancel);
        return if is_ending {
            State::Stopping
        } else {
            State::Running
        };
    }
    if resource.is_local() {
        return State::Local;
    }
    if !resource.enabled {
        return State::Stopped;
    }
    if facts.syncers == 0 {
        return State::Unattended;
    }
    let is_deferred = resource.last_outcome == Some(Outcome::Deferred);
    match resource.next_run_at {
        Some(next) if is_deferred && next > now => State::Waiting,
        _ => State::Idle,
    }
}
