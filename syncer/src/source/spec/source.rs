//! The `[source]` table: where the upstream is, how it knows us, and what it can bear.
//!
//! A key that the schema requires is a default to serde: its absence is reported by the grammar, and the rest is read on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scalar;

/// An upstream HTTP API.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Source", extend("required" = ["base_url", "name"]))]
pub(crate) struct SourceSpec {
    /// Prefix of the source's tables and URLs: small letters, digits and single underscores.
    #[serde(default)]
    pub(crate) name: String,
    /// What every resource's path is appended to: `https://api.example.com/v1`.
    #[serde(default)]
    pub(crate) base_url: String,
    /// When runs are due: cron in UTC with six fields, seconds first (`0 */30 * * * *`), or `every 30m`. Default: `every 1h`.
    pub(crate) schedule: Option<String>,
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
    /// The URL of a proxy.
    pub(crate) proxy: Option<String>,
    /// What the upstream allows: one budget for all resources, retries and runs of the source.
    #[serde(default)]
    pub(crate) limits: LimitsSpec,
    /// When a request is sent again.
    #[serde(default)]
    pub(crate) retry: RetrySpec,
}

/// How requests prove who sends them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "Auth")]
pub(crate) enum AuthSpec {
    /// Not at all.
    None {},
    /// A header.
    #[schemars(extend("required" = ["kind", "name", "value"]))]
    Header {
        /// The header's name.
        #[serde(default)]
        name: String,
        /// Its value, with secrets as `${NAME}` or `${file:/run/secrets/x}`.
        #[serde(default)]
        value: String,
        /// Go without when a secret is missing.
        #[serde(default)]
        optional: bool,
    },
    /// A query parameter.
    #[schemars(extend("required" = ["kind", "name", "value"]))]
    Query {
        /// The parameter's name.
        #[serde(default)]
        name: String,
        /// Its value, with secrets as `${NAME}` or `${file:/run/secrets/x}`.
        #[serde(default)]
        value: String,
        /// Go without when a secret is missing.
        #[serde(default)]
        optional: bool,
    },
    /// HTTP Basic (RFC 7617).
    #[schemars(extend("required" = ["kind", "username", "password"]))]
    Basic {
        /// The user's name; may hold a secret.
        #[serde(default)]
        username: String,
        /// The password, as a secret.
        #[serde(default)]
        password: String,
        /// Go without when a secret is missing.
        #[serde(default)]
        optional: bool,
    },
    /// `Authorization: Bearer` (RFC 6750).
    #[schemars(extend("required" = ["kind", "token"]))]
    Bearer {
        /// The token, as a secret.
        #[serde(default)]
        token: String,
        /// Go without when a secret is missing.
        #[serde(default)]
        optional: bool,
    },
    /// OAuth 2.0: client credentials, or a refresh token where one is given. Not supported yet.
    #[schemars(extend("required" = ["kind", "token_url", "client_id", "client_secret"]))]
    Oauth2 {
        /// Where tokens are given out.
        #[serde(default)]
        token_url: String,
        #[serde(default)]
        client_id: String,
        /// As a secret.
        #[serde(default)]
        client_secret: String,
        /// As a secret.
        refresh_token: Option<String>,
        /// Scopes, separated by blanks.
        scope: Option<String>,
    },
    /// A request whose answer holds the token. Not supported yet.
    #[schemars(extend("required" = ["kind", "path", "token"]))]
    Login {
        /// Appended to `base_url`.
        #[serde(default)]
        path: String,
        /// Default: `POST`.
        method: Option<String>,
        /// The request's JSON body, with secrets.
        #[serde(default)]
        body: BTreeMap<String, serde_json::Value>,
        /// Place of the token in the answer: `body:/token`.
        #[serde(default)]
        token: String,
    },
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
    /// Place of the number of requests left: `header:ratelimit-remaining`.
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
