//! `POST /api/v1/auth/refresh`: a renewal token for the next one and another access token. Each can be used once: one that is
//! shown again was stolen, or its successor was, and the whole login ends.

use axum::{extract::State, http::StatusCode, response::Response};
use entity::{audit, dialect, refresh_token, user};
use sea_orm::EntityTrait;

use super::{by_nobody, granted::grant, told, unauthenticated};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    identity::{Address, Who, secret},
    problem::Problem,
};

pub(crate) struct Renewal {
    refresh_token: String,
}

impl FromMembers for Renewal {
    fn from_members(members: &mut Members) -> Self {
        Self {
            refresh_token: members.text("refresh_token"),
        }
    }
}

pub(crate) async fn refresh(
    State(state): State<AppState>,
    address: Address,
    Json(renewal): Json<Renewal>,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let ended = || unauthenticated("the login has ended or was never one; log in again");
    let hash = secret::hash(renewal.refresh_token.as_bytes());
    let token = refresh_token::Entity::by_hash(&state.db, &hash).await?;
    let token = token.filter(|token| token.revoked_at.is_none() && now < token.expires_at);
    let token = token.ok_or_else(ended)?;
    let keys = state.keyring.keys(&state.db, now).await?;
    let transaction = dialect::begin_write(&state.db).await?;
    // Of two who show it at once one is the second.
    if !refresh_token::Entity::spend(&transaction, token.id, now).await? {
        let user = user::Entity::find_by_id(token.user_id).one(&transaction);
        let user = user.await?;
        // It may have been ended rather than used.
        if refresh_token::Entity::end_login(&transaction, &token.family, now).await? > 0 {
            let target = user.as_ref().map(user::Model::actor);
            let entry = by_nobody(address).entry("login.reuse", target);
            audit::Entity::add(&transaction, entry, now).await?;
        }
        transaction.commit().await?;
        let family = token.family.as_str();
        let is_of_it = |who: &Who| matches!(who, Who::User { login, .. } if login == family);
        state.recent.forget(is_of_it);
        return Err(ended());
    }
    let user = user::Entity::find_active(&transaction, token.user_id).await?;
    let user = user.ok_or_else(ended)?;
    let login = (user, token.family);
    let granted = grant((&state, &transaction), &keys, login, now).await?;
    transaction.commit().await?;
    Ok(told(StatusCode::OK, &granted))
}
