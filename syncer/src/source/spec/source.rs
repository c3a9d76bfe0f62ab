//! The `[source]` table: where the upstream is, how it knows us, and what it can bear.
//!
//! A key that the schema requires is a default to serde: its absence is reported by the grammar, and the rest is read on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AuthSpec, Names, Scalar};

/// An upstream HTTP API.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "Source",
    extend("required" = ["name"]),
    extend("if" = { "properties": { "kind": { "const": "local" } }, "required": ["kind"] }),
    extend("else" = { "required": ["base_url"] })
)]
pub(crate) struct SourceSpec {
    /// Prefix of the source's tables and URLs: small letters, digits and single underscores.
    #[serde(default)]
    pub(crate) name: String,
    /// Where its rows come from. Default: `http`.
    pub(crate) kind: Option<SourceKindSpec>,
    /// What every resource's path is appended to: `https://api.example.com/v1`, or a folder of files: `file:///data`, `file:data` beside the definition.
    #[serde(default)]
    pub(crate) base_url: String,
    /// When runs are due: cron in UTC with six fields, seconds first (`0 */30 * * * *`), or `every 30m`. Default: `every 1h`.
    pub(crate) schedule: Option<String>,
    /// Who may read its resources in the api: `public`, `authenticated`, or a scope or several of which a caller needs one, like `read:example`. Default: as the setting `api.read` says.
    pub(crate) read: Option<Names>,
    /// How requests prove who sends them. Default: not at all.
    pub(crate) auth: Option<AuthSpec>,
    /// Headers of every request. Templates.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Scalar>,
    /// Query parameters of every request. Templates.
    #[serde(default)]
    pub(crate) query: BTreeMap<String, Scalar>,
    /// Longest time from a request's start to its answer's last byte. Default: `30s`.
    pub(crate) timeout: Option<String>,
    /// Largest answer after decompression. Default: `64MiB`.
    pub(crate) max_body: Option<String>,
    /// The URL of a proxy, `http://…` or `https://…`; may hold secrets. Default: that of the variables `HTTPS_PROXY` and `HTTP_PROXY`.
    pub(crate) proxy: Option<String>,
    /// What the upstream allows: one budget for all resources, retries and runs of the source.
    #[serde(default)]
    pub(crate) limits: LimitsSpec,
    /// When a request is sent again.
    #[serde(default)]
    pub(crate) retry: RetrySpec,
}

/// Where a source's rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SourceKind")]
pub(crate) enum SourceKindSpec {
    /// From an upstream, or a folder of files: the syncer fetches them.
    Http,
    /// From the callers of the api, who write them.
    Local,
}

/// What the upstream allows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub(crate) struct LimitsSpec {
    /// Most requests in a time: `120/min`, `3/s`, `1000/h`.
    pub(crate) rate: Option<String>,
    /// Most requests at once.
    pub(crate) concurrency: Option<u64>,
    /// Place of the number of requests left: `header:ratelimit-remaining`, `body:/quota/remaining`.
    pub(crate) remaining: Option<String>,
    /// Place of the time at which there are more: `header:ratelimit-reset`. Seconds, epoch, HTTP date and RFC 3339 are told apart.
    pub(crate) reset: Option<String>,
    /// Place of the time to wait, besides the standard `Retry-After`.
    pub(crate) retry_after: Option<String>,
}

/// When a request is sent again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(crate) struct RetrySpec {
    /// Sendings of one request in all. Default: 5.
    pub(crate) attempts: Option<u64>,
    /// Statuses that may pass. Default: 408, 425, 429, 500, 502, 503, 504.
    pub(crate) on: Option<Vec<u16>>,
    /// Longest wait; what must wait longer ends the run as `deferred`. Default: `2m`.
    pub(crate) max_wait: Option<String>,
}
