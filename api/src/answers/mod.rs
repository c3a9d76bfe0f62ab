//! Rendered answers: kept by their URL while the rows that they tell of are as they were, and sent without asking the
//! database.
//!
//! A handler makes an [`Answer`]; how fresh it is, which coding the client takes and whether it has a good copy is
//! decided here, for a kept answer as for a new one. While the database is gone, what is kept is served as stale.

/// What a handler makes.
mod answer;
/// What a client takes, and bodies in that form.
mod coding;
/// How far to trust it.
mod meta;
/// An answer as it is sent.
mod rendered;

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use quick_cache::{Weighter, sync::Cache};

pub(crate) use self::answer::{About, Answer, Body, versions};
pub(crate) use self::meta::Meta;
use self::rendered::{Held, Rendered};
use crate::{AppState, problem::Problem};

/// The largest answer that is kept, as a part of all that may be kept.
const LARGEST: u64 = 8;
/// About what an answer takes beside its body and URL.
const OVERHEAD: u64 = 2 * 1024;
/// The size of most answers, from which the number of entries is reckoned.
const USUAL: u64 = 16 * 1024;

/// The answers that are kept.
#[derive(Debug)]
pub(crate) struct Answers {
    kept: Cache<String, Arc<Rendered>, Weight>,
    largest: u64,
}

#[derive(Clone, Debug)]
struct Weight;

/// What of a request decides how a kept answer is sent.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    url: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> Asked<'a> {
    /// `None`: no answer to it is ever kept.
    pub(crate) fn of(request: &'a Request) -> Option<Self> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let url = request.uri().path_and_query()?;
        is_read.then(|| Self {
            url: url.as_str(),
            method: request.method(),
            headers: request.headers(),
        })
    }
}

/// What was kept of an earlier answer, with the route that it took; `None`: nothing that still holds.
pub(crate) async fn kept(state: &AppState, asked: Asked<'_>) -> Option<(MatchedPath, Response)> {
    let now = state.clock.now();
    let kept = state.answers.held(state, asked.url, now)?;
    let response = kept.respond(asked.method, asked.headers, now);
    Some((kept.route().clone(), response.await))
}

/// What was kept of an earlier answer to `request`, or what `answer` makes of it, which is kept if it tells of rows.
pub(crate) async fn kept_or(
    state: &AppState,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let (Some(asked), Some(route)) = (Asked::of(&request), route) else {
        return answer(request).await;
    };
    if let Some((_, response)) = kept(state, asked).await {
        return response;
    }
    let (url, method, headers) = (
        asked.url.to_owned(),
        asked.method.clone(),
        asked.headers.clone(),
    );
    let mut response = answer(request).await;
    let Some(answer) = response.extensions_mut().remove::<Answer>() else {
        return response;
    };
    let now = state.clock.now();
    match Rendered::of((route, answer), state.registry.is_in_touch(), now) {
        Ok(rendered) => {
            let rendered = Arc::new(rendered);
            state.answers.insert(url, &rendered);
            rendered.respond(&method, &headers, now).await
        }
        Err(error) => Problem::internal(error).into_response(),
    }
}

impl Answers {
    /// Keeps at most about so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / USUAL).unwrap_or(usize::MAX).max(1);
        Self {
            kept: Cache::with_weighter(entries, bytes, Weight),
            largest: bytes / LARGEST,
        }
    }

    /// The answer to `url`, if the rows that it tells of are as they were.
    fn held(&self, state: &AppState, url: &str, now: DateTime<Utc>) -> Option<Arc<Rendered>> {
        let kept = self.kept.get(url)?;
        let snapshot = state.registry.snapshot().ok()?;
        let is_in_touch = state.registry.is_in_touch();
        match kept.held(&snapshot, is_in_touch, now) {
            Held::AsItIs => Some(kept),
            Held::Restated(restated) => {
                self.insert(url.to_owned(), &restated);
                Some(restated)
            }
            Held::Gone => None,
        }
    }

    fn insert(&self, url: String, rendered: &Arc<Rendered>) {
        if rendered.is_kept() && Weight.weight(&url, rendered) <= self.largest {
            self.kept.insert(url, Arc::clone(rendered));
        }
    }
}

impl Weighter<String, Arc<Rendered>> for Weight {
    /// Its other codings are smaller than its body, and together about as large.
    fn weight(&self, url: &String, rendered: &Arc<Rendered>) -> u64 {
        (url.len() + 2 * rendered.size()) as u64 + OVERHEAD
    }
}
