//! The `[source.auth]` table: how requests prove who sends them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MethodSpec;

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
    /// OAuth 2.0: client credentials, or a refresh token where one is given.
    #[schemars(extend("required" = ["kind", "token_url", "client_id", "client_secret"]))]
    Oauth2 {
        /// Where tokens are given out.
        #[serde(default)]
        token_url: String,
        /// The client's name; may hold a secret.
        #[serde(default)]
        client_id: String,
        /// The client's password, as a secret.
        #[serde(default)]
        client_secret: String,
        /// As a secret. One that is `${file:/path}` alone is written back when the upstream gives out another.
        refresh_token: Option<String>,
        /// Scopes, separated by blanks.
        scope: Option<String>,
        /// Go without when a secret is missing.
        #[serde(default)]
        optional: bool,
    },
    /// A request whose answer holds the token.
    #[schemars(extend("required" = ["kind", "path", "token"]))]
    Login {
        /// Appended to `base_url`; may hold secrets.
        #[serde(default)]
        path: String,
        /// Default: `POST`.
        method: Option<MethodSpec>,
        /// The request's JSON body, with secrets.
        body: Option<serde_json::Value>,
        /// Place of the token in the answer: `body:/token`, `header:x-token`.
        #[serde(default)]
        token: String,
        /// The header that carries the token. Default: `authorization`.
        header: Option<String>,
        /// What stands before the token in the header. Default: `Bearer ` in `authorization`, nothing in another.
        prefix: Option<String>,
        /// Go without when a secret is missing.
        #[serde(default)]
        optional: bool,
    },
}
