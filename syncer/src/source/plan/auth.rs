//! How requests prove who sends them.

use std::fmt;

use secrecy::SecretString;
use url::Url;

use super::{JsonTemplate, Method, Place, Template};

/// How requests prove who sends them.
pub enum Auth {
    None,
    Header {
        name: String,
        value: SecretString,
    },
    Query {
        name: String,
        value: SecretString,
    },
    Basic {
        username: String,
        password: SecretString,
    },
    Bearer {
        token: SecretString,
    },
    /// OAuth 2.0 (RFC 6749): a token from `token_url`, sent as a bearer (RFC 6750).
    Oauth2 {
        token_url: Url,
        client_id: SecretString,
        client_secret: SecretString,
        grant: Grant,
        scope: Option<String>,
    },
    /// A token from a request of its own.
    Login {
        path: Template,
        method: Method,
        body: Option<JsonTemplate>,
        /// Where the token stands in the answer.
        token: Place,
        /// The header that carries it.
        header: String,
        /// What stands before it in the header, as `Bearer `.
        prefix: String,
    },
}

/// What an OAuth 2.0 token is given for.
pub enum Grant {
    /// The client's own credentials (RFC 6749, section 4.4).
    ClientCredentials,
    /// A refresh token (RFC 6749, section 6), which its use may replace with another.
    RefreshToken {
        token: SecretString,
        /// The file it was read from, which a new one is written to.
        file: Option<std::path::PathBuf>,
    },
}

impl fmt::Debug for Auth {
    /// A user's name may be the secret: some APIs take their key as one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Header { name, .. } => write!(f, "header {name} [secret]"),
            Self::Query { name, .. } => write!(f, "query {name} [secret]"),
            Self::Basic { .. } => f.write_str("basic [secret]"),
            Self::Bearer { .. } => f.write_str("bearer [secret]"),
            Self::Oauth2 { .. } => f.write_str("oauth2 [secret]"),
            Self::Login { .. } => f.write_str("login [secret]"),
        }
    }
}
