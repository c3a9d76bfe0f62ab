//! What a login gives out: an access token, and a token that renews it.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{refresh_token, user};
use sea_orm::ConnectionTrait;
use serde::Serialize;

use super::Person;
use crate::{
    AppState,
    identity::{secret, signing::Keys, token::Claims},
    problem::Problem,
};

/// How every renewal token begins.
const RENEWAL: &str = "ctr_";

/// The answer to a login, and to its renewal.
#[derive(Serialize)]
pub(super) struct Granted {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    refresh_token: String,
    refresh_expires_in: i64,
    user: Person,
}

/// Gives out tokens for a login; `db` is the transaction that writes it down. The keys are read before that begins.
///
/// # Errors
/// The database does not answer.
pub(super) async fn grant(
    (state, db): (&AppState, &impl ConnectionTrait),
    keys: &Keys,
    (user, login): (user::Model, String),
    now: DateTime<Utc>,
) -> Result<Granted, Problem> {
    let settings = &state.settings.auth;
    let time = |time| TimeDelta::from_std(time).map_err(Problem::internal);
    let (access, refresh) = (time(settings.access_time)?, time(settings.refresh_time)?);
    let refresh_token = secret::made(RENEWAL)?;
    let new = refresh_token::New {
        user_id: user.id,
        hash: secret::hash(refresh_token.as_bytes()).to_vec(),
        family: login.clone(),
        expires_at: now + refresh,
    };
    refresh_token::Entity::issue(db, new, now).await?;
    let claims = Claims::new((&user, &login), (now, now + access));
    let key = keys.signing();
    let key = key.ok_or_else(|| Problem::internal("there is no key that signs tokens"))?;
    Ok(Granted {
        access_token: key.sign(&claims).map_err(Problem::internal)?,
        token_type: "Bearer",
        expires_in: access.num_seconds(),
        refresh_token,
        refresh_expires_in: refresh.num_seconds(),
        user: user.into(),
    })
}
