//! The `cursor` table: how a run asks only for what changed since the last complete one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scalar;

/// Asks only for what changed since the last complete run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cursor", extend("required" = ["field"]))]
pub(crate) struct CursorSpec {
    /// Pointer to the value that grows with each change.
    #[serde(default)]
    pub(crate) field: String,
    /// Its type. Default: `timestamp`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<CursorKindSpec>,
    /// For a timestamp, in records and requests: `standard` (RFC 3339), `epoch_s`, `epoch_ms`, or a pattern such as `%Y-%m-%d`. Default: `standard`.
    pub(crate) format: Option<String>,
    /// For a timestamp that requests write otherwise than records. Default: `format`.
    pub(crate) request_format: Option<String>,
    /// Where reading starts, inclusive: an RFC 3339 time or a date, or a whole number.
    pub(crate) start: Option<Scalar>,
    /// How far each run goes back behind the mark: a duration, for an integer a whole number.
    pub(crate) lookback: Option<Distance>,
    /// For a timestamp: the longest span asked for at once, a duration: `7d`.
    pub(crate) window: Option<Distance>,
    /// In which order the upstream answers, by this value. Default: in none that could be relied on.
    pub(crate) order: Option<OrderSpec>,
}

/// The type of a cursor's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CursorType")]
pub(crate) enum CursorKindSpec {
    Timestamp,
    Integer,
}

/// A distance between two of a cursor's values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Distance {
    Time(String),
    Number(u64),
}

/// The order of an upstream's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Order")]
pub(crate) enum OrderSpec {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}
