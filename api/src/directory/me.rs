//! `/users/me`: what a user who has logged in says of itself.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use entity::{audit, dialect, user};

use super::{
    Asker,
    details::Profile,
    refusal,
    shown::{Shown, no_user},
};
use crate::{AppState, body::Json, identity::Caller, parameters::Parameters, problem::Problem};

pub(crate) async fn me(
    State(state): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let shown = Shown::of(&state.reader(), caller.user()?).await?;
    Ok(shown.answer(&request))
}

pub(crate) async fn change_me(
    State(state): State<AppState>,
    (caller, asker): (Caller, Asker),
    RawQuery(query): RawQuery,
    request: HeaderMap,
    Json(Profile(change)): Json<Profile>,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let id = caller.user()?;
    let now = state.clock.now();
    let transaction = dialect::begin_write(&state.db).await?;
    let user = user::Entity::locked(&transaction, id).await?;
    let user = user.ok_or_else(|| no_user(id))?;
    Shown::of(&transaction, id).await?.is_expected(&request)?;
    let email = change.email.clone().flatten();
    refusal::none_taken(&transaction, Some(id), (None, email.as_deref())).await?;
    let changed = user::Entity::change(&transaction, (&user, change), now).await;
    let changed = changed.map_err(refusal::unless_taken)?;
    if !changed.is_empty() {
        let entry = audit::Entry {
            detail: Some(changed.join(", ")),
            ..asker.by.entry("profile.change", Some(user.actor()))
        };
        audit::Entity::add(&transaction, entry, now).await?;
    }
    let shown = Shown::of(&transaction, id).await?;
    transaction.commit().await?;
    Ok(shown.whole().into_response())
}
