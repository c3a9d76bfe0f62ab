//! The body around the rows, and the headers that mirror it.
//!
//! Rows are their payload's bytes: they are joined, never parsed, unless the caller wants part of them.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, LINK},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::members::write_some;
use crate::{caching::Caching, freshness, problem::Problem, registry::Resource};

/// What an answer says of where its rows come from, and how far to trust them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Meta<'a> {
    source: &'a str,
    resource: &'a str,
    version: i64,
    synced_at: Option<DateTime<Utc>>,
    complete: bool,
    stale: bool,
}

/// Where a list goes on, as cursors.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Page {
    pub(super) limit: u64,
    pub(super) next: Option<String>,
    pub(super) prev: Option<String>,
}

/// How many rows the list has, over all pages.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Count {
    pub(super) value: i64,
    pub(super) exact: bool,
}

impl<'a> Meta<'a> {
    pub(super) fn of(resource: &'a Resource, now: DateTime<Utc>) -> Self {
        Self {
            source: &resource.source.name,
            resource: &resource.model.name,
            version: resource.model.version,
            synced_at: resource.model.synced_at,
            complete: resource.model.complete,
            stale: freshness::is_stale(&resource.model, now),
        }
    }

    /// What an `ETag` has to carry so that no client keeps a claim that has become wrong.
    pub(super) fn claims(&self) -> &'static str {
        match (self.complete, self.stale) {
            (true, false) => "c",
            (true, true) => "cs",
            (false, false) => "p",
            (false, true) => "ps",
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let version = HeaderName::from_static("catchment-version");
        headers.insert(version, self.version.into());
        let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let synced_at = self.synced_at.map(text);
        if let Some(value) = synced_at.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(HeaderName::from_static("catchment-synced-at"), value);
        }
        headers
    }
}

/// Joins payloads: `[{…},{…}]`.
///
/// # Errors
/// A payload of which part is wanted is not an object.
pub(super) fn array<'a>(
    payloads: impl ExactSizeIterator<Item = &'a str>,
    wanted: Option<&[&str]>,
) -> Result<String, Problem> {
    let mut body = String::with_capacity(payloads.len() * 1024);
    body.push('[');
    for (index, payload) in payloads.enumerate() {
        if index > 0 {
            body.push(',');
        }
        write_row(&mut body, payload, wanted)?;
    }
    body.push(']');
    Ok(body)
}

/// Writes one row, or the wanted part of it.
///
/// # Errors
/// The payload of which part is wanted is not an object.
pub(super) fn write_row(
    body: &mut String,
    payload: &str,
    wanted: Option<&[&str]>,
) -> Result<(), Problem> {
    match wanted {
        None => body.push_str(payload),
        Some(wanted) => write_some(body, payload, wanted).map_err(Problem::internal)?,
    }
    Ok(())
}

/// A list's body around its `rows`.
pub(super) fn list(
    rows: &str,
    page: &Page,
    count: Option<Count>,
    meta: &Meta<'_>,
) -> Result<String, Problem> {
    let (page, count, meta) = (json(page)?, json(&count)?, json(meta)?);
    Ok(format!(
        r#"{{"data":{rows},"page":{page},"count":{count},"meta":{meta}}}"#
    ))
}

/// The body of some rows out of all: with the `seed` that draws the same ones again.
pub(super) fn random(
    rows: &str,
    (limit, seed): (u64, u64),
    meta: &Meta<'_>,
) -> Result<String, Problem> {
    let meta = json(meta)?;
    Ok(format!(
        r#"{{"data":{rows},"limit":{limit},"seed":{seed},"meta":{meta}}}"#
    ))
}

/// The body of one record.
pub(super) fn one(row: &str, meta: &Meta<'_>) -> Result<String, Problem> {
    Ok(format!(r#"{{"data":{row},"meta":{}}}"#, json(meta)?))
}

/// The answer with its headers.
pub(super) fn answer(body: String, meta: &Meta<'_>, caching: &Caching, links: &str) -> Response {
    let mut response = (StatusCode::OK, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.extend(meta.headers());
    headers.extend(caching.headers());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(links) = HeaderValue::from_str(links) {
        headers.insert(LINK, links);
    }
    response
}

fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}
