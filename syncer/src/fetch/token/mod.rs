//! Tokens that an upstream gives out: got once for all requests of a source, and again when they are spent.

mod grant;
mod login;
mod oauth2;

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use secrecy::SecretString;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};

use self::{login::Login, oauth2::Oauth2};
use super::{
    answer::{body, broken},
    pace,
    session::Session,
};
use crate::{
    Ctx,
    error::SyncError,
    source::plan::{Auth, Limits, Source},
};

/// No answer that gives a token is larger.
const LARGEST: u64 = 64 << 10;

/// A token as it goes onto requests.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) value: SecretString,
    /// Which one of this process it is.
    pub(super) number: u64,
    /// Until when it is used.
    until: Option<Instant>,
}

/// The token of a source, and how to get another.
#[derive(Debug)]
pub(super) struct Tokens {
    issuer: Arc<Mutex<Issuer>>,
    /// How often one was asked for.
    flights: Arc<AtomicU64>,
}

/// Who gives the token out, and what was last given.
#[derive(Debug)]
struct Issuer {
    how: How,
    token: Option<Token>,
    /// Why the last asking brought none.
    failure: Option<Arc<SyncError>>,
}

#[derive(Debug)]
enum How {
    Oauth2(Oauth2),
    Login(Login),
}

/// What an issuer gave.
#[derive(Debug)]
struct Given {
    token: SecretString,
    life: Option<Duration>,
}

impl Tokens {
    /// `None`: the requests of `source` need no token that is given out.
    pub(super) fn of(source: &Source) -> Option<Self> {
        let how = match &source.auth {
            Auth::Oauth2 { .. } => How::Oauth2(Oauth2::of(&source.auth)?),
            Auth::Login { .. } => How::Login(Login::of(source)?),
            _ => return None,
        };
        let issuer = Issuer {
            how,
            token: None,
            failure: None,
        };
        Some(Self {
            issuer: Arc::new(Mutex::new(issuer)),
            flights: Arc::default(),
        })
    }

    /// The token to use, which is not number `refused`.
    ///
    /// One request gets it for all that wait for it, and goes on if whoever asked goes: an answer that brings a new
    /// refresh token must not be lost.
    ///
    /// # Errors
    /// The upstream gives none, or asks to wait longer than the plan allows, or it is time to stop.
    pub(super) async fn get(
        &self,
        ctx: &Ctx,
        session: &Arc<Session>,
        refused: Option<u64>,
    ) -> Result<Token, SyncError> {
        let before = self.flights.load(Ordering::Acquire);
        let issuer = Arc::clone(&self.issuer).lock_owned().await;
        let now = Instant::now();
        let is_fit = |token: &&Token| {
            Some(token.number) != refused && token.until.is_none_or(|until| now < until)
        };
        if let Some(token) = issuer.token.as_ref().filter(is_fit) {
            return Ok(token.clone());
        }
        // Whoever waited while another was refused does not ask the same again.
        let was_asked = self.flights.load(Ordering::Acquire) > before;
        if let Some(failure) = issuer.failure.as_ref().filter(|_| was_asked) {
            return Err(SyncError::Token(Arc::clone(failure)));
        }
        let flight = fly(
            ctx.clone(),
            Arc::clone(session),
            issuer,
            Arc::clone(&self.flights),
        );
        match tokio::spawn(flight).await {
            Ok(result) => result,
            Err(broken) if broken.is_panic() => resume_unwind(broken.into_panic()),
            Err(_) => Err(SyncError::Stopped),
        }
    }
}

async fn fly(
    ctx: Ctx,
    session: Arc<Session>,
    mut issuer: OwnedMutexGuard<Issuer>,
    flights: Arc<AtomicU64>,
) -> Result<Token, SyncError> {
    let asked_at = Instant::now();
    let given = match &mut issuer.how {
        How::Oauth2(oauth2) => oauth2.ask(&ctx, &session).await,
        How::Login(login) => login.ask(&ctx, &session).await,
    };
    let number = flights.fetch_add(1, Ordering::Release);
    issuer.failure = None;
    match given {
        Ok(Given { token, life }) => {
            let token = Token {
                value: token,
                number,
                until: life.map(|life| asked_at + life - margin(life)),
            };
            issuer.token = Some(token.clone());
            Ok(token)
        }
        Err(error @ (SyncError::Deferred { .. } | SyncError::Stopped)) => Err(error),
        Err(error) => {
            let error = Arc::new(error);
            issuer.failure = Some(Arc::clone(&error));
            Err(SyncError::Token(error))
        }
    }
}

/// How long before its end a token is replaced: it must last for a request that is sent with it.
fn margin(life: Duration) -> Duration {
    (life / 10).min(Duration::from_secs(30))
}

/// An answer to a request for a token.
struct Reply {
    /// Where it came from, without secrets.
    url: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Sends a request for a token, within the budget of the source.
async fn exchange(
    ctx: &Ctx,
    session: &Session,
    (url, request): (String, RequestBuilder),
) -> Result<Reply, SyncError> {
    let _slot = session.slot(ctx).await?;
    let sent = session.send(ctx, request).await;
    let response = sent.map_err(|source| broken(url.clone(), source, session.timeout))?;
    let status = response.status();
    let headers = response.headers().clone();
    let now = session.pace.time();
    // Whose budget the rest tells of is not known: the token may come from another upstream.
    let said = pace::said(&Limits::default(), (status.as_u16(), &headers), None, now);
    if let Some(wait) = said.closed_for() {
        session.pace.learn(said);
        if wait > session.patience {
            return Err(SyncError::Deferred { until: now + wait });
        }
    }
    let (body, _) = body(response, LARGEST)
        .await
        .map_err(|source| broken(url.clone(), source, session.timeout))?;
    Ok(Reply {
        url,
        status,
        headers,
        body,
    })
}
