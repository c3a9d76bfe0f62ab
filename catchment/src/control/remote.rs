//! A remote api, asked with a key.

use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::http::Method;
use reqwest::{Client, header::HeaderValue, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::Answer;

/// Longer than any answer may take: a wait is ended by the api, this is for one that is gone.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Remote {
    http: Client,
    url: Url,
    key: Option<SecretString>,
}

impl Remote {
    /// The api at `url`, which is asked with `key` if there is one.
    ///
    /// # Errors
    /// The system's TLS roots cannot be read.
    pub(crate) fn new(url: Url, key: Option<SecretString>) -> anyhow::Result<Self> {
        // The key is for that api, wherever it sends us.
        let http = Client::builder()
            .redirect(Policy::none())
            .timeout(PATIENCE)
            .build();
        let http = http.context("no HTTP client can be made")?;
        Ok(Self { http, url, key })
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> anyhow::Result<Answer> {
        let base = self.url.as_str().trim_end_matches('/');
        let mut request = self.http.request(method, format!("{base}{path}"));
        if let Some(key) = &self.key {
            let mut key = HeaderValue::from_str(key.expose_secret())
                .map_err(|_| anyhow!("the key is none: it has characters that no key has"))?;
            key.set_sensitive(true);
            request = request.header("x-api-key", key);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let place = self.place();
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        let answer = answer.with_context(|| format!("the api at {place} cannot be asked"))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(reqwest::Error::without_url);
        let body = body.with_context(|| format!("the answer of the api at {place} broke off"))?;
        Ok(Answer {
            status,
            body: body.into(),
        })
    }

    /// Where it is, without what may be a secret.
    fn place(&self) -> String {
        let mut url = self.url.clone();
        // A URL of http has room for both.
        let _cleared = (url.set_username(""), url.set_password(None));
        url.to_string()
    }
}
