//! How a run asks only for what changed since the last complete one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Pointer, TimeFormat};

/// How a run asks only for what changed since the last complete one.
#[derive(Clone, Debug, PartialEq)]
pub struct Incremental {
    /// Where a record holds the value that grows with each change.
    pub field: Pointer,
    pub kind: CursorKind,
    /// How requests write a time, whatever records do.
    pub request_format: TimeFormat,
    /// Where a pass over everything begins; `None`: where the upstream does.
    pub start: Option<Mark>,
    /// How far a run goes back behind the mark.
    pub lookback: Option<Step>,
    /// The longest span that is asked for at once.
    pub window: Option<Step>,
    pub order: Order,
}

/// The type of a cursor's values, and how records write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorKind {
    Timestamp(TimeFormat),
    Integer,
}

/// How far reading came: the greatest value of a complete run, or a bound of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Time(DateTime<Utc>),
    Number(i64),
}

/// A distance between marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Time(Duration),
    Number(i64),
}

/// In which order the upstream answers, by the cursor's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In none that could be relied on.
    Any,
    /// Oldest first: an unfinished run goes on from the greatest value that it wrote, if no record can have slipped past it.
    Ascending,
    /// Newest first: a walk ends behind the first page that is older than what is asked for.
    Descending,
}
