//! What can end a walk through an upstream's pages: one variant per cause that somebody branches on.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entity::run::{Outcome, STOPPED};
use sea_orm::DbErr;

/// Why a page could not be had, read or written.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("{url} cannot be asked: {why}")]
    Unaskable { url: String, why: String },
    #[error("request to {url} failed")]
    Request {
        url: String,
        #[source]
        source: reqwest::Error,
    },
    #[error(
        "request to {url} failed: it was not answered in full within {after:?}; `timeout` allows more"
    )]
    TimedOut { url: String, after: Duration },
    #[error("the file {path} cannot be read")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the file {path} changed while its parts were read; a new run begins at its start")]
    FileChanged { path: String },
    #[error("{url} answered with status {status}: {said}")]
    Status {
        url: String,
        status: u16,
        said: String,
    },
    #[error("{url} answered with content type `{found}` where {wanted} was expected: {said}")]
    ContentType {
        url: String,
        found: String,
        wanted: &'static str,
        said: String,
    },
    #[error("the answer of {url} is larger than max_body, {limit} bytes")]
    TooLarge { url: String, limit: u64 },
    #[error("the answer of {url} says that it failed: `{place}` is {said}")]
    SaysFailure {
        url: String,
        place: String,
        said: String,
    },
    #[error("the answer of {url} cannot be read: {why}")]
    Decode { url: String, why: String },
    #[error("the answer of {url} cannot be read: {why}")]
    CutOff { url: String, why: String },
    #[error("the pages do not end: {why}")]
    Loop { why: String },
    #[error("the way on is lost: {why}")]
    Lost { why: &'static str },
    #[error("{why}")]
    Short { why: String },
    #[error("{why}")]
    TooManyRejects { why: String },
    #[error("{count} pages and no end: page.max is reached")]
    TooManyPages { count: u64 },
    #[error("`{resource}` was never read: run `catchment sync {source_name}.{resource}` first")]
    ParentsUnread {
        source_name: String,
        resource: String,
    },
    #[error("no token could be had")]
    Token(#[source] Arc<Self>),
    #[error("the upstream asks to wait until {until}")]
    Deferred { until: DateTime<Utc> },
    #[error("{}", STOPPED)]
    Stopped,
    #[error("{why}")]
    Steered { why: String },
    #[error(
        "the table is not as the definition says yet: the next run that is not dry brings it there"
    )]
    TableBehind,
    #[error("another process has taken the resource over")]
    LeaseLost,
    #[error("{parent}: {source}")]
    Parent { parent: String, source: Box<Self> },
    #[error("the database failed")]
    Database(#[from] DbErr),
}

/// What a failed request is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may work when sent again.
    Retry,
    Stop,
}

impl SyncError {
    /// Whether to send the request again.
    pub fn fate(&self, retry_on: &[u16]) -> Fate {
        match self {
            Self::Request { source, .. } if !source.is_builder() && !source.is_redirect() => {
                Fate::Retry
            }
            Self::TimedOut { .. } => Fate::Retry,
            Self::Token(why) => why.fate(retry_on),
            Self::Status { status, .. } if retry_on.contains(status) => Fate::Retry,
            _ => Fate::Stop,
        }
    }

    /// How a run ends that ends with it, given whether it wrote anything before.
    pub fn outcome(&self, wrote: bool) -> Outcome {
        match self {
            Self::Deferred { .. } => Outcome::Deferred,
            Self::Loop { .. } | Self::TooManyPages { .. } | Self::TooManyRejects { .. } => {
                Outcome::Suspect
            }
            _ if wrote => Outcome::Partial,
            Self::Stopped | Self::Steered { .. } => Outcome::Partial,
            _ => Outcome::Failed,
        }
    }

    /// Whether the next run may go on where this one ended.
    pub fn can_resume(&self) -> bool {
        !matches!(
            self,
            Self::Loop { .. }
                | Self::Lost { .. }
                | Self::Short { .. }
                | Self::FileChanged { .. }
                | Self::TooManyPages { .. }
                | Self::TooManyRejects { .. }
                | Self::ParentsUnread { .. }
        )
    }

    /// Whether it concerns one parent alone, so that the others are still worth asking for.
    pub fn is_local(&self) -> bool {
        !matches!(
            self,
            Self::Token(_)
                | Self::Deferred { .. }
                | Self::Stopped
                | Self::Steered { .. }
                | Self::TableBehind
                | Self::LeaseLost
                | Self::ParentsUnread { .. }
                | Self::TooManyRejects { .. }
                | Self::Database(_)
        )
    }

    /// Whether the upstream as a whole may be down, or lets us in no more.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Request { .. } | Self::TimedOut { .. } => true,
            Self::Status { status, .. } => matches!(status, 401 | 500..),
            _ => false,
        }
    }

    /// The whole chain of causes in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            cause = error.source();
            if cause.is_some() && is_only_a_layer(error) {
                continue;
            }
            let said = error.to_string();
            // Libraries often repeat their cause in their own text.
            if !text.contains(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
        }
        short(text)
    }
}

/// Whether an error says only that a request failed, which its cause says better.
fn is_only_a_layer(error: &(dyn std::error::Error + 'static)) -> bool {
    // Hyper's client keeps the type of its own layer to itself.
    error.is::<reqwest::Error>() || error.to_string().starts_with("client error (")
}

/// Longest reason in characters: it stands in the run log, in a line of the log, and in a table on a screen.
const REASON_CHARS: usize = 1_500;

/// `text`, cut where it is too long for a reason.
pub(crate) fn short(text: String) -> String {
    match text.char_indices().nth(REASON_CHARS) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
