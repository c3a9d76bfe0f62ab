//! The `page` table: how the upstream hands out its records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the upstream hands out its records.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Page")]
pub(crate) struct PageSpec {
    /// The kind of paging.
    pub(crate) kind: Option<PageKind>,
    /// The parameter that asks for a page.
    pub(crate) param: Option<String>,
    /// Where `param` and `size_param` go. In the body they are pointers or names of members. Default: `query`.
    #[serde(rename = "in")]
    pub(crate) within: Option<WithinSpec>,
    /// The first page's number (`page`), or the first record's (`offset`, default 0).
    pub(crate) start: Option<u64>,
    /// Records in a full page.
    pub(crate) size: Option<u64>,
    /// The parameter that asks for so many.
    pub(crate) size_param: Option<String>,
    /// Place of the next cursor or URL; for a cursor also `last:/pointer`, in the page's last record.
    pub(crate) next: Option<String>,
    /// For `url`: origins beside that of `base_url` that it may lead to; they get no credentials.
    pub(crate) origins: Option<Vec<String>>,
    /// Place of what says whether there is more.
    pub(crate) more: Option<String>,
    /// Place of the number of all records.
    pub(crate) total: Option<String>,
    /// What ends the pages where nothing else says so. Default: `empty`.
    pub(crate) end: Option<EndSpec>,
    /// Most pages; to reach it is an error, never a quiet end.
    pub(crate) max: Option<u64>,
}

/// A kind of paging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PageKind {
    /// All records in one answer.
    None,
    /// A number a page.
    Page,
    /// The number of records before the page.
    Offset,
    /// A token from the page before.
    Cursor,
    /// The URL in the `Link` header with `rel="next"`.
    Link,
    /// A URL in the page before.
    Url,
}

/// Where a page's parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "In")]
pub(crate) enum WithinSpec {
    Query,
    /// A member of the request's body.
    Body,
}

/// What ends the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "End")]
pub(crate) enum EndSpec {
    /// A page without records.
    Empty,
    /// A page with fewer records than `size`.
    Short,
}
