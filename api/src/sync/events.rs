//! `GET /sync/events`: how the syncers fare, as server-sent events: all of it first, then what is another than it was.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{RawQuery, State},
    http::{
        HeaderName,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::board::Seen;
use crate::{AppState, parameters::Parameters, problem::Problem};

pub(crate) const FORMS: [&str; 1] = ["text/event-stream"];

/// A comment, below the minute after which proxies cut what is silent.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

pub(crate) async fn events(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let place = state.feed.place()?;
    let news = state.board.follow(&state).await?;
    let stopping = state.stopping.subscribe();
    let events = Events {
        state,
        news,
        stopping,
        told: None,
        _place: place,
    };
    let pieces = stream::unfold(events, async |mut events| {
        let piece = events.next().await?;
        Some((Ok::<_, Infallible>(piece), events))
    });
    let headers: [(HeaderName, &str); 3] = [
        (CONTENT_TYPE, FORMS[0]),
        (CACHE_CONTROL, "no-store"),
        // NGINX holds back what comes from behind it, unless it is told not to.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A stream under way.
struct Events {
    state: AppState,
    news: watch::Receiver<Arc<Seen>>,
    stopping: watch::Receiver<bool>,
    /// What was told last. Who takes its time is told how things are then, and not what they were meanwhile.
    told: Option<Arc<Seen>>,
    _place: OwnedSemaphorePermit,
}

impl Events {
    /// The next piece of the stream; `None`: the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let seen = Arc::clone(&self.news.borrow_and_update());
            let piece = seen.changed_since(self.told.as_deref());
            self.told = Some(seen);
            if !piece.is_empty() {
                return Some(piece.into());
            }
            let (news, stopping) = (&mut self.news, &mut self.stopping);
            let woken = async {
                tokio::select! {
                    biased;
                    _ = stopping.wait_for(|stops| *stops) => false,
                    changed = news.changed() => changed.is_ok(),
                }
            };
            match timeout(self.state.settings.heartbeat, woken).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => return Some(HEARTBEAT),
            }
        }
    }
}
