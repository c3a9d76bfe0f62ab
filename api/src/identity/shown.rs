//! What a request shows by which somebody could be known: a token or a key, and whether it is one of ours.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use super::token;
use crate::problem::{Kind, Problem};

/// Where a program sends its key, if not as a bearer token.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// How every key begins.
pub(crate) const KEY: &str = "ctm_";

/// A token or a key that is one of ours by its shape; whether it is good has to be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown<'a> {
    Token(&'a str),
    Key(&'a str),
}

impl<'a> Shown<'a> {
    /// What is shown; `None`: nothing. On a mirror, clients of an upstream show what is meant for that: it is passed by.
    ///
    /// # Errors
    /// It is none of ours, or there are two.
    pub(crate) fn of(headers: &'a HeaderMap, is_mirror: bool) -> Result<Option<Self>, Problem> {
        let bearers = headers.get_all(AUTHORIZATION).iter().map(bearer);
        let keys = headers.get_all(API_KEY).iter();
        let keys = keys.map(|value| value.to_str().ok());
        let shown: Vec<Option<Self>> = bearers
            .chain(keys)
            .map(|text| text.and_then(ours))
            .collect();
        if !is_mirror && shown.contains(&None) {
            let detail =
                "what `Authorization` or `X-API-Key` shows is no token and no key of this api";
            return Err(Problem::new(Kind::Unauthenticated, detail));
        }
        let mut ours = shown.into_iter().flatten();
        let first = ours.next();
        match ours.next() {
            Some(second) if first != Some(second) => Err(Problem::new(
                Kind::Unauthenticated,
                "the request shows two different tokens or keys; send one",
            )),
            _ => Ok(first),
        }
    }

    /// By what it is remembered.
    pub(crate) fn bytes(self) -> &'a [u8] {
        let (Self::Token(text) | Self::Key(text)) = self;
        text.as_bytes()
    }
}

/// What a request shows, without a look at what it is; `Ok(None)`: nothing. `Err`: more than one thing, or nothing that could
/// be ours.
pub(super) fn bytes(headers: &HeaderMap) -> Result<Option<&[u8]>, ()> {
    let mut bearers = headers.get_all(AUTHORIZATION).iter();
    let mut keys = headers.get_all(API_KEY).iter();
    let first = (bearers.next(), keys.next());
    if bearers.next().is_some() || keys.next().is_some() {
        return Err(());
    }
    match first {
        (None, None) => Ok(None),
        (Some(value), None) => behind_bearer(value.as_bytes()).map(Some).ok_or(()),
        (None, Some(value)) => Ok(Some(value.as_bytes())),
        (Some(_), Some(_)) => Err(()),
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    behind_bearer(value.to_str().ok()?.as_bytes()).and_then(|bytes| str::from_utf8(bytes).ok())
}

/// The word for it may be written in any case.
fn behind_bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked("bearer ".len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer ");
    is_bearer.then(|| rest.trim_ascii())
}

fn ours(text: &str) -> Option<Shown<'_>> {
    let is_key = text.starts_with(KEY) && text.len() < 128;
    if is_key {
        return Some(Shown::Key(text));
    }
    token::is_ours(text).then_some(Shown::Token(text))
}
