//! What a handler makes of rows: all but how fresh they are, which changes without them.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderValue},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    AppState,
    caching::{Audience, Caching, Modified},
    freshness,
    problem::Problem,
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
    /// Whether a changed definition may make others of the rows that are found: no commit tells of that.
    pub(crate) reads_fields: bool,
    /// The header `Link`.
    pub(crate) links: String,
    /// The header `X-Total-Count`.
    pub(crate) total: Option<i64>,
    /// How long ago the last complete run of its resource may have ended; `None`: however long.
    pub(crate) max_staleness: Option<TimeDelta>,
    /// Headers of its own.
    pub(crate) headers: HeaderMap,
    /// Whether it names the host that was asked: then it is another one for each.
    pub(crate) names_host: bool,
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
            reads_fields: true,
            resource: Arc::clone(resource),
            others,
            links: String::new(),
            total: None,
            max_staleness: None,
            headers: HeaderMap::new(),
            names_host: false,
            is_kept: true,
        }
    }

    /// All resources that it tells of.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &Arc<Resource>> {
        std::iter::once(&self.resource).chain(&self.others)
    }

    /// For how long it may be kept elsewhere. Rows of a local resource are others as soon as somebody writes.
    pub(super) fn control(&self, now: DateTime<Utc>) -> HeaderValue {
        match self.resource.definition.local {
            Some(_) => self.audience().ask_anew(),
            None => {
                let max_age = freshness::max_age(&self.resource.model, now);
                self.audience().control(max_age)
            }
        }
    }

    /// Who may be given it.
    pub(super) fn audience(&self) -> Audience {
        Audience::of(self.resources().map(Arc::as_ref))
    }

    /// Checks that the rows are as fresh as is wanted.
    ///
    /// # Errors
    /// They are not: the problem says when they may be.
    pub(crate) fn is_fresh_enough(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        let Some(limit) = self.max_staleness else {
            return Ok(());
        };
        let model = &self.resource.model;
        let age = model.synced_at.map(|at| now - at);
        if age.is_some_and(|age| age <= limit) {
            return Ok(());
        }
        let age = age.map_or_else(
            || "no run of it was complete yet".to_owned(),
            |age| format!("its last complete run ended {} s ago", age.num_seconds()),
        );
        let next = model.next_run_at.map_or(TimeDelta::zero(), |due| due - now);
        Err(Problem::not_fresh_enough(
            format!("resource `{}` is not fresh enough: {age}", model.name),
            next.num_seconds().max(1).unsigned_abs(),
        ))
    }

    /// The answer `304 Not Modified`, if the client's copy is still good.
    pub(crate) fn not_modified(&self, state: &AppState, request: &HeaderMap) -> Option<Response> {
        let model = &self.resource.model;
        let now = state.clock.now();
        let is_stale = freshness::is_stale(model, state.registry.is_in_touch(), now);
        let control = self.control(now);
        self.caching(is_stale).not_modified(request, &control, now)
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
        let modified = self.modified.map(|at| Modified {
            at,
            by_commits_only: claims == "c" && !self.reads_fields,
        });
        Caching::of(&format!("{}.{claims}", self.tag), modified, self.audience())
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
