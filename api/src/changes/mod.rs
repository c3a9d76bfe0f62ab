//! `GET /{source}/{resource}/-/changes`: what changed since a version, at once, by long poll, or as a stream of events.
//!
//! What is told is committed: never more than the version that the registry read last. Whoever asks without `since`
//! follows from now on.

mod feed;
mod follower;
mod query;
mod render;
mod sse;

use std::time::Duration;

use axum::{
    extract::{RawQuery, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};
use tokio::time::Instant;

pub(crate) use self::{
    feed::Feed,
    query::{FORMS, waiting},
};
use self::{
    feed::Form,
    follower::{Follower, Woken},
    query::{Asked, How},
};
use crate::{
    AppState,
    identity::{Credentials, View},
    path::Segments,
    problem::Problem,
    routes::CHANGES,
};

/// Longest time that a long poll may wait.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub(crate) async fn changes(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let asked = Asked::parse(query.as_deref(), &request, &state.settings)?;
    let credentials = Credentials::of(&request, CHANGES);
    let follower = Follower::begin(&state, (resource, credentials), asked.since).await?;
    match asked.how {
        How::Poll { limit, wait } => poll(follower, limit, wait).await,
        How::Stream => sse::answer(follower).await,
    }
}

/// Answers as soon as there is something to tell, or when `wait` is over.
async fn poll(mut follower: Follower, limit: u64, wait: Duration) -> Result<Response, Problem> {
    let deadline = Instant::now() + wait;
    if !wait.is_zero() {
        follower.take_place()?;
    }
    loop {
        let resource = follower.resource().await?;
        if let Some(until) = follower.due(&resource) {
            let batch = follower
                .read(&resource, until, Form::Json { limit })
                .await?;
            return Ok(answer(batch.body, until));
        }
        if wait.is_zero() || follower.wait(deadline).await != Woken::News {
            let version = resource.model.version;
            let body = render::nothing(follower.at, version);
            return Ok(answer(body, version));
        }
    }
}

fn answer(body: impl IntoResponse, version: i64) -> Response {
    (headers("application/json", version), body).into_response()
}

fn headers(content_type: &'static str, version: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    let name = HeaderName::from_static("catchment-version");
    headers.insert(name, version.into());
    headers
}
