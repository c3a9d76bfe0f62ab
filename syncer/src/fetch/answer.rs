//! Reads an answer: its status, what its headers say, and its body within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap},
};

use super::{
    Ask, Failed, Got, Page, Validators,
    pace::{self, Pace},
    page::At,
    request::Call,
    secrets::Secrets,
    target::Links,
};
use crate::{error::SyncError, source::plan::Format};

/// Of an answer that is no page only its beginning is of use.
const REFUSAL: u64 = 64 << 10;
/// As much room is made for a body at once as it announces, but no more than so many bytes.
const ROOM: u64 = 8 << 20;

/// What came of `call`.
pub(super) async fn read(
    response: Response,
    ask: Ask<'_>,
    call: &Call<'_>,
    (pace, secrets): (&Pace, Secrets),
) -> Result<Got, Failed> {
    let status = response.status();
    if status == 304 && call.is_conditional() {
        return Ok(Got::NotModified(Box::new(response.headers().clone())));
    }
    let shown = || call.target.shown.clone();
    let headers = response.headers().clone();
    // A page that the upstream itself led to is there: without it the walk would end as if it had been the last.
    let is_led_to = ask.plan.page.way.is_handed_out() && *ask.at != At::First;
    let empty = ask.plan.empty_on.contains(&status.as_u16()) && !is_led_to;
    let is_page = status.is_success();
    let limit = ask.source.max_body;
    let most = if is_page { limit } else { limit.min(REFUSAL) };
    let (body, whole) = body(response, most)
        .await
        .map_err(|source| broken(shown(), source, ask.source.timeout))?;
    let limits = &ask.source.limits;
    let said = pace::said(
        limits,
        (status.as_u16(), &headers),
        Some(&body),
        pace.time(),
    );
    if call.target.is_own && pace::is_in_body(limits) {
        pace.learn(said);
    }
    if !is_page && !empty {
        return Err(Failed {
            error: SyncError::Status {
                url: shown(),
                status: status.as_u16(),
                said: beginning(&body, &secrets),
            },
            wait: said.closed_for().filter(|_| call.target.is_own),
            refused: None,
        });
    }
    if is_page && !whole {
        let url = shown();
        return Err(SyncError::TooLarge { url, limit }.into());
    }
    if !empty && let Some(found) = foreign_type(&headers, ask.plan.format) {
        return Err(SyncError::ContentType {
            url: shown(),
            found: secrets.hide(&found),
            wanted: wanted(ask.plan.format),
            said: beginning(&body, &secrets),
        }
        .into());
    }
    Ok(Got::Page(Box::new(Page {
        links: Links::of(ask, &call.target.url),
        body: (!empty).then_some(body),
        url: shown(),
        status: Some(status.as_u16()),
        validators: Validators::of(&headers),
        headers,
        rest: None,
        secrets,
    })))
}

/// A request that broke off, of those that may take as long as `timeout`. The error's own URL may hold credentials,
/// and goes.
pub(super) fn broken(shown: String, source: reqwest::Error, timeout: Duration) -> SyncError {
    // A connection has a time of its own, which no key sets.
    if source.is_timeout() && !source.is_connect() {
        return SyncError::TimedOut {
            url: shown,
            after: timeout,
        };
    }
    SyncError::Request {
        url: shown,
        source: source.without_url(),
    }
}

/// The body up to `limit` bytes as they are after decompression, and whether that is all of it.
pub(super) async fn body(
    mut response: Response,
    limit: u64,
) -> Result<(Bytes, bool), reqwest::Error> {
    let announced = response.content_length().unwrap_or(0).min(ROOM).min(limit);
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await? {
        if (body.len() + chunk.len()) as u64 > limit {
            let room = usize::try_from(limit).unwrap_or(usize::MAX) - body.len();
            body.extend_from_slice(&chunk[..room]);
            return Ok((body.freeze(), false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), true))
}

/// The first characters of a body, on one line, without secrets.
pub(super) fn beginning(body: &[u8], secrets: &Secrets) -> String {
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

/// The content type, if it is one that never holds records: a login page or an error page answered as 200.
fn foreign_type(headers: &HeaderMap, format: Format) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("?");
    let kind = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let own: &[&str] = match format {
        Format::Json => &["json"],
        Format::Ndjson => &["json", "jsonl", "jsonlines", "json-seq", "json-stream"],
        Format::Csv { .. } => &[
            "csv",
            "comma-separated-values",
            "tab-separated-values",
            "ms-excel",
        ],
    };
    let plausible = own.iter().any(|end| kind.ends_with(end))
        || ["text/plain", "application/octet-stream", ""].contains(&kind.as_str());
    (!plausible).then_some(kind)
}

fn wanted(format: Format) -> &'static str {
    match format {
        Format::Json => "JSON",
        Format::Ndjson => "NDJSON",
        Format::Csv { .. } => "CSV",
    }
}
