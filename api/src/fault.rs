//! One thing that is wrong with a request: which part, why, what would be right. All of a request's are reported at once.

use serde::Serialize;

use crate::problem::Kind;

/// An entry of a problem's `errors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// The parameter of the query or the part of the path.
    pub(crate) parameter: String,
    pub(crate) code: Code,
    pub(crate) detail: String,
    /// What would be accepted; empty: nothing that could be listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) did_you_mean: Option<String>,
}

/// Why. Programs branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    UnknownParameter,
    RepeatedParameter,
    InvalidEncoding,
    InvalidValue,
    UnknownField,
    NotFilterable,
    NotSortable,
    CursorInvalid,
    CursorMismatch,
    UnknownSource,
    UnknownResource,
    UnknownRecord,
    UnknownChild,
}

impl Fault {
    pub(crate) fn new(parameter: &str, code: Code, detail: impl Into<String>) -> Self {
        Self {
            parameter: parameter.to_owned(),
            code,
            detail: detail.into(),
            allowed: Vec::new(),
            did_you_mean: None,
        }
    }

    /// Adds what `given` could have been.
    pub(crate) fn or_one_of(mut self, given: &str, allowed: Vec<String>) -> Self {
        self.did_you_mean = nearest(given, &allowed);
        self.allowed = allowed;
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.code {
            Code::UnknownParameter => Kind::UnknownParameter,
            Code::CursorInvalid => Kind::CursorInvalid,
            Code::CursorMismatch => Kind::CursorMismatch,
            _ => Kind::InvalidParameter,
        }
    }
}

/// The one of `allowed` that `given` is most likely a slip of.
fn nearest(given: &str, allowed: &[String]) -> Option<String> {
    let likeness = |other: &&String| strsim::normalized_damerau_levenshtein(given, other);
    let best = allowed
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(&best) >= 0.6).then(|| best.clone())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_likely_slip_is_suggested() {
        let allowed = ["name", "origin", "temperament__has", "limit"].map(str::to_owned);
        let check = |given, expected: Option<&str>| {
            assert_eq!(nearest(given, &allowed).as_deref(), expected, "{given}");
        };
        check("orgin", Some("origin"));
        check("nmae", Some("name"));
        check("temperament_has", Some("temperament__has"));
        check("page", None);
        check("", None);
    }
}
