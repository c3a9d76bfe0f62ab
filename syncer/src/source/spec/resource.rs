//! The `[resource.<name>]` tables, and `[defaults]`, which has the same keys.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, FieldEntry, Names, Scalar};

/// One collection of the source.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Resource")]
pub(crate) struct ResourceSpec {
    /// What the records are, for the catalogue's readers.
    pub(crate) description: Option<String>,
    /// Appended to the source's `base_url`. A template.
    pub(crate) path: Option<String>,
    /// The request's method. Default: `GET`.
    pub(crate) method: Option<MethodSpec>,
    /// Query parameters, merged over the source's. Templates.
    pub(crate) query: BTreeMap<String, Scalar>,
    /// Headers, merged over the source's. Templates.
    pub(crate) headers: BTreeMap<String, Scalar>,
    /// The request's JSON body. Not supported yet.
    pub(crate) body: Option<BTreeMap<String, serde_json::Value>>,
    /// Place of the array of records. Default: the body itself.
    pub(crate) records: Option<String>,
    /// What the upstream answers. Default: `json`.
    pub(crate) format: Option<FormatSpec>,
    /// How the upstream hands out its records.
    pub(crate) page: Option<PageSpec>,
    /// What must hold for a run to be complete.
    pub(crate) expect: ExpectSpec,
    /// What a status stands for: `{ 404 = "empty" }`.
    pub(crate) status: BTreeMap<String, StatusSpec>,
    /// Place whose value, unless it is null, false or empty, makes any answer a failure.
    pub(crate) error_when: Option<String>,
    /// Field or fields that identify a record.
    pub(crate) key: Option<Names>,
    /// What absence from a complete run means. Default: `mirror`.
    pub(crate) mode: Option<ModeSpec>,
    /// What becomes of rows that are gone.
    pub(crate) deletes: DeletesSpec,
    /// Asks only for what changed. Not supported yet.
    pub(crate) cursor: Option<CursorSpec>,
    /// How often an incremental resource is read in full. Not supported yet.
    pub(crate) full_every: Option<String>,
    /// One walk for each row of another resource.
    pub(crate) for_each: Option<ForEachSpec>,
    /// Text fields that full text search reads.
    pub(crate) search: Option<Names>,
    /// Typed columns by name; a type alone, or a table.
    pub(crate) fields: BTreeMap<String, FieldEntry>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "Method")]
pub(crate) enum MethodSpec {
    Get,
    /// Not supported yet.
    Post,
}

/// What the upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Format")]
pub(crate) enum FormatSpec {
    Json,
    /// One record a line. Not supported yet.
    Ndjson,
    /// Not supported yet.
    Csv,
}

/// How the upstream hands out its records.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Page")]
pub(crate) struct PageSpec {
    /// The kind of paging.
    pub(crate) kind: Option<PageKind>,
    /// The parameter that asks for a page.
    pub(crate) param: Option<String>,
    /// Where the parameter goes. Default: `query`.
    #[serde(rename = "in")]
    pub(crate) within: Option<WithinSpec>,
    /// The first page's number (`page`), or the first record's (`offset`, default 0).
    pub(crate) start: Option<u64>,
    /// Records in a full page.
    pub(crate) size: Option<u64>,
    /// The parameter that asks for so many.
    pub(crate) size_param: Option<String>,
    /// Place of the next cursor or URL. Not supported yet.
    pub(crate) next: Option<String>,
    /// Place of the flag that there is more. Not supported yet.
    pub(crate) more: Option<String>,
    /// Place of the number of all records.
    pub(crate) total: Option<String>,
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
    /// A token from the page before. Not supported yet.
    Cursor,
    /// The URL in the `Link` header with `rel="next"`.
    Link,
    /// A URL in the body. Not supported yet.
    Url,
}

/// Where a page's parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "In")]
pub(crate) enum WithinSpec {
    Query,
    /// Not supported yet.
    Body,
}

/// What must hold for a run to be complete.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Expect")]
pub(crate) struct ExpectSpec {
    /// How near the number of records must come to the stated total: `exact`, `within 2`, `off`. Default: `exact` where `page.total` is given.
    pub(crate) total: Option<String>,
    /// Fewest records.
    pub(crate) min: Option<u64>,
    /// Largest share of the live rows by which a run may fall short of them: `30%`.
    pub(crate) max_drop: Option<String>,
}

/// What a status stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Status")]
pub(crate) enum StatusSpec {
    /// A page without records.
    Empty,
}

/// What absence from a complete run means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Mode")]
pub(crate) enum ModeSpec {
    /// The row is gone.
    Mirror,
    /// Nothing.
    Upsert,
    /// Nothing, and what came once never changes. Not supported yet.
    Append,
}

/// What becomes of rows that are gone.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Deletes")]
pub(crate) struct DeletesSpec {
    /// Default: `soft`.
    pub(crate) how: Option<DeleteHowSpec>,
    /// Most rows that one run may delete, as a share of the live ones (`20%`) or a number. Default: `20%`.
    pub(crate) max: Option<Amount>,
    /// Pointer to the member by which the upstream marks a deletion. Not supported yet.
    pub(crate) flag: Option<String>,
}

/// What becomes of a row that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeleteHow")]
pub(crate) enum DeleteHowSpec {
    /// Marked, kept as a tombstone.
    Soft,
    /// Removed.
    Hard,
    /// Left as it is.
    Off,
}

/// Asks only for what changed since the last complete run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cursor", extend("required" = ["field"]))]
pub(crate) struct CursorSpec {
    /// Pointer to the value that grows with each change.
    #[serde(default)]
    pub(crate) field: String,
    /// Its type: `timestamp` or `integer`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// Where the first run starts.
    pub(crate) start: Option<Scalar>,
    /// How far each run goes back behind the mark.
    pub(crate) lookback: Option<String>,
    /// The longest span asked for at once.
    pub(crate) window: Option<String>,
    /// In which order the upstream answers: `asc` or `desc`.
    pub(crate) order: Option<String>,
}

/// One walk for each row of another resource.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ForEach", extend("required" = ["resource"]))]
pub(crate) struct ForEachSpec {
    /// The parent, a resource of the same source.
    #[serde(default)]
    pub(crate) resource: String,
    /// Only parents whose fields have these values. Not supported yet.
    #[serde(rename = "where", default)]
    pub(crate) only: BTreeMap<String, Scalar>,
    /// Fields of the parent to put into each record, by the name that they get there.
    #[serde(default)]
    pub(crate) copy: BTreeMap<String, String>,
    /// Parents in one request. Not supported yet.
    pub(crate) batch: Option<u64>,
    /// Only parents that changed. Not supported yet.
    pub(crate) changed_only: Option<bool>,
}
