//! Finds out who asks: from memory where it was found out lately, else from the signature and the database.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{access::Scopes, api_key, refresh_token, user};
use tokio::time::timeout;

use super::{
    Caller, Known, Who,
    recent::Seen,
    shown::{self, Shown},
    token::{self, Claims, Disbelief},
};
use crate::{
    AppState,
    problem::{Kind, Problem},
};

/// Longest time that the database is asked who somebody is; whoever was known before that is known until it answers.
const LONGEST: Duration = Duration::from_secs(2);
/// How often it is written down that a key is used.
const USED: TimeDelta = TimeDelta::minutes(1);

/// Who sent a request with these headers, if that is known without asking the database; `None`: it has to be found out.
pub(crate) fn recall(state: &AppState, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Caller> {
    let Some(shown) = shown::bytes(headers).ok()? else {
        return Some(Caller::anonymous());
    };
    let can_look = state.registry.is_in_touch();
    state.recent.get(shown, now, can_look)
}

/// Who sent a request with these headers to that route.
///
/// # Errors
/// It shows a token or key that is none of ours, has expired or was ended; or the database does not answer.
pub(crate) async fn identify(
    state: &AppState,
    headers: &HeaderMap,
    route: &str,
) -> Result<Caller, Problem> {
    let now = state.clock.now();
    if let Some(caller) = recall(state, headers, now) {
        return Ok(caller);
    }
    let is_mirror = route.starts_with("/mirror/");
    let Some(shown) = Shown::of(headers, is_mirror)? else {
        return Ok(Caller::anonymous());
    };
    // Where nothing can be read yet, nobody can be known.
    state.registry.snapshot()?;
    let bytes = shown.bytes();
    let epoch = state.recent.epoch();
    let found = timeout(LONGEST, found(state, shown, now)).await;
    let problem = match found.unwrap_or_else(|_| Err(Problem::no_database())) {
        Ok(seen) => {
            let caller = Caller::known(Arc::clone(&seen.known));
            state.recent.keep(bytes, seen, epoch);
            return Ok(caller);
        }
        Err(problem) => problem,
    };
    if problem.is(Kind::Unauthenticated) {
        state.recent.drop(bytes);
        return Err(problem);
    }
    state.recent.at_least(bytes, now).ok_or(problem)
}

async fn found(state: &AppState, shown: Shown<'_>, now: DateTime<Utc>) -> Result<Seen, Problem> {
    match shown {
        Shown::Token(text) => of_token(state, text, now).await,
        Shown::Key(text) => of_key(state, text, now).await,
    }
}

async fn of_token(state: &AppState, text: &str, now: DateTime<Utc>) -> Result<Seen, Problem> {
    let keys = state.keyring.keys(&state.db, now).await?;
    let claims = token::read(text, keys.all(), now).map_err(disbelieved)?;
    let Claims { sub, sid, exp, .. } = claims;
    let id: i64 = sub.parse().map_err(|_| disbelieved(Disbelief::Wrong))?;
    let user = user::Entity::find_active(&state.db, id).await?;
    let is_alive = refresh_token::Entity::is_alive(&state.db, &sid, now).await?;
    let user = user.filter(|_| is_alive).ok_or_else(|| {
        let detail = "the login of this access token has ended; log in again";
        Problem::new(Kind::Unauthenticated, detail)
    })?;
    let known = Known {
        who: Who::User { id, login: sid },
        name: user.actor(),
        scopes: user.role().scopes(),
    };
    Ok(Seen::new(known, now, DateTime::from_timestamp(exp, 0)))
}

fn disbelieved(why: Disbelief) -> Problem {
    let detail = match why {
        Disbelief::Expired => {
            "the access token has expired; `POST /api/v1/auth/refresh` gives another"
        }
        Disbelief::Wrong | Disbelief::UnknownKey => "the access token is not one of this api's",
    };
    Problem::new(Kind::Unauthenticated, detail)
}

async fn of_key(state: &AppState, text: &str, now: DateTime<Utc>) -> Result<Seen, Problem> {
    let hash = super::secret::hash(text.as_bytes());
    let found = api_key::Entity::by_hash(&state.db, &hash).await?;
    let good = found.filter(|(key, user)| key.is_good(now) && user.active);
    let (key, user) = good.ok_or_else(|| {
        let detail = "the key is not known, was revoked or has expired";
        Problem::new(Kind::Unauthenticated, detail)
    })?;
    if key.last_used_at.is_none_or(|at| now - at >= USED) {
        write_down(state, key.id, now);
    }
    let known = Known {
        who: Who::Key {
            id: key.id,
            user_id: user.id,
        },
        name: format!("key:{}/{}", user.name, key.name),
        scopes: allowed(&key, &user),
    };
    Ok(Seen::new(known, now, key.expires_at))
}

/// What a key may do of what its user may.
fn allowed(key: &api_key::Model, user: &user::Model) -> Scopes {
    key.scopes().narrowed_to(&user.role().scopes())
}

/// Nobody waits for it, and nothing is lost where it fails.
fn write_down(state: &AppState, key: i64, now: DateTime<Utc>) {
    let db = state.db.clone();
    tokio::spawn(async move {
        if let Err(error) = api_key::Entity::used(&db, key, now).await {
            tracing::debug!(%error, "the use of a key is not written down");
        }
    });
}
