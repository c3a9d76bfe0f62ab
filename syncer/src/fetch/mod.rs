//! Asks the upstream for a page: paced, authenticated, sent again where that may help.

pub mod pace;
pub mod page;
mod request;
mod retry;

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use entity::run::Counts;
use reqwest::{Response, header::HeaderMap};
use tokio::time::Instant;
use tracing::{debug, warn};

use self::page::At;
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
    /// What a header says of the number of all records.
    pub total: Option<u64>,
    /// The URL of the next page, if a `Link` header names it.
    pub next: Option<String>,
}

/// What a page is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub source: &'a Source,
    pub plan: &'a Plan,
    pub values: &'a Values,
    pub at: &'a At,
}

/// Fetches the page at `ask.at`, and counts the requests and bytes that it took.
///
/// # Errors
/// The upstream cannot be reached, refuses, asks to wait longer than the plan allows, or it is time to stop.
pub async fn page(ctx: &Ctx, ask: Ask<'_>, counts: &mut Counts) -> Result<Page, SyncError> {
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
                return Ok(page);
            }
            Err(failed) => failed,
        };
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
    // The error's own URL may hold credentials.
    let broken = |source: reqwest::Error| SyncError::Request {
        url: shown.clone(),
        source: source.without_url(),
    };
    let sent_at = Instant::now();
    let sent = request.timeout(ask.source.timeout).send().await;
    let status = sent.as_ref().map_or("error".to_owned(), |response| {
        response.status().as_u16().to_string()
    });
    ctx.metrics
        .upstream_request(&ask.source.name, &status, sent_at.elapsed());
    let response = sent.map_err(broken)?;
    learn(ctx, ask.source, response.headers()).await;

    let status = response.status();
    let headers = response.headers().clone();
    let empty = ask.plan.empty_on.contains(&status.as_u16());
    if !status.is_success() && !empty {
        let wait = wait_asked(ask.source, status.as_u16(), &headers, ctx.clock.now());
        let said = beginning(&body(response, 4096).await.map_err(broken)?.0);
        let error = SyncError::Status {
            url: shown,
            status: status.as_u16(),
            said,
        };
        return Err(Failed { error, wait });
    }
    let limit = ask.source.max_body;
    let (body, whole) = body(response, limit).await.map_err(broken)?;
    if !whole {
        return Err(SyncError::TooLarge { url: shown, limit }.into());
    }
    if !empty && let Some(found) = foreign_type(&headers) {
        return Err(SyncError::ContentType {
            url: shown,
            found,
            said: beginning(&body),
        }
        .into());
    }
    let link = headers
        .get_all("link")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(page::next_link);
    Ok(Page {
        next: link.map(|link| request::resolved(ask.source, &target.url, &link)),
        total: stated_total(ask.plan, &headers),
        body: (!empty).then_some(body),
        url: shown,
    })
}

/// The body up to `limit` bytes, and whether that is all of it.
async fn body(mut response: Response, limit: u64) -> Result<(Bytes, bool), reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if (body.len() + chunk.len()) as u64 > limit {
            body.extend_from_slice(&chunk);
            body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            return Ok((body.freeze(), false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), true))
}

/// The content type, if it is one that never holds records: a login page or an error page answered as 200.
fn foreign_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("content-type")?.to_str().unwrap_or("?");
    let kind = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let plausible = kind.ends_with("json")
        || ["text/plain", "application/octet-stream", ""].contains(&kind.as_str());
    (!plausible).then_some(kind)
}

fn stated_total(plan: &Plan, headers: &HeaderMap) -> Option<u64> {
    match plan.page.total() {
        Some(Place::Header(name)) => headers.get(name)?.to_str().ok()?.trim().parse().ok(),
        _ => None,
    }
}

async fn learn(ctx: &Ctx, source: &Source, headers: &HeaderMap) {
    let text = |name: &Option<String>| {
        headers
            .get(name.as_ref()?)?
            .to_str()
            .ok()
            .map(str::to_owned)
    };
    let remaining = text(&source.limits.remaining).and_then(|value| value.trim().parse().ok());
    let reset =
        text(&source.limits.reset).and_then(|value| retry::wait_asked(&value, ctx.clock.now()));
    ctx.pace(source)
        .learn(remaining, reset, Instant::now())
        .await;
}

/// What a refusal asks to wait. On a success the same headers are only information.
fn wait_asked(
    source: &Source,
    status: u16,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Option<Duration> {
    const REFUSALS: [u16; 2] = [429, 503];
    if !REFUSALS.contains(&status) {
        return None;
    }
    let names = ["retry-after"]
        .into_iter()
        .chain(source.limits.retry_after.as_deref());
    names
        .filter_map(|name| retry::wait_asked(headers.get(name)?.to_str().ok()?, now))
        .max()
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

/// The first characters of a body, on one line.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(120).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    if short.is_empty() {
        "(no body)".to_owned()
    } else {
        short
    }
}

/// Between 0 and 1. Jitter needs no more than the standard library's random hash keys.
fn random() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0))
        / f64::from(u32::MAX)
}
