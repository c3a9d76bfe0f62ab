//! How a field's value is taken from a record.

use entity::definition::Decimal;
use regex::Regex;

use super::Pointer;

/// How a field's value is taken from a record's payload.
#[derive(Clone, Debug)]
pub struct Rule {
    pub from: Pointer,
    /// The first capture, or the whole match.
    pub pattern: Option<Regex>,
    /// For a list: the separator of a text's items.
    pub split: Option<String>,
    /// For a timestamp or date.
    pub format: TimeFormat,
    /// The only values; empty: any.
    pub values: Vec<String>,
    pub min: Option<Decimal>,
    pub max: Option<Decimal>,
    /// Absent or null makes the record a reject.
    pub required: bool,
    pub on_bad: OnBad,
}

/// How the rows of a child table are taken from a record's payload.
#[derive(Clone, Debug)]
pub struct TableRule {
    /// Where the array of objects stands; a token `*` stands for every item of an array on the way.
    pub from: Pointer,
    /// How each of the table's fields is taken from an object, in the same order.
    pub rules: Vec<Rule>,
}

/// How a time is written by the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// RFC 3339 for timestamps, `YYYY-MM-DD` for dates.
    Standard,
    EpochSeconds,
    EpochMillis,
    /// A strftime pattern of the `chrono` crate; a time without a zone is UTC.
    Pattern(String),
}

/// What a value that does not fit its field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// The field is null; it is counted.
    Null,
    /// The record is a reject.
    Reject,
}
