//! What a handler makes of rows: all but how fresh they are, which changes without them.

use std::sync::Arc;

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};

use crate::{
    AppState,
    caching::{self, Caching},
    freshness,
    registry::Resource,
};

/// What is answered of rows.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) about: About,
    pub(crate) body: Body,
}

/// What is known of an answer beside its body.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// The resource whose rows they are, and whose freshness is stated.
    pub(crate) resource: Arc<Resource>,
    /// The others that it tells of.
    pub(crate) others: Vec<Arc<Resource>>,
    /// What its `ETag` moves with, beside what is claimed of the rows.
    pub(crate) tag: String,
    /// When what it tells of changed last.
    pub(crate) modified: Option<DateTime<Utc>>,
    /// The header `Link`.
    pub(crate) links: String,
    /// The header `X-Total-Count`.
    pub(crate) total: Option<i64>,
    /// Whether it may be kept, here and elsewhere: another request would get the same.
    pub(crate) is_kept: bool,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// An object up to its last member, which says where the rows come from: `{"data":…`, without a comma.
    Envelope(String),
    /// All of it.
    Bare(String),
}

impl About {
    /// Of rows of `resource`, which are others whenever its version or that of one of the `others` moves.
    pub(crate) fn of_rows(resource: &Arc<Resource>, others: Vec<Arc<Resource>>) -> Self {
        Self {
            tag: versions(std::iter::once(resource).chain(&others)),
            modified: resource.model.changed_at,
            resource: Arc::clone(resource),
            others,
            links: String::new(),
            total: None,
            is_kept: true,
        }
    }

    /// All resources that it tells of.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Arc<Resource>> {
        std::iter::once(&self.resource).chain(&self.others)
    }

    /// The answer `304 Not Modified`, if the client's copy is still good.
    pub(crate) fn not_modified(&self, state: &AppState, request: &HeaderMap) -> Option<Response> {
        let model = &self.resource.model;
        let now = state.clock.now();
        let is_stale = freshness::is_stale(model, state.registry.is_in_touch(), now);
        let control = caching::control(freshness::max_age(model, now));
        self.caching(is_stale).not_modified(request, &control)
    }

    /// When a client's copy is still good.
    pub(super) fn caching(&self, is_stale: bool) -> Caching {
        // Nobody is to keep a claim that has become wrong.
        let claims = match (self.resource.model.complete, is_stale) {
            (true, false) => "c",
            (true, true) => "cs",
            (false, false) => "p",
            (false, true) => "ps",
        };
        Caching::of(&format!("{}.{claims}", self.tag), self.modified)
    }
}

/// What the `ETag` of several rows moves with: the version and definition of all resources that they come from.
pub(crate) fn versions<'a>(resources: impl IntoIterator<Item = &'a Arc<Resource>>) -> String {
    let versions = resources.into_iter().map(|resource| {
        let model = &resource.model;
        // A resource that was emptied and begins anew counts from nought again: the time tells them apart.
        let changed = model.changed_at.map_or(0, |at| at.timestamp_millis());
        let shape = resource.shape;
        format!("{}.{}.{shape:x}.{changed:x}", model.name, model.version)
    });
    versions.collect::<Vec<_>>().join(".")
}

/// Only marks the response: [`super::kept_or`] writes it out.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = ().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
