//! `POST /api/v1/auth/login`: a name and a password for tokens. What is wrong with them is not told, and takes as long to
//! find out.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use entity::{audit, dialect, refresh_token, user};

use super::{
    by_nobody,
    granted::{Granted, grant},
    told, unauthenticated,
};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    identity::{
        Address,
        password::{Lane, Verdict},
        secret,
        throttle::{Attempt, REMEMBERED, Spent},
    },
    problem::Problem,
};

/// What a login is called in the audit: by it, addresses are known.
const LOGIN: &str = "login";

pub(crate) struct Login {
    name: String,
    password: String,
}

impl FromMembers for Login {
    fn from_members(members: &mut Members) -> Self {
        Self {
            name: members.text("name"),
            password: members.text("password"),
        }
    }
}

pub(crate) async fn login(
    State(state): State<AppState>,
    address: Address,
    Json(login): Json<Login>,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let attempt = Attempt {
        account: user::spelt(&login.name),
        address: address.0,
    };
    let (user, verdict) = checked(&state, &attempt, login.password, now).await?;
    let right = user.filter(|user| user.active && verdict != Verdict::Wrong);
    let Some(user) = right else {
        return Err(unauthenticated("the name or the password is wrong"));
    };
    if let Verdict::Rehashed(hash) = &verdict {
        let hashes = (user.password_hash.as_str(), hash.as_str());
        user::Entity::rehashed(&state.db, user.id, hashes).await?;
    }
    let granted = begun(&state, user, (address, now)).await?;
    state.metrics.login("good");
    Ok(told(StatusCode::OK, &granted))
}

/// The user who is meant, and whether the password is right. A wrong one is counted and written down.
///
/// # Errors
/// There were too many, or it cannot be found out now.
async fn checked(
    state: &AppState,
    attempt: &Attempt,
    password: String,
    now: DateTime<Utc>,
) -> Result<(Option<user::Model>, Verdict), Problem> {
    if let Err(spent) = state.throttle.enter(attempt, now) {
        return Err(throttled(state, attempt, (spent, now)).await);
    }
    let user = user::Entity::by_login(&state.db, &attempt.account).await?;
    let account = user.as_ref().map(|user| user.name.clone());
    let account = account.unwrap_or_else(|| attempt.account.clone());
    let address = attempt.address.to_string();
    let known = (&*user::actor(&account), LOGIN, &*address);
    let is_known = audit::Entity::is_known(&state.db, known, now - REMEMBERED).await?;
    let lane = if is_known {
        Lane::Known
    } else {
        Lane::Strangers
    };
    if lane == Lane::Strangers
        && let Err(spent) = state.throttle.enter_as_stranger(&account, now)
    {
        return Err(throttled(state, attempt, (spent, now)).await);
    }
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let verdict = state.hasher.verify((lane, password), hash).await;
    let verdict = verdict.inspect_err(|_| state.metrics.login("busy"))?;
    if verdict != Verdict::Wrong && user.as_ref().is_some_and(|user| user.active) {
        let stranger = (lane == Lane::Strangers).then_some(&*account);
        state.throttle.was_right(attempt, stranger);
        return Ok((user, verdict));
    }
    state.metrics.login("wrong");
    // Who is nobody may have typed a password for a name: it is not kept.
    let target = user.as_ref().map(user::Model::actor);
    let entry = by_nobody(Address(attempt.address)).entry("login.failed", target);
    audit::Entity::add(&state.db, entry, now).await?;
    Ok((user, verdict))
}

async fn throttled(
    state: &AppState,
    attempt: &Attempt,
    (spent, now): (Spent, DateTime<Utc>),
) -> Problem {
    state.metrics.login("throttled");
    if spent.is_news {
        let entry = by_nobody(Address(attempt.address)).entry("login.throttled", None);
        if let Err(error) = audit::Entity::add(&state.db, entry, now).await {
            return error.into();
        }
    }
    Problem::throttled(spent.wait)
}

/// Begins a login of a user who may.
async fn begun(
    state: &AppState,
    user: user::Model,
    (Address(address), now): (Address, DateTime<Utc>),
) -> Result<Granted, Problem> {
    let keys = state.keyring.keys(&state.db, now).await?;
    let login = secret::name::<16>()?;
    let actor = user.actor();
    let transaction = dialect::begin_write(&state.db).await?;
    refresh_token::Entity::forget(&transaction, user.id, now).await?;
    let granted = grant((state, &transaction), &keys, (user, login), now).await?;
    let entry = audit::Entry {
        actor: Some(actor.clone()),
        action: LOGIN.to_owned(),
        target: Some(actor),
        address: Some(address.to_string()),
        detail: None,
    };
    audit::Entity::add(&transaction, entry, now).await?;
    transaction.commit().await?;
    Ok(granted)
}
