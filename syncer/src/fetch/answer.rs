//! Reads an answer: its status, what its headers say, and its body within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::{Response, header::HeaderMap};
use url::Url;

use super::{Ask, Failed, Page, page, request, retry, secrets::Secrets};
use crate::{
    error::SyncError,
    source::plan::{Place, Plan, Source},
};

/// The page in `response`, which came from `url`.
pub(super) async fn read(
    response: Response,
    ask: Ask<'_>,
    url: &Url,
    shown: String,
    now: DateTime<Utc>,
) -> Result<Page, Failed> {
    let secrets = Secrets::of(ask.source, ask.plan);
    let status = response.status();
    let headers = response.headers().clone();
    let empty = ask.plan.empty_on.contains(&status.as_u16());
    let limit = ask.source.max_body;
    let (body, whole) = body(response, limit)
        .await
        .map_err(|source| broken(&shown, source))?;
    if !status.is_success() && !empty {
        let wait = wait_asked(ask.source, status.as_u16(), &headers, now);
        let said = beginning(&body, &secrets);
        let error = SyncError::Status {
            url: shown,
            status: status.as_u16(),
            said,
        };
        return Err(Failed { error, wait });
    }
    if !whole {
        return Err(SyncError::TooLarge { url: shown, limit }.into());
    }
    if !empty && let Some(found) = foreign_type(&headers) {
        let said = beginning(&body, &secrets);
        return Err(SyncError::ContentType {
            url: shown,
            found,
            said,
        }
        .into());
    }
    let links = headers
        .get_all("link")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let next = links.filter_map(page::next_link).next();
    Ok(Page {
        next: next.map(|link| request::resolved(ask, url, &link)),
        total: stated_total(ask.plan, &headers),
        body: (!empty).then_some(body),
        url: shown,
        headers,
        secrets,
    })
}

/// A request that broke off. The error's own URL may hold credentials, and goes.
pub(super) fn broken(shown: &str, source: reqwest::Error) -> SyncError {
    SyncError::Request {
        url: shown.to_owned(),
        source: source.without_url(),
    }
}

/// The body up to `limit` bytes, and whether that is all of it.
async fn body(mut response: Response, limit: u64) -> Result<(Bytes, bool), reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if (body.len() + chunk.len()) as u64 > limit {
            body.extend_from_slice(&chunk);
            body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok((body.freeze(), false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), true))
}

/// The content type, if it is one that never holds records: a login page or an error page answered as 200.
fn foreign_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("content-type")?.to_str().unwrap_or("?");
    let kind = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let plausible = kind.ends_with("json")
        || ["text/plain", "application/octet-stream", ""].contains(&kind.as_str());
    (!plausible).then_some(kind)
}

fn stated_total(plan: &Plan, headers: &HeaderMap) -> Option<u64> {
    match plan.page.total() {
        Some(Place::Header(name)) => headers.get(name)?.to_str().ok()?.trim().parse().ok(),
        _ => None,
    }
}

/// What a refusal asks to wait. On a success the same headers are only information.
fn wait_asked(
    source: &Source,
    status: u16,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Option<Duration> {
    const REFUSALS: [u16; 2] = [429, 503];
    if !REFUSALS.contains(&status) {
        return None;
    }
    let names = ["retry-after"]
        .into_iter()
        .chain(source.limits.retry_after.as_deref());
    names
        .filter_map(|name| retry::wait_asked(headers.get(name)?.to_str().ok()?, now))
        .max()
}

/// The first characters of a body, on one line, without secrets.
fn beginning(body: &[u8], secrets: &Secrets) -> String {
    let text = secrets.hide(&String::from_utf8_lossy(&body[..body.len().min(4000)]));
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(120).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    if short.is_empty() {
        "(no body)".to_owned()
    } else {
        short
    }
}
