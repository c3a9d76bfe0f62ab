//! A drill as data: what the upstream does, the runs made, and how each must end.

use std::sync::Arc;

use chrono::Duration;
use entity::run::Outcome;
use syncer::How;

use super::{
    fact::Fact,
    script::{Script, records},
    things::Things,
};
use crate::upstream::{Reply, Request, paged};

/// What the upstream does, and what must be true of it.
///
/// First the records of `before` are mirrored from a well upstream. Then the acts follow one another. In the end the
/// upstream is well again and has the records of `after`, and a run must bring the table to exactly these.
pub(super) struct Drill {
    pub(super) name: &'static str,
    /// Goes on the sentence "The upstream …".
    pub(super) upstream: &'static str,
    pub(super) definition: String,
    /// How the upstream answers while it is well.
    pub(super) serve: fn(&[String], &Request) -> Reply,
    /// Nothing: the first act finds an empty table.
    pub(super) before: Vec<String>,
    pub(super) acts: Vec<Act>,
    /// Nothing: the last act is the end.
    pub(super) after: Vec<String>,
}

/// A run, what the upstream does meanwhile, and how it must end.
pub(super) struct Act {
    pub(super) resource: &'static str,
    pub(super) script: Script,
    pub(super) how: How,
    /// How far the clock moves before it.
    pub(super) later: Duration,
    pub(super) jump: Option<Jump>,
    pub(super) outcome: Outcome,
    /// Part of the reason, in the run log and in the log's line; empty for a complete run.
    pub(super) says: String,
    pub(super) facts: Vec<Fact>,
}

/// The clock moves by `by` before the request of that number is answered.
#[derive(Clone, Copy)]
pub(super) struct Jump {
    pub(super) request: usize,
    pub(super) by: Duration,
}

/// Drills of one kind.
pub(super) struct Theme {
    pub(super) title: &'static str,
    pub(super) drills: Vec<Drill>,
}

impl Default for Drill {
    /// Six things are mirrored, page by page under a stated total, and in the end there are five.
    fn default() -> Self {
        Self {
            name: "",
            upstream: "",
            definition: Things::default().toml(),
            serve: paged,
            before: records(6),
            acts: Vec::new(),
            after: records(5),
        }
    }
}

pub(super) fn complete(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Act {
    Act::new(Outcome::Complete, "", script)
}

pub(super) fn partial(
    says: impl Into<String>,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Act {
    Act::new(Outcome::Partial, says, script)
}

pub(super) fn suspect(
    says: impl Into<String>,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Act {
    Act::new(Outcome::Suspect, says, script)
}

pub(super) fn deferred(
    says: impl Into<String>,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Act {
    Act::new(Outcome::Deferred, says, script)
}

pub(super) fn failed(
    says: impl Into<String>,
    script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Act {
    Act::new(Outcome::Failed, says, script)
}

impl Act {
    fn new(
        outcome: Outcome,
        says: impl Into<String>,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self {
            resource: "things",
            script: Arc::new(script),
            how: How::default(),
            later: Duration::zero(),
            jump: None,
            outcome,
            says: says.into(),
            facts: Vec::new(),
        }
    }

    pub(super) fn of(mut self, resource: &'static str) -> Self {
        self.resource = resource;
        self
    }

    pub(super) fn that(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }
}
