//! What an operator asked the syncers for: written by whoever asks, taken by one syncer that has the resource's source,
//! and answered when it was obeyed.
//!
//! A command outlives every process: one that was taken by a process which died is taken by another, when the time for
//! which it was taken is over on the database's clock.

mod life;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

pub use self::life::{New, Taken};
use crate::run::{Mode, Outcome};

/// What is to be done.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A run of the resource, now.
    #[sea_orm(string_value = "run")]
    Run,
    /// The end of a run, after the page in flight.
    #[sea_orm(string_value = "cancel")]
    Cancel,
    /// The rejects of the resource, read again.
    #[sea_orm(string_value = "replay")]
    Replay,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Cancel => "cancel",
            Self::Replay => "replay",
        }
    }
}

/// How exactly it is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Body {
    /// Of a run: what it reads, and whether it writes.
    pub mode: Mode,
    /// Of a run: whether deletes beyond the definition's limit are wanted.
    pub accept_deletes: bool,
    /// Of a replay: the rejects; none named: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejects: Vec<i64>,
}

/// How far a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No syncer has taken it up.
    Waiting,
    /// A syncer is at it.
    Taken,
    /// It is answered.
    Done,
}

/// What came of a command, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Came {
    /// Its run ended so.
    Complete,
    Partial,
    Suspect,
    Deferred,
    Failed,
    /// The run that it was to end was ended by it.
    Cancelled,
    /// The run that it was to end had ended by itself.
    Ended,
    /// A run of the resource was under way, and did not end in time.
    Conflict,
    /// It was not obeyed, and the error says why.
    Refused,
}

impl From<Outcome> for Came {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::Complete,
            Outcome::Partial => Self::Partial,
            Outcome::Suspect => Self::Suspect,
            Outcome::Deferred => Self::Deferred,
            Outcome::Failed => Self::Failed,
        }
    }
}

impl Came {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Suspect => "suspect",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
            Self::Conflict => "conflict",
            Self::Refused => "refused",
        }
    }
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub outcome: Came,
    /// The run that was made, ended, or in the way.
    #[serde(default)]
    pub run: Option<i64>,
    /// Why it is not complete, or was not obeyed.
    #[serde(default)]
    pub error: Option<String>,
}

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "command")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub resource_id: i32,
    /// The run that it ends, or that was begun for it.
    pub run_id: Option<i64>,
    pub kind: Kind,
    /// Who asked.
    pub asked_by: String,
    pub asked_at: DateTimeUtc,
    /// When a syncer took it up first.
    pub taken_at: Option<DateTimeUtc>,
    pub done_at: Option<DateTimeUtc>,
    /// [`Answer`] as JSON.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
    /// [`Body`] as JSON.
    #[sea_orm(column_type = "Text", nullable)]
    pub body: Option<String>,
    /// The process that took it up last.
    pub holder: Option<String>,
    /// Until when it is that process's, in milliseconds since 1970 on the database's clock.
    pub taken_until: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// How exactly it is to be done.
    ///
    /// # Errors
    /// It was written by another version of Catchment, which says more than this one understands.
    pub fn body(&self) -> serde_json::Result<Body> {
        self.body
            .as_deref()
            .map_or_else(|| Ok(Body::default()), serde_json::from_str)
    }

    /// What came of it, if it is done.
    pub fn answer(&self) -> Option<Answer> {
        serde_json::from_str(self.answer.as_deref()?).ok()
    }

    pub fn state(&self) -> State {
        match (&self.done_at, &self.holder) {
            (Some(_), _) => State::Done,
            (None, Some(_)) => State::Taken,
            (None, None) => State::Waiting,
        }
    }
}
