//! The `[resource.<name>]` tables, and `[defaults]`, which has the same keys.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, CursorSpec, FieldEntry, Names, PageSpec, Scalar, TableSpec};

/// One collection of the source.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Resource")]
pub(crate) struct ResourceSpec {
    /// What the records are, for the catalogue's readers.
    pub(crate) description: Option<String>,
    /// Who may read it in the api: `public`, `authenticated`, or a scope or several of which a caller needs one. Default: as the source says.
    pub(crate) read: Option<Names>,
    /// Appended to the source's `base_url`. A template.
    pub(crate) path: Option<String>,
    /// The request's method. Default: `GET`.
    pub(crate) method: Option<MethodSpec>,
    /// Query parameters, besides those of the source. Templates.
    pub(crate) query: BTreeMap<String, Scalar>,
    /// Headers, over those of the source. Templates.
    pub(crate) headers: BTreeMap<String, Scalar>,
    /// The JSON body of a `POST`; its texts are templates.
    pub(crate) body: Option<serde_json::Value>,
    /// What the upstream answers. Default: `json`.
    pub(crate) format: Option<FormatSpec>,
    /// For `csv`: the character between a line's values. Default: `,`.
    pub(crate) delimiter: Option<String>,
    /// For `json`: place of the array of records. Default: the body itself.
    pub(crate) records: Option<String>,
    /// For `json`: the records are the members of an object, and each gets its member's name under this one.
    pub(crate) keyed_by: Option<String>,
    /// For `json`: the place of the records holds one, and no array. Default: false.
    pub(crate) single: Option<bool>,
    /// How the upstream hands out its records.
    pub(crate) page: Option<PageSpec>,
    /// What must hold for a run to be complete.
    pub(crate) expect: ExpectSpec,
    /// What a status stands for: `{ 404 = "empty" }`.
    pub(crate) status: BTreeMap<String, StatusSpec>,
    /// Place whose value, unless it is null, false or empty, makes any answer a failure.
    pub(crate) error_when: Option<String>,
    /// Field or fields that identify a record; `hash`: its bytes do; `line`: its place does.
    pub(crate) key: Option<Names>,
    /// What absence from a complete run means. Default: `mirror`.
    pub(crate) mode: Option<ModeSpec>,
    /// What becomes of rows that are gone.
    pub(crate) deletes: DeletesSpec,
    /// Most rejects and bad values, as a share of the records (`5%`) or a number; with more, a run is `suspect`. Default: any number.
    pub(crate) bad_max: Option<Amount>,
    /// Asks only for what changed.
    pub(crate) cursor: Option<CursorSpec>,
    /// How often everything is read all the same: `7d`. Default: only at first, and when asked to.
    pub(crate) full_every: Option<String>,
    /// One walk for each row of another resource.
    pub(crate) for_each: Option<ForEachSpec>,
    /// Keeps each version of each record. Default: false.
    pub(crate) history: Option<bool>,
    /// Text fields that full text search reads.
    pub(crate) search: Option<Names>,
    /// Orders of several fields that lists may be sorted by, or by their reverse; `-` before a name: descending.
    pub(crate) orders: Option<Vec<Vec<String>>>,
    /// Typed columns by name; a type alone, or a table.
    pub(crate) fields: BTreeMap<String, FieldEntry>,
    /// Arrays of objects by name, each in a table of its own.
    pub(crate) tables: BTreeMap<String, TableSpec>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "Method")]
pub(crate) enum MethodSpec {
    Get,
    Post,
}

/// What the upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Format")]
pub(crate) enum FormatSpec {
    /// One document.
    Json,
    /// One JSON record a line.
    Ndjson,
    /// A header line, then one record a line (RFC 4180).
    Csv,
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
    /// Nothing, and what came once never changes.
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
    /// Pointer to the member by which the upstream marks a deletion: by anything but null, false, 0 or nothing.
    pub(crate) flag: Option<String>,
    /// The values of `flag` that do, where others do not: `["deleted"]`.
    pub(crate) values: Option<Vec<String>>,
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

/// One walk for each row of another resource.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ForEach", extend("required" = ["resource"]))]
pub(crate) struct ForEachSpec {
    /// The parent, a resource of the same source.
    #[serde(default)]
    pub(crate) resource: String,
    /// Only parents whose fields have these values.
    #[serde(rename = "where", default)]
    pub(crate) only: BTreeMap<String, Scalar>,
    /// Fields of the parent to put into each record, by the name that they get there.
    #[serde(default)]
    pub(crate) copy: BTreeMap<String, String>,
    /// Parents in one request, their values joined by commas. Default: 1.
    #[schemars(range(min = 2, max = 1000))]
    pub(crate) batch: Option<u64>,
    /// Only parents that are new or changed since the last complete run. Default: false.
    pub(crate) changed_only: Option<bool>,
}
