//! Rendered answers: kept by their URL, for each class of callers who see the same, while the rows that they tell of are as they were, and sent without asking the
//! database.
//!
//! A handler makes an `Answer`; how fresh it is, which coding the client takes and whether it has a good copy is
//! decided here, for a kept answer as for a new one. While the database is gone, what is kept is served as stale.

/// What a handler makes.
mod answer;
/// What a client takes, and bodies in that form.
mod coding;
/// Equal requests at the same time.
mod flights;
/// What a kept answer is found by.
mod key;
/// How far to trust it.
mod meta;
/// An answer as it is sent.
mod rendered;

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, Method, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use quick_cache::{Weighter, sync::Cache};
use tokio::time::timeout_at;

pub(crate) use self::answer::{About, Answer, Body, versions};
pub(crate) use self::meta::Meta;
pub(crate) use self::rendered::{SYNCED_AT, VERSION};
use self::{
    flights::{Flights, Landing, Leader, Part},
    key::Key,
    rendered::{Held, Rendered},
};
use crate::{
    AppState, identity::View, metrics::Looked, patience::Patience, problem::Problem,
    protection::Cost, registry::Snapshot, routes,
};

/// The largest answer that is kept, as a part of all that may be kept.
const LARGEST: u64 = 8;
/// About what an answer takes beside its body and URL.
const OVERHEAD: u64 = 2 * 1024;
/// The size of most answers, from which the number of entries is reckoned.
const USUAL: u64 = 16 * 1024;

/// The answers that are kept.
#[derive(Debug)]
pub(crate) struct Answers {
    kept: Cache<Key, Arc<Rendered>, Weight>,
    largest: u64,
    flights: Flights,
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

/// What was kept of an earlier answer to somebody who sees the same as `view`, with the route that it took; `None`: nothing
/// that still holds.
pub(crate) async fn kept(
    state: &AppState,
    asked: Asked<'_>,
    (view, now): (&Snapshot, DateTime<Utc>),
) -> Option<(MatchedPath, Response)> {
    let kept = state.answers.held(state, asked.url, (view, now))?;
    let response = kept.respond(asked.method, asked.headers, now).await;
    state.metrics.looked(found(&response));
    Some((kept.route().clone(), response))
}

/// How a request went that did not come to a handler.
fn found(response: &Response) -> Looked {
    match response.status() {
        StatusCode::NOT_MODIFIED => Looked::NotModified,
        _ => Looked::Hit,
    }
}

/// What was kept of an earlier answer to `request`, or what `answer` makes of it, which is kept if it tells of rows.
///
/// Of equal requests at the same time one asks the database; the others wait for it, as long as a request may take.
pub(crate) async fn kept_or(
    state: &AppState,
    (request, patience): (Request, Patience),
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    // Who may see nothing is kept from the handlers; where nobody has to be known, nothing is kept.
    let view = request.extensions().get::<View>().cloned();
    let (Some(asked), Some(route), Some(View(view))) = (Asked::of(&request), route, view) else {
        return answer(request).await;
    };
    let kept_as = patience.kept_as.as_deref().unwrap_or(asked.url);
    let asked_plainly = Asked {
        url: kept_as,
        ..asked
    };
    let now = state.clock.now();
    if let Some((_, response)) = kept(state, asked_plainly, (&view, now)).await {
        return Cost::kept(response);
    }
    let sending = Sending {
        class: view.class(),
        url: asked.url.to_owned(),
        kept_as: patience.kept_as.clone(),
        method: asked.method.clone(),
        headers: asked.headers.clone(),
    };
    if !routes::is_of_rows(route.as_str()) {
        let response = answer(request).await;
        return sending.rendered(state, (route, response), None).await;
    }
    loop {
        let follower = match state.answers.flights.join(sending.flight()) {
            Part::Leads(leader) => {
                let response = answer(request).await;
                return sending
                    .rendered(state, (route, response), Some(leader))
                    .await;
            }
            Part::Follows(follower) => follower,
        };
        match timeout_at(patience.until, follower.landing()).await {
            // Whoever made it has gone: it is made by another of those who waited.
            Ok(None) => {}
            Ok(Some(Landing::Made(rendered))) => {
                let response = sending.respond(state, &rendered).await;
                state.metrics.looked(found(&response));
                return Cost::kept(response);
            }
            Ok(Some(Landing::Failed(problem))) => return problem.into_response(),
            Ok(Some(Landing::NotShared)) => {
                state.metrics.looked(Looked::Bypass);
                return answer(request).await;
            }
            Err(_) => return Problem::too_slow().into_response(),
        }
    }
}

/// What is left of a request when it has gone to its handler.
struct Sending {
    /// What the caller sees.
    class: u64,
    /// Equal requests wait for each other: for one that gives up early, only those who would, too.
    url: String,
    /// The URL whose answer it is, if that is another.
    kept_as: Option<String>,
    method: Method,
    headers: HeaderMap,
}

impl Sending {
    /// Writes out the answer that a handler made, keeps it, and hands it to those who wait.
    async fn rendered(
        &self,
        state: &AppState,
        (route, mut response): (MatchedPath, Response),
        leader: Option<Leader<'_>>,
    ) -> Response {
        let lands = |landing| {
            if let Some(leader) = leader {
                leader.lands(landing);
            }
        };
        let Some(answer) = response.extensions_mut().remove::<Answer>() else {
            let problem = response.extensions().get::<Problem>();
            if problem.is_none() && routes::may_be_kept(route.as_str()) {
                state.metrics.looked(match found(&response) {
                    Looked::NotModified => Looked::NotModified,
                    _ => Looked::Bypass,
                });
            }
            match problem {
                Some(problem) => lands(Landing::Failed(problem.clone())),
                // Another may have no copy.
                None if response.status() == StatusCode::NOT_MODIFIED => {}
                None => lands(Landing::NotShared),
            }
            return response;
        };
        let now = state.clock.now();
        match Rendered::of((route, answer), state.registry.is_in_touch(), now) {
            Ok(rendered) => {
                let rendered = Arc::new(rendered);
                state.metrics.looked(match rendered.is_kept() {
                    true => Looked::Miss,
                    false => Looked::Bypass,
                });
                let url = self.kept_as.as_ref().unwrap_or(&self.url);
                let (class, url) = (self.class, url.clone());
                state.answers.insert(Key { class, url }, &rendered);
                lands(Landing::Made(Arc::clone(&rendered)));
                self.respond(state, &rendered).await
            }
            Err(error) => Problem::internal(error).into_response(),
        }
    }

    fn flight(&self) -> Key<&str> {
        Key {
            class: self.class,
            url: &self.url,
        }
    }

    async fn respond(&self, state: &AppState, rendered: &Rendered) -> Response {
        let now = state.clock.now();
        rendered.respond(&self.method, &self.headers, now).await
    }
}

impl Answers {
    /// Keeps at most about so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / USUAL).unwrap_or(usize::MAX).max(1);
        Self {
            kept: Cache::with_weighter(entries, bytes, Weight),
            largest: bytes / LARGEST,
            flights: Flights::default(),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.kept.len()
    }

    /// The answer to `url` for whoever sees `view`, if the rows that it tells of are there, and as they were.
    fn held(
        &self,
        state: &AppState,
        url: &str,
        (view, now): (&Snapshot, DateTime<Utc>),
    ) -> Option<Arc<Rendered>> {
        let class = view.class();
        let key = Key { class, url };
        let kept = self.kept.get(&key)?;
        let is_in_touch = state.registry.is_in_touch();
        match kept.held(view, is_in_touch, now) {
            Held::AsItIs => Some(kept),
            Held::Restated(restated) => {
                self.insert(key.owned(), &restated);
                Some(restated)
            }
            Held::Gone => None,
        }
    }

    fn insert(&self, key: Key, rendered: &Arc<Rendered>) {
        if rendered.is_kept() && Weight.weight(&key, rendered) <= self.largest {
            self.kept.insert(key, Arc::clone(rendered));
        }
    }
}

impl Weighter<Key, Arc<Rendered>> for Weight {
    /// Its other codings are smaller than its body, and together about as large.
    fn weight(&self, key: &Key, rendered: &Arc<Rendered>) -> u64 {
        (key.url.len() + 2 * rendered.size()) as u64 + OVERHEAD
    }
}
