//! How the process ends: the exit codes, and the error that is the caller's own.

use std::{fmt, process::ExitCode};

use entity::run::Outcome;

/// What the exit code says. The order is that of badness, so that the worst of several is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Done,
    Deferred,
    Partial,
    Suspect,
    Failed,
    Misuse,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Misuse => 2,
            Exit::Partial => 3,
            Exit::Suspect => 4,
            Exit::Deferred => 5,
        })
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::Done,
            Outcome::Partial => Self::Partial,
            Outcome::Suspect => Self::Suspect,
            Outcome::Deferred => Self::Deferred,
            Outcome::Failed => Self::Failed,
        }
    }
}

/// What is wrong with what the caller wrote: arguments, settings or definitions. Ends with exit code 2.
#[derive(Debug)]
pub(crate) struct Misuse(pub String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}
