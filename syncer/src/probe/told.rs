//! What the headers of a page say of limits and of changes.

use serde::Serialize;

use super::look::Looked;
use crate::{
    Ctx,
    fetch::{Validators, pace},
    source::plan::{Limits, Place, Source},
};

/// What stands where `source.limits` says that the budget is told.
#[derive(Clone, Debug, Serialize)]
pub struct Limit {
    /// The key under `source.limits`: `remaining`, `reset` or `retry_after`.
    pub key: &'static str,
    pub place: String,
    /// As it stands there.
    pub value: Option<String>,
    /// Requests that are left, or seconds; `None`: it is not understood.
    pub number: Option<f64>,
}

/// What the page tells at the places that `source.limits` names.
pub(super) fn limits(ctx: &Ctx, source: &Source, looked: &Looked) -> Vec<Limit> {
    let page = &looked.page;
    let body = page.body.as_deref();
    let told = pace::told(&source.limits, &page.headers, body, ctx.clock.now());
    let limits = told.into_iter().map(|told| Limit {
        key: told.key,
        place: told.place,
        value: told.value.map(|value| page.secrets.hide(&value)),
        number: told.number,
    });
    limits.collect()
}

/// The headers by which the upstream tells whether a page changed.
pub(super) fn validators(looked: &Looked) -> Vec<&'static str> {
    let Validators {
        etag,
        last_modified,
    } = &looked.page.validators;
    let etag = etag.as_ref().map(|_| "ETag");
    let last_modified = last_modified.as_ref().map(|_| "Last-Modified");
    etag.into_iter().chain(last_modified).collect()
}

/// A hint at headers that look like a budget, and are not read.
pub(super) fn unread(source: &Source, looked: &Looked) -> Option<String> {
    let Limits {
        remaining, reset, ..
    } = &source.limits;
    let is_read = [remaining, reset].into_iter().any(Option::is_some);
    let names = looked.page.headers.keys().map(|name| name.as_str());
    let names = names.filter(|name| name.contains("ratelimit") || name.contains("rate-limit"));
    let names: Vec<String> = names
        .map(|name| Place::Header(name.to_owned()).to_string())
        .collect();
    (!is_read && !names.is_empty()).then(|| {
        format!(
            "the answer has {}; source.limits can name what tells the requests that are left, and until when",
            names.join(", ")
        )
    })
}
