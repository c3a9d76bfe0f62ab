//! What a process keeps of a source between requests: connections, the budget, the token.

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entity::{Clock, source::Budget};
use reqwest::{Client, ClientBuilder, Proxy, RequestBuilder, Response, redirect::Policy};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{
    pace::{self, Later, Pace, Slot},
    token::Tokens,
};
use crate::{Ctx, Wait, error::SyncError, source::plan::Source};

/// Shorter waits are part of an upstream's pace.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// What a process keeps of a source between requests.
pub(crate) struct Session {
    name: String,
    pub(super) http: Client,
    pub(super) pace: Pace,
    /// `None`: its requests need no token that is given out.
    pub(super) tokens: Option<Arc<Tokens>>,
    pub(super) timeout: Duration,
    /// The longest that a request waits.
    pub(super) patience: Duration,
}

impl Session {
    /// The session of `source`, over `http` unless it has a proxy of its own.
    ///
    /// # Errors
    /// Its proxy is none.
    pub(crate) fn new(source: &Source, http: &Client, clock: Clock) -> Result<Self, SyncError> {
        let http = match &source.proxy {
            None => http.clone(),
            Some(proxy) => {
                let proxied = Proxy::all(proxy.expose_secret())
                    .and_then(|proxy| client().proxy(proxy).build());
                // What the error says may show the proxy's password.
                proxied.map_err(|_| SyncError::Unaskable {
                    url: source.base_url.to_string(),
                    why: "source.proxy is not the URL of a proxy: http:// or https://".to_owned(),
                })?
            }
        };
        Ok(Self {
            name: source.name.clone(),
            http,
            pace: Pace::new(&source.limits, clock),
            tokens: Tokens::of(source).map(Arc::new),
            timeout: source.timeout,
            patience: source.retry.max_wait,
        })
    }

    /// Asks for nothing until then: the upstream said so to a run before.
    pub(crate) fn close(&self, until: DateTime<Utc>) {
        self.pace.close(until);
    }

    /// What may be asked now, as far as this process knows.
    pub(crate) fn told(&self) -> Budget {
        self.pace.told()
    }

    /// Waits for the right to send a request.
    ///
    /// # Errors
    /// The wait is longer than the plan allows, or it is time to stop.
    pub(super) async fn slot(&self, ctx: &Ctx) -> Result<Slot<'_>, SyncError> {
        let slot = tokio::select! {
            // First, so that no slot is taken and thrown away.
            biased;
            () = ctx.stop.asked() => return Err(SyncError::Stopped),
            slot = self.pace.slot(self.patience, |wait| self.tell(ctx, wait)) => slot,
        };
        slot.map_err(|Later(until)| {
            warn!(source = self.name, %until, "the upstream asks to wait longer than a run may");
            SyncError::Deferred { until }
        })
    }

    /// Tells whoever watches that the upstream asks to wait, unless it is over at once.
    fn tell(&self, ctx: &Ctx, wait: Duration) {
        if wait >= WORTH_TELLING {
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            info!(source = self.name, wait_ms, "the upstream asks to wait");
            (ctx.on_wait)(Wait::Upstream(wait));
        }
    }

    /// Sends `request`, for which there must be a slot.
    pub(super) async fn send(
        &self,
        ctx: &Ctx,
        request: RequestBuilder,
    ) -> reqwest::Result<Response> {
        let sent_at = Instant::now();
        let sent = request.timeout(self.timeout).send().await;
        let status = sent.as_ref().map_or("error".to_owned(), |response| {
            response.status().as_u16().to_string()
        });
        ctx.metrics
            .upstream_request(&self.name, &status, sent_at.elapsed());
        sent
    }

    /// Learns what the head of an answer says about the budget.
    pub(super) fn learn(&self, source: &Source, response: &Response) {
        let head = (response.status().as_u16(), response.headers());
        let said = pace::said(&source.limits, head, None, self.pace.time());
        self.pace.learn(said);
    }
}

impl fmt::Debug for Session {
    /// A client tells its proxy, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("source", &self.name)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// A client that follows no redirects: what it would send along is ours to decide.
pub(crate) fn client() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("catchment/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .redirect(Policy::none())
}
