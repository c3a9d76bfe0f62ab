//! What is told of resources, runs and commands: the documents of all routes about the syncer.

use chrono::{DateTime, Utc};
use entity::{
    command, progress, resource, run, source,
    status::{State, Status},
    syncer,
};
use serde::Serialize;

/// The members of every good answer.
#[derive(Serialize)]
pub(super) struct Body<T> {
    pub(super) data: T,
}

/// All of it.
#[derive(Serialize)]
pub(super) struct Fare {
    pub(super) syncers: Vec<Syncer>,
    pub(super) sources: Vec<Source>,
}

/// A syncer that is alive.
#[derive(Serialize)]
pub(super) struct Syncer {
    name: String,
    host: String,
    version: String,
    started_at: DateTime<Utc>,
    sources: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Source {
    source: String,
    path: String,
    schedule: String,
    /// Whether a living syncer has its definition.
    attended: bool,
    budget: Option<source::Budget>,
    pub(super) resources: Vec<Resource>,
}

#[derive(Serialize)]
pub(super) struct Resource {
    source: String,
    resource: String,
    path: String,
    state: State,
    /// The desired state, who wished it, and when.
    enabled: bool,
    steered_by: Option<String>,
    steered_at: Option<DateTime<Utc>>,
    attended: bool,
    running: Option<Running>,
    rows: i64,
    version: i64,
    complete: bool,
    last_outcome: Option<run::Outcome>,
    last_run_at: Option<DateTime<Utc>>,
    synced_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
    last_run: Option<Run>,
    /// What was asked for and is not done.
    pub(super) commands: Vec<Command>,
    /// How many records are kept that could not become rows; where somebody waits for changes it is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rejects: Option<u64>,
    /// The newest first, where one resource is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) runs: Option<Vec<Run>>,
}

/// How far a run under way has come.
#[derive(Serialize)]
struct Running {
    run: i64,
    pages: i64,
    pages_expected: Option<i64>,
    /// Records a second.
    rate: Option<f64>,
    seconds_left: Option<i64>,
    started_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    counts: Counted,
}

/// What a run under way did so far, beside its pages.
#[derive(Serialize)]
struct Counted {
    requests: i64,
    bytes: i64,
    total: Option<i64>,
    fetched: i64,
    inserted: i64,
    updated: i64,
    unchanged: i64,
    deleted: i64,
    rejected: i64,
    bad_values: i64,
}

/// A run, with the members that lists of runs have.
#[derive(Serialize)]
pub(super) struct Run {
    id: i64,
    source: String,
    resource: String,
    trigger: run::Trigger,
    mode: run::Mode,
    command: Option<i64>,
    outcome: Option<run::Outcome>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    resumed_from: Option<i64>,
    #[serde(flatten)]
    counts: run::Counts,
    error: Option<String>,
}

/// Something that was asked for, with the members that lists of commands have.
#[derive(Serialize)]
pub(super) struct Command {
    pub(super) id: i64,
    kind: command::Kind,
    pub(super) state: command::State,
    source: String,
    resource: String,
    run: Option<i64>,
    asked_by: String,
    asked_at: DateTime<Utc>,
    taken_at: Option<DateTime<Utc>>,
    holder: Option<String>,
    done_at: Option<DateTime<Utc>>,
    body: Option<command::Body>,
    answer: Option<command::Answer>,
}

/// The names of a resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) source: &'a str,
    pub(super) resource: &'a str,
}

impl Names<'_> {
    /// Where it is told how it fares.
    pub(super) fn path(&self) -> String {
        format!("/api/v1/sync/{}/{}", self.source, self.resource)
    }
}

impl From<syncer::Model> for Syncer {
    fn from(model: syncer::Model) -> Self {
        Self {
            sources: model.sources(),
            name: model.process,
            host: model.host,
            version: model.version,
            started_at: model.started_at,
        }
    }
}

/// By source, in the order in which they come.
pub(super) fn sources(all: Vec<Status>) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for status in all {
        let name = &status.source.name;
        if !sources.iter().any(|source| source.source == *name) {
            sources.push(Source::of(&status));
        }
        if let Some(source) = sources.iter_mut().find(|source| source.source == *name) {
            source.resources.push(Resource::from(status));
        }
    }
    sources
}

impl Source {
    fn of(status: &Status) -> Self {
        let source = &status.source;
        Self {
            source: source.name.clone(),
            path: format!("/api/v1/sync/{}", source.name),
            schedule: source.schedule.clone(),
            attended: status.syncers > 0,
            budget: status.budget.clone(),
            resources: Vec::new(),
        }
    }
}

impl From<Status> for Resource {
    fn from(status: Status) -> Self {
        let resource::Model {
            name,
            enabled,
            steered_by,
            steered_at,
            live_rows,
            version,
            complete,
            last_outcome,
            last_run_at,
            synced_at,
            changed_at,
            ..
        } = status.resource;
        let names = Names {
            source: &status.source.name,
            resource: &name,
        };
        let commands = status.commands.into_iter();
        Self {
            path: names.path(),
            state: status.state,
            enabled,
            steered_by,
            steered_at,
            attended: status.syncers > 0,
            running: status.progress.map(Running::from),
            rows: live_rows,
            version,
            complete,
            last_outcome,
            last_run_at,
            synced_at,
            changed_at,
            next_run_at: status.next_run_at,
            last_run: status.last_run.map(|run| Run::new(run, names)),
            commands: commands.map(|one| Command::new(one, names)).collect(),
            rejects: None,
            runs: None,
            source: names.source.to_owned(),
            resource: names.resource.to_owned(),
        }
    }
}

impl From<progress::Model> for Running {
    fn from(progress: progress::Model) -> Self {
        let counts = progress.counts();
        Self {
            run: progress.run_id,
            pages: progress.pages,
            pages_expected: progress.pages_expected,
            rate: progress.rate,
            seconds_left: progress.seconds_left,
            started_at: progress.started_at,
            updated_at: progress.updated_at,
            counts: Counted {
                requests: counts.requests,
                bytes: counts.bytes,
                total: counts.total,
                fetched: counts.fetched,
                inserted: counts.inserted,
                updated: counts.updated,
                unchanged: counts.unchanged,
                deleted: counts.deleted,
                rejected: counts.rejected,
                bad_values: counts.bad_values,
            },
        }
    }
}

impl Run {
    pub(super) fn new(run: run::Model, names: Names<'_>) -> Self {
        Self {
            id: run.id,
            source: names.source.to_owned(),
            resource: names.resource.to_owned(),
            trigger: run.trigger,
            mode: run.mode,
            command: run.command_id,
            outcome: run.outcome,
            started_at: run.started_at,
            ended_at: run.ended_at,
            resumed_from: run.resumed_from,
            counts: run.counts(),
            error: run.error,
        }
    }
}

impl Command {
    pub(super) fn new(command: command::Model, names: Names<'_>) -> Self {
        Self {
            id: command.id,
            kind: command.kind,
            state: command.state(),
            source: names.source.to_owned(),
            resource: names.resource.to_owned(),
            run: command.run_id,
            body: command.body().ok(),
            answer: command.answer(),
            asked_by: command.asked_by,
            asked_at: command.asked_at,
            taken_at: command.taken_at,
            holder: command.holder,
            done_at: command.done_at,
        }
    }
}
