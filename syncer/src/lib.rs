//! Pulls an upstream's records into the database, and never says that it has more than it has.
//!
//! Data flows one way: `source -> schedule -> sync -> { fetch -> decode -> validate -> write }* ->
//! verdict -> run_log`. [`sync()`](sync::sync) is the spine, and the only place where one stage follows another.

/// WHEN: schedules to ticks to runs.
mod schedule;
/// Definition files, checked and turned into plans.
pub mod source;

/// THE SPINE: one pull of one resource.
mod sync;

/// What operators ask for, obeyed.
mod control;
/// A wait that an upstream asked for, whoever heard it.
mod deferral;
/// The one process that writes a resource.
mod lease;
/// The pages as they were when they came last.
mod memory;
/// The pages that are on their way.
mod pages;
/// The rows whose children are fetched.
mod parents;
/// Where it stands, for whoever goes on with it.
mod position;
/// A run under way.
mod run;
/// Which part of an upstream is asked for.
mod span;
/// Definitions registered, tables as they say.
mod table;

/// A page read: its records, and the way on.
mod came;
/// A page's records, byte for byte.
mod decode;
/// The upstream's pages.
pub mod fetch;
/// Runs opened, closed and told of.
mod run_log;
/// Records to rows and rejects.
mod validate;
/// How a run ended.
mod verdict;
/// Rows, rejects, cursor and counts to the database.
mod write;

/// Rejects read again for a definition that was put right.
mod replay;

/// One cheap request, and what came.
mod probe;

/// What the next runs will need.
pub mod forecast;
/// Where reading stands, shown and forgotten.
pub mod state;

/// What is proposed, as TOML.
mod draft;
/// Real answers to a proposed definition.
pub mod infer;
/// An OpenAPI document to a proposed definition.
pub mod openapi_import;

/// What every stage works with.
mod ctx;
/// What can end a walk.
mod error;
/// What Prometheus is told.
mod metrics;
/// Health, metrics, and the life of the service.
mod serve;
/// The wish to stop.
pub mod stop;

use chrono::{DateTime, Utc};
use entity::run::{Counts, Mode, Outcome};
use serde::Serialize;

pub use ctx::{Ctx, OnWait, Progress, Wait};
pub use error::SyncError;
pub use metrics::Metrics;
pub use probe::{
    BadValues, Limit, Marked, Probe, Promise, Sample, SampleRow, WayOn, probe, sample,
};
pub use replay::{Replayed, Wanted, replay};
pub use serve::serve;
pub use sync::sync;
pub use table::register;

/// How a run is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// From the start, whatever an earlier run left.
    pub full: bool,
    /// Only counted: nothing is written but the run itself.
    pub dry: bool,
    /// Deletes beyond the definition's limit are wanted.
    pub accept_deletes: bool,
    /// The command that asks for it.
    pub command: Option<i64>,
}

impl How {
    /// As the run log says it.
    pub fn mode(self) -> Mode {
        match self {
            Self { dry: true, .. } => Mode::Dry,
            Self { full: true, .. } => Mode::Full,
            _ => Mode::Incremental,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub run: i64,
    pub source: String,
    pub resource: String,
    pub mode: Mode,
    pub outcome: Outcome,
    pub counts: Counts,
    /// Why it is not complete.
    pub error: Option<String>,
    /// When the upstream may be asked again, if it asked to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deferred_until: Option<DateTime<Utc>>,
    pub duration_ms: i64,
}
