//! What proves who sends a request, ready to be put on it.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::source::plan::Auth;

/// What proves who sends a request.
pub(super) enum Proof {
    Nothing,
    Header(HeaderName, HeaderValue),
    Query(String, SecretString),
}

impl Proof {
    /// The proof that `auth` asks for, with the token it was given, if it is of a kind that gets one.
    ///
    /// # Errors
    /// The credential cannot stand in a header.
    pub(super) fn of(auth: &Auth, token: Option<&SecretString>) -> Result<Self, String> {
        let token = token.map_or("", SecretString::expose_secret);
        match auth {
            Auth::None => Ok(Self::Nothing),
            Auth::Query { name, value } => Ok(Self::Query(name.clone(), value.clone())),
            Auth::Header { name, value } => header(name, value.expose_secret()),
            Auth::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose_secret());
                header(
                    AUTHORIZATION.as_str(),
                    &format!("Basic {}", STANDARD.encode(pair)),
                )
            }
            Auth::Bearer { token } => bearer(token.expose_secret()),
            Auth::Oauth2 { .. } => bearer(token),
            Auth::Login {
                header: name,
                prefix,
                ..
            } => header(name, &format!("{prefix}{token}")),
        }
    }

    /// `url` with the credential, where it goes into the query.
    pub(super) fn on(&self, mut url: Url) -> Url {
        if let Self::Query(name, value) = self {
            url.query_pairs_mut()
                .append_pair(name, value.expose_secret());
        }
        url
    }

    /// What an upstream may repeat of it: also the part of a header's value that follows a word such as `Basic`.
    pub(super) fn secret(&self) -> Option<SecretString> {
        let Self::Header(_, value) = self else {
            return None;
        };
        let value = value.to_str().ok()?;
        Some(value.rsplit(' ').next().unwrap_or(value).into())
    }
}

fn bearer(token: &str) -> Result<Proof, String> {
    header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
}

fn header(name: &str, value: &str) -> Result<Proof, String> {
    let value = HeaderValue::try_from(value).ok();
    let header = HeaderName::try_from(name).ok().zip(value);
    let (name, mut value) = header.ok_or_else(|| {
        format!("the credential for header `{name}` has characters that no header may have")
    })?;
    value.set_sensitive(true);
    Ok(Proof::Header(name, value))
}
