//! How an upstream is asked for a resource, and what its answers look like: all that is needed to answer in its place.
//!
//! No secret is part of it: of a parameter that holds one the name is known, and nothing else.

use serde::{Deserialize, Serialize};

/// The upstream's face.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// What it is asked and answers.
    Open(Box<Shape>),
    /// Why nobody can answer in its place.
    Closed(String),
}

/// What the upstream is asked and answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Behind the source's `base_url`; its texts are percent-encoded as in the definition.
    pub path: Phrase,
    /// The parameters that each request has, those of paging aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, Phrase)>,
    /// The parameters that hold a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    pub format: Format,
    /// Where the records stand in the body, as a JSON Pointer's tokens; none: they are the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    pub pages: Pages,
    /// By what only changed records are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MarkField>,
}

/// A text with places for values.
pub type Phrase = Vec<Part>;

/// A part of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Text(String),
    /// The parent's value that this field of each record has.
    Parent(String),
    /// From where on changed records are asked for, inclusive.
    From,
    /// Up to where.
    Until,
}

/// How records stand in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As the items of an array.
    Array,
    /// As the members of an object, under the name that each has in this member.
    Members(String),
    /// Alone.
    Single,
    /// As a line of JSON each.
    Lines,
    Csv {
        delimiter: char,
        /// The columns of a body without records.
        columns: Vec<String>,
    },
}

/// How the records are handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    pub way: PageWay,
    /// Records of a full page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The parameter that asks for so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_param: Option<String>,
    /// Where the number of all records is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Spot>,
    /// Where is told whether there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Spot>,
}

/// How a page is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageWay {
    /// All in one answer.
    None,
    /// By a number a page.
    Page { param: String, start: u64 },
    /// By the number of records before it.
    Offset { param: String, start: u64 },
    /// By a token from the page before.
    Token { param: String, next: Spot },
    /// By the value of this field, a key's, in the last record of the page before.
    Last { param: String, field: String },
    /// By the URL in the `Link` header.
    Link,
    /// By a URL in the page before.
    Url { next: Spot },
}

/// A place in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spot {
    /// In the body, as a JSON Pointer's tokens.
    Body(Vec<String>),
    Header(String),
}

/// The field that grows with each change of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkField {
    pub field: String,
    /// How requests write its values.
    pub format: MarkFormat,
    /// How all answers are sorted by it.
    pub order: MarkOrder,
}

/// How requests write the values of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkFormat {
    Integer,
    /// RFC 3339.
    Standard,
    EpochSeconds,
    EpochMillis,
    /// A strftime pattern; a time without a zone is UTC.
    Pattern(String),
}

/// How answers are sorted by the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkOrder {
    Any,
    Ascending,
    Descending,
}
