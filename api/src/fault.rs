//! One thing that is wrong with a request: which part, why, what would be right. All of a request's are reported at once.

use entity::nearest;
use serde::Serialize;

use crate::problem::Kind;

/// An entry of a problem's `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// The parameter of the query, the part of the path, or the member of the body.
    pub(crate) parameter: String,
    pub(crate) code: Code,
    pub(crate) detail: String,
    /// What would be accepted; empty: nothing that could be listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) did_you_mean: Option<String>,
    /// The line of an imported file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
}

/// Why. Programs branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    UnknownParameter,
    UnknownOperator,
    MissingParameter,
    RepeatedParameter,
    InvalidEncoding,
    InvalidValue,
    UnknownField,
    NotFilterable,
    NotSortable,
    NotFacetable,
    NotSearchable,
    UnknownRelation,
    CursorInvalid,
    CursorMismatch,
    ChangesHorizon,
    HistoryHorizon,
    NoHistory,
    NotWithAsOf,
    UnknownSource,
    UnknownResource,
    UnknownRecord,
    UnknownChild,
    UnknownPath,
    NotMirrored,
    UnknownMember,
    MissingMember,
    Taken,
    RepeatedMember,
}

impl Fault {
    pub(crate) fn new(parameter: &str, code: Code, detail: impl Into<String>) -> Self {
        Self {
            parameter: parameter.to_owned(),
            code,
            detail: detail.into(),
            allowed: Vec::new(),
            did_you_mean: None,
            line: None,
        }
    }

    /// Adds what `given` could have been.
    pub(crate) fn or_one_of(mut self, given: &str, allowed: Vec<String>) -> Self {
        let likely = nearest(given, allowed.iter().map(String::as_str));
        self.did_you_mean = likely.map(str::to_owned);
        self.allowed = allowed;
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.code {
            Code::UnknownParameter | Code::UnknownOperator => Kind::UnknownParameter,
            Code::CursorInvalid => Kind::CursorInvalid,
            Code::CursorMismatch => Kind::CursorMismatch,
            Code::ChangesHorizon => Kind::ChangesHorizon,
            Code::HistoryHorizon => Kind::HistoryHorizon,
            _ => Kind::InvalidParameter,
        }
    }
}
