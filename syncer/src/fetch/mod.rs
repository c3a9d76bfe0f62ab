//! Asks the upstream for a page: paced, authenticated, sent again where that may help.

mod answer;
mod dialect;
mod file;
pub mod pace;
pub mod page;
mod proof;
mod request;
mod retry;
mod secrets;
mod send;
mod session;
mod target;
mod token;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use entity::run::Counts;
use reqwest::header::{ETAG, HeaderMap, LAST_MODIFIED, LINK};
use tracing::debug;

pub(crate) use self::session::{Session, client};
pub use self::target::Links;
use self::{
    page::{At, Part},
    secrets::Secrets,
};
use crate::{
    Ctx,
    error::{Fate, SyncError},
    source::plan::{Method, Plan, Source, Values},
};

/// An answer of the upstream, unread.
#[derive(Debug)]
pub struct Page {
    /// Where it came from, without secrets.
    pub url: String,
    /// `None`: it is a file.
    pub status: Option<u16>,
    /// `None`: the status says that there is nothing.
    pub body: Option<Bytes>,
    pub headers: HeaderMap,
    /// By what the upstream tells whether it is still so.
    pub validators: Validators,
    /// What its links are resolved against.
    pub links: Links,
    /// Of a local file that is read by parts: where the next one begins.
    pub rest: Option<Part>,
    /// What of its body must not be told.
    pub secrets: Secrets,
}

impl Page {
    /// What it was asked for with, as it may be shown to everyone: of a file nothing but its name.
    pub(crate) fn asked(&self, method: Method) -> String {
        let is_file = self.status.is_none();
        match method {
            _ if is_file => self
                .url
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            Method::Get => self.url.clone(),
            Method::Post => format!("POST {}", self.url),
        }
    }

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
    NotModified(Box<HeaderMap>),
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
    /// Those of the page as it is known. A POST is not asked for with them.
    pub known: Option<&'a Validators>,
}

/// Fetches the page at `ask.at`, and counts the requests and bytes that it took; requests for tokens serve all pages
/// and count for none.
///
/// # Errors
/// The upstream cannot be reached, refuses, asks to wait longer than the plan allows, or it is time to stop.
pub async fn page(ctx: &Ctx, ask: Ask<'_>, counts: &mut Counts) -> Result<Got, SyncError> {
    if ask.source.is_folder() {
        return file::page(ctx, ask, counts).await;
    }
    let session = ctx.session(ask.source)?;
    let retry = &ask.source.retry;
    let mut attempt = 1;
    let mut refused = None;
    loop {
        let failed = match Box::pin(attempted(ctx, &session, (ask, refused), counts)).await {
            Ok(got) => {
                counts.bytes += got.bytes();
                return Ok(got);
            }
            Err(failed) => failed,
        };
        // A token that is refused is replaced once. That is no fault of the request, and no attempt of it.
        if failed.refused.is_some() && refused.is_none() {
            refused = failed.refused;
            continue;
        }
        // An upstream that asks to wait longer than a run may is not asked again, however many attempts are left.
        if let Some(wait) = failed.wait.filter(|wait| *wait > retry.max_wait) {
            let until = ctx.clock.now() + wait;
            return Err(SyncError::Deferred { until });
        }
        // Who says how long to wait says that it will pass, whatever the status.
        let may_pass = failed.wait.is_some() || failed.error.fate(&retry.on) == Fate::Retry;
        if !may_pass || attempt >= retry.attempts {
            return Err(failed.error);
        }
        debug!(
            attempt,
            error = failed.error.chain(),
            "request will be sent again"
        );
        // What the upstream asks to wait, all its requests wait for in line.
        if failed.wait.is_none() {
            pause(
                ctx,
                retry::backoff(attempt, retry::random()).min(retry.max_wait),
            )
            .await?;
        }
        attempt += 1;
    }
}

/// Why a request failed.
struct Failed {
    error: SyncError,
    /// What the upstream asks to wait before anything is sent to it.
    wait: Option<Duration>,
    /// The number of the token that it refuses.
    refused: Option<u64>,
}

impl From<SyncError> for Failed {
    fn from(error: SyncError) -> Self {
        Self {
            error,
            wait: None,
            refused: None,
        }
    }
}

impl Got {
    fn bytes(&self) -> i64 {
        let body = match self {
            Self::Page(page) => page.body.as_ref(),
            Self::NotModified(_) => None,
        };
        body.map_or(0, |body| i64::try_from(body.len()).unwrap_or(i64::MAX))
    }
}

/// Asks once, with another token than number `refused`.
async fn attempted(
    ctx: &Ctx,
    session: &Arc<Session>,
    (ask, refused): (Ask<'_>, Option<u64>),
    counts: &mut Counts,
) -> Result<Got, Failed> {
    let token = match &session.tokens {
        Some(tokens) => Some(tokens.get(ctx, session, refused).await?),
        None => None,
    };
    send::once(ctx, session, (ask, token.as_ref()), counts).await
}

/// Waits, unless it is time to stop.
#[expect(
    clippy::disallowed_methods,
    reason = "an upstream that failed gets time before it is asked again"
)]
async fn pause(ctx: &Ctx, pause: Duration) -> Result<(), SyncError> {
    tokio::select! {
        () = ctx.stop.asked() => Err(SyncError::Stopped),
        () = tokio::time::sleep(pause) => Ok(()),
    }
}
