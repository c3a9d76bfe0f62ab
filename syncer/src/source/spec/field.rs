//! The `[resource.<name>.fields]` table: typed columns and how their values are taken from a record.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Number;

/// A field's type alone, or all that is to say about it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum FieldEntry {
    Kind(KindText),
    Rule(Box<FieldSpec>),
}

impl FieldEntry {
    pub(crate) fn to_spec(&self) -> FieldSpec {
        match self {
            Self::Kind(kind) => FieldSpec {
                kind: Some(kind.clone()),
                ..FieldSpec::default()
            },
            Self::Rule(spec) => (**spec).clone(),
        }
    }
}

/// `text`, `integer`, `decimal(p,s)`, `float`, `boolean`, `timestamp`, `date`, `list` or `json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline, extend("pattern" = r"^(text|integer|decimal\(\d+, *\d+\)|float|boolean|timestamp|date|list|json)$"))]
pub(crate) struct KindText(pub(crate) String);

/// A typed column.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Field")]
pub(crate) struct FieldSpec {
    /// The column's type. Default: `text`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<KindText>,
    /// JSON Pointer to the value in a record; for a list, `*` stands for every item of an array: `/categories/*/name`. Default: `/<name>`.
    pub(crate) from: Option<String>,
    /// Regular expression: the value is its first capture, or all that matches.
    #[serde(rename = "match")]
    pub(crate) pattern: Option<String>,
    /// For a list: what separates the items of a text.
    pub(crate) split: Option<String>,
    /// For a timestamp or date: `standard` (RFC 3339, `YYYY-MM-DD`), `epoch_s`, `epoch_ms`, or a pattern such as `%d.%m.%Y %H:%M`. Default: `standard`.
    pub(crate) format: Option<String>,
    /// The only values that it takes.
    pub(crate) values: Option<Vec<String>>,
    /// Smallest value.
    pub(crate) min: Option<Number>,
    /// Largest value.
    pub(crate) max: Option<Number>,
    /// Whether a record without it is a reject. Default: false, and true for the fields of the key.
    pub(crate) required: Option<bool>,
    /// Whether rows can be filtered and sorted by it; `contains`: and found by any part of a text, too. Default: true, except for `json`. An indexed text has at most 255 characters.
    pub(crate) index: Option<IndexSpec>,
    /// What a value that does not fit does. Default: `null`, and `reject` for the fields of the key.
    pub(crate) on_bad: Option<OnBadSpec>,
}

/// Whether a field has an index, or a text one of all its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum IndexSpec {
    Whole(bool),
    Parts(PartsSpec),
}

/// The word for an index of all parts of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum PartsSpec {
    Contains,
}

impl IndexSpec {
    pub(crate) const CONTAINS: Self = Self::Parts(PartsSpec::Contains);
}

/// An array of objects in a record, one row an object.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Table")]
pub(crate) struct TableSpec {
    /// JSON Pointer to the array in a record; `*` stands for every item of an array on the way. Default: `/<name>`.
    pub(crate) from: Option<String>,
    /// Typed columns by name; pointers start at the object.
    pub(crate) fields: BTreeMap<String, FieldEntry>,
}

/// What a value that does not fit its field does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OnBad")]
pub(crate) enum OnBadSpec {
    /// The field is null, and it is counted.
    Null,
    /// The record is a reject.
    Reject,
}
