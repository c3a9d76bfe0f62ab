//! The syncer's tap, for the commands that look at it or turn it: the routes of an api, in this process over the
//! database of the settings, or of a remote one by HTTP. What is asked and what is answered are the same.

mod remote;
mod told;

use api::Local;
use axum::{
    body::to_bytes,
    http::{Method, StatusCode},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::remote::Remote;

/// Most bytes of an answer that are read.
const LONGEST_ANSWER: usize = 64 << 20;

/// Where everything about the syncer is.
const BASE: &str = "/api/v1/sync";

/// Who is asked.
pub(crate) enum Control {
    Local(Box<Local>),
    Remote(Remote),
}

/// What was said.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Control {
    /// What stands at `path`, behind the base of all that is about the syncer.
    ///
    /// # Errors
    /// It is refused, or nobody answers.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for something to be done.
    ///
    /// # Errors
    /// It is refused, or nobody answers.
    pub(crate) async fn act<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<T> {
        self.ask(method, path, Some(body.to_string())).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> anyhow::Result<T> {
        let path = format!("{BASE}{path}");
        let answer = match self {
            Self::Remote(remote) => remote.ask(method, &path, body).await?,
            Self::Local(local) => {
                let response = local.ask(method, &path, body).await;
                Answer {
                    status: response.status(),
                    body: to_bytes(response.into_body(), LONGEST_ANSWER).await?.into(),
                }
            }
        };
        told::document(&answer)
    }
}
