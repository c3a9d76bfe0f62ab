//! OAuth 2.0 (RFC 6749): an access token for the client's own credentials, or for a refresh token.

use std::time::Duration;

use reqwest::{RequestBuilder, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{
    Url,
    form_urlencoded::{Serializer, byte_serialize},
};

use super::{Given, Reply, exchange, grant::Refresh};
use crate::{
    Ctx,
    error::SyncError,
    fetch::{answer::beginning, secrets::Secrets, session::Session},
    source::plan::{Auth, Grant},
};

/// How to get an access token.
#[derive(Debug)]
pub(super) struct Oauth2 {
    url: Url,
    client_id: SecretString,
    client_secret: SecretString,
    scope: Option<String>,
    refresh: Option<Refresh>,
    /// How the client proves itself: upstreams know one way or both, and do not say which.
    client: Client,
}

/// How a client proves itself (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// As HTTP Basic, which each upstream should know.
    Basic,
    /// In the form.
    Form,
}

impl Oauth2 {
    /// `None`: `auth` is of another kind.
    pub(super) fn of(auth: &Auth) -> Option<Self> {
        let Auth::Oauth2 {
            token_url,
            client_id,
            client_secret,
            grant,
            scope,
        } = auth
        else {
            return None;
        };
        let refresh = match grant {
            Grant::ClientCredentials => None,
            Grant::RefreshToken { token, file } => Some(Refresh::new(token, file.as_deref())),
        };
        // A client without a secret has nothing to prove: it only names itself.
        let is_public = client_secret.expose_secret().is_empty();
        Some(Self {
            url: token_url.clone(),
            client_id: client_id.clone(),
            client_secret: client_secret.clone(),
            scope: scope.clone(),
            refresh,
            client: if is_public {
                Client::Form
            } else {
                Client::Basic
            },
        })
    }

    pub(super) async fn ask(&mut self, ctx: &Ctx, session: &Session) -> Result<Given, SyncError> {
        let refresh = match &mut self.refresh {
            Some(refresh) => Some(refresh.current().await),
            None => None,
        };
        let own = [&self.client_id, &self.client_secret];
        let secrets = Secrets::default().and(own.into_iter().chain(&refresh));
        let mut reply = self.send(ctx, session, &refresh).await?;
        if is_client_unknown(&reply) && !self.client_secret.expose_secret().is_empty() {
            let first = self.client;
            self.client = first.other();
            let second = self.send(ctx, session, &refresh).await?;
            if second.status.is_success() {
                reply = second;
            } else {
                self.client = first;
            }
        }
        let (given, next) = read(&reply, &secrets)?;
        if let (Some(refresh), Some(next)) = (&mut self.refresh, next) {
            refresh.replace(next).await;
        }
        Ok(given)
    }

    async fn send(
        &self,
        ctx: &Ctx,
        session: &Session,
        refresh: &Option<SecretString>,
    ) -> Result<Reply, SyncError> {
        let request = self.request(session, refresh.as_ref());
        let shown = self.url.as_str().split('?').next().unwrap_or_default();
        exchange(ctx, session, (shown.to_owned(), request)).await
    }

    fn request(&self, session: &Session, refresh: Option<&SecretString>) -> RequestBuilder {
        let mut form = Serializer::new(String::new());
        match refresh {
            None => form.append_pair("grant_type", "client_credentials"),
            Some(token) => form
                .append_pair("grant_type", "refresh_token")
                .append_pair("refresh_token", token.expose_secret()),
        };
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        let (id, secret) = (
            self.client_id.expose_secret(),
            self.client_secret.expose_secret(),
        );
        let mut request = session
            .http
            .post(self.url.clone())
            .header("accept", "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match self.client {
            // The standard has them written as in a form before they are written as for Basic.
            Client::Basic => request = request.basic_auth(encoded(id), Some(encoded(secret))),
            Client::Form => {
                form.append_pair("client_id", id);
                if !secret.is_empty() {
                    form.append_pair("client_secret", secret);
                }
            }
        }
        request.body(form.finish())
    }
}

impl Client {
    fn other(self) -> Self {
        match self {
            Self::Basic => Self::Form,
            Self::Form => Self::Basic,
        }
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Whether the upstream may not have understood who asks.
fn is_client_unknown(reply: &Reply) -> bool {
    const UNDERSTOOD: [&str; 4] = [
        "invalid_grant",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ];
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let error = answer["error"].as_str().unwrap_or_default();
    matches!(reply.status.as_u16(), 400 | 401) && !UNDERSTOOD.contains(&error)
}

/// The token in `reply`, and the refresh token that replaces the one that was used.
fn read(reply: &Reply, secrets: &Secrets) -> Result<(Given, Option<SecretString>), SyncError> {
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty());
    let complaint = text("error").map(|error| {
        let more = text("error_description").map_or(String::new(), |more| format!(": {more}"));
        beginning(format!("{error}{more}").as_bytes(), secrets)
    });
    if !reply.status.is_success() {
        return Err(SyncError::Status {
            url: reply.url.clone(),
            status: reply.status.as_u16(),
            said: complaint.unwrap_or_else(|| beginning(&reply.body, secrets)),
        });
    }
    let Some(token) = text("access_token") else {
        // Its text is not shown: the token may stand in it under another name.
        let why = complaint.map_or("it has no `access_token`".to_owned(), |complaint| {
            format!("it says {complaint}")
        });
        let url = reply.url.clone();
        return Err(SyncError::Decode { url, why });
    };
    let life = match &answer["expires_in"] {
        Value::String(seconds) => seconds.trim().parse().ok(),
        seconds => seconds.as_f64(),
    };
    let given = Given {
        token: token.into(),
        life: life
            .filter(|seconds| *seconds > 0.0)
            .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds.min(1e9)).ok()),
    };
    Ok((given, text("refresh_token").map(SecretString::from)))
}
