//! How a field's value is taken from a record.

use std::{fmt, ops::Deref};

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Decimal;

/// A JSON Pointer (RFC 6901), unescaped; no tokens: the root.
///
/// In the rules of fields and tables a token `*` stands for every item of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer(pub Vec<String>);

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

/// How a field's value is taken from a record's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub from: Pointer,
    /// The first capture, or the whole match.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
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

/// A regular expression; equal to another if it is written alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(pub Regex);

impl Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        Regex::new(&text).map(Self)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.as_str().to_owned()
    }
}

/// How a time is written by the upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// RFC 3339 for timestamps, `YYYY-MM-DD` for dates.
    #[default]
    Standard,
    EpochSeconds,
    EpochMillis,
    /// A strftime pattern of the `chrono` crate; a time without a zone is UTC.
    Pattern(String),
}

/// What a value that does not fit its field does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBad {
    /// The field is null; it is counted.
    #[default]
    Null,
    /// The record is a reject.
    Reject,
}
