//! Asks the upstream for a page: paced, authenticated, sent again where that may help.

mod answer;
mod file;
pub mod pace;
pub mod page;
mod request;
mod retry;
mod secrets;

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use bytes::Bytes;
use entity::run::Counts;
use reqwest::header::{ETAG, HeaderMap, LAST_MODIFIED, LINK};
use tokio::time::Instant;
use tracing::{debug, warn};

pub use self::request::Links;
use self::{
    page::{At, Part},
    secrets::Secrets,
};
use crate::{
    Ctx,
    error::{Fate, SyncError},
    source::plan::{Place, Plan, Source, Values},
};

/// An answer of the upstream, unread.
#[derive(Debug)]
pub struct Page {
    /// Where it came from, without secrets.
    pub url: String,
    /// `None`: the status says that there is nothing.
    pub body: Option<Bytes>,
    pub headers: HeaderMap,
    /// What its links are resolved against.
    pub links: Links,
    /// Of a local file that is read by parts: where the next one begins.
    pub rest: Option<Part>,
    /// What of its body must not be told.
    pub secrets: Secrets,
}

impl Page {
    /// The absolute URL of the next page, if a `Link` header names it.
    ///
    /// # Errors
    /// The header breaks off.
    pub fn link(&self) -> Result<Option<String>, SyncError> {
        for value in self.headers.get_all(LINK) {
            let header = String::from_utf8_lossy(value.as_bytes());
            let link = page::next_link(&header).map_err(|_| SyncError::Decode {
                url: self.url.clone(),
                why: "its `Link` header breaks off".to_owned(),
            })?;
            if let Some(link) = link {
                return Ok(Some(self.links.resolve(&link)));
            }
        }
        Ok(None)
    }
}

/// What came of a request.
#[derive(Debug)]
pub enum Got {
    Page(Box<Page>),
    /// The page is as it was when it had the validators that were sent along.
    NotModified,
}

/// By what the upstream tells whether a page is as it was (RFC 9110, section 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Validators {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        Self {
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED),
        }
    }
}

/// What a page is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub source: &'a Source,
    pub plan: &'a Plan,
    pub values: &'a Values,
    pub at: &'a At,
    /// Those of the page as it is known.
    pub known: Option<&'a Validators>,
}

/// Fetches the page at `ask.at`, and counts the requests and bytes that it took.
///
/// # Errors
/// The upstream cannot be reached, refuses, asks to wait longer than the plan allows, or it is time to stop.
pub async fn page(ctx: &Ctx, ask: Ask<'_>, counts: &mut Counts) -> Result<Got, SyncError> {
    if ask.source.is_local() {
        return file::page(ctx, ask, counts).await;
    }
    let retry = &ask.source.retry;
    let mut attempt = 1;
    loop {
        let asked = ctx.pace(ask.source).take(Instant::now()).await;
        wait(ctx, ask.source, asked).await?;
        counts.requests += 1;
        let failed = match once(ctx, ask).await {
            Ok(page) => {
                counts.bytes += page
                    .body
                    .as_ref()
                    .map_or(0, |body| i64::try_from(body.len()).unwrap_or(i64::MAX));
                return Ok(Got::Page(Box::new(page)));
            }
            Err(failed) => failed,
        };
        // An upstream that asks to wait longer than a run may is not asked again, however many attempts are left.
        if let Some(asked) = failed.wait.filter(|asked| *asked > retry.max_wait) {
            wait(ctx, ask.source, asked).await?;
        }
        if failed.error.fate(&retry.on) == Fate::Stop || attempt >= retry.attempts {
            return Err(failed.error);
        }
        let random = random();
        let pause = failed
            .wait
            .unwrap_or_else(|| retry::backoff(attempt, random));
        debug!(
            attempt,
            wait_ms = pause.as_millis(),
            error = failed.error.chain(),
            "request will be sent again"
        );
        wait(ctx, ask.source, pause).await?;
        attempt += 1;
    }
}

struct Failed {
    error: SyncError,
    /// What the upstream asked to wait.
    wait: Option<Duration>,
}

impl From<SyncError> for Failed {
    fn from(error: SyncError) -> Self {
        Self { error, wait: None }
    }
}

async fn once(ctx: &Ctx, ask: Ask<'_>) -> Result<Page, Failed> {
    let target = request::target(ask.source, ask.plan, ask.values, ask.at)?;
    let url = request::with_credential(ask.source, target.url.clone());
    let shown = target.shown;
    let request =
        request::dressed(ctx.http.get(url), ask.source, ask.plan, ask.values).map_err(|why| {
            SyncError::Unaskable {
                url: shown.clone(),
                why,
            }
        })?;
    let sent_at = Instant::now();
    let sent = request.timeout(ask.source.timeout).send().await;
    let status = sent.as_ref().map_or("error".to_owned(), |response| {
        response.status().as_u16().to_string()
    });
    ctx.metrics
        .upstream_request(&ask.source.name, &status, sent_at.elapsed());
    let response = sent.map_err(|source| answer::broken(&shown, source))?;
    learn(ctx, ask.source, response.headers()).await;
    answer::read(response, ask, &target.url, shown, ctx.clock.now()).await
}

async fn learn(ctx: &Ctx, source: &Source, headers: &HeaderMap) {
    let text = |place: &Option<Place>| match place {
        Some(Place::Header(name)) => headers.get(name)?.to_str().ok().map(str::to_owned),
        _ => None,
    };
    let remaining = text(&source.limits.remaining).and_then(|value| value.trim().parse().ok());
    let reset =
        text(&source.limits.reset).and_then(|value| retry::wait_asked(&value, ctx.clock.now()));
    ctx.pace(source)
        .learn(remaining, reset, Instant::now())
        .await;
}

/// Waits, unless it is longer than the plan allows or it is time to stop.
#[expect(
    clippy::disallowed_methods,
    reason = "a request waits for its turn in the upstream's budget"
)]
async fn wait(ctx: &Ctx, source: &Source, pause: Duration) -> Result<(), SyncError> {
    if pause > source.retry.max_wait {
        let until = ctx.clock.now() + pause;
        warn!(source = source.name, %until, "the upstream asks to wait longer than a run may");
        return Err(SyncError::Deferred { until });
    }
    if ctx.stop.is_asked() {
        return Err(SyncError::Stopped);
    }
    if pause.is_zero() {
        return Ok(());
    }
    tokio::select! {
        () = tokio::time::sleep(pause) => Ok(()),
        () = ctx.stop.asked() => Err(SyncError::Stopped),
    }
}

/// Between 0 and 1. Jitter needs no more than the standard library's random hash keys.
fn random() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0))
        / f64::from(u32::MAX)
}
