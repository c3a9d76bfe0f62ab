//! Changes as server-sent events: a stream that tells them as they come, and in between that it is there.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use futures::stream;
use tokio::time::Instant;

use super::{
    feed::Form,
    follower::{Follower, Woken},
    headers, render,
};
use crate::problem::Problem;

/// A comment, below the minute after which proxies cut what is silent.
const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// The stream of what `follower` does not know yet.
///
/// # Errors
/// As many follow as may at once.
pub(super) async fn answer(mut follower: Follower) -> Result<Response, Problem> {
    follower.take_place()?;
    let version = follower.resource().await?.model.version;
    let mut headers = headers("text/event-stream", version);
    // NGINX holds back what comes from behind it, unless it is told not to.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    let events = Events {
        follower,
        greeted: false,
    };
    let pieces = stream::unfold(events, async |mut events| {
        let piece = events.next().await?;
        Some((Ok::<_, Infallible>(piece), events))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A stream under way.
struct Events {
    follower: Follower,
    /// Whether anything was sent: the first event tells a client the place from which to go on, whatever happens.
    greeted: bool,
}

impl Events {
    /// The next piece of the stream; `None`: it is over.
    ///
    /// It ends when the server stops, the database does not answer, changes went without a trace, or the client may not
    /// read on. It asks again with the last event's id, and is then told what is the matter.
    async fn next(&mut self) -> Option<Bytes> {
        let heartbeat = Instant::now() + self.follower.state.settings.heartbeat;
        loop {
            let resource = self.follower.resource().await.ok()?;
            if let Some(until) = self.follower.due(&resource) {
                let batch = self.follower.read(&resource, until, Form::Events).await;
                let batch = batch.map_err(|problem| tell(&problem)).ok()?;
                self.follower.at = batch.last;
                self.greeted = true;
                return Some(batch.body);
            }
            if !self.greeted {
                self.greeted = true;
                return Some(render::version(self.follower.at).into());
            }
            match self.follower.wait(heartbeat).await {
                Woken::News => {}
                Woken::Late => return Some(HEARTBEAT),
                Woken::Stopping => return None,
            }
        }
    }
}

/// Of thousands of followers each would say the same: the log has it once from whoever reads the registry.
fn tell(problem: &Problem) {
    let error = problem.cause_chain();
    tracing::debug!(error, "a stream of changes ends early");
}
