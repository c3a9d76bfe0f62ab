//! `/users`: the directory of users, for admins. Whoever is none finds itself there, and nobody else.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use entity::{audit, dialect, profile::Change, user};
use sea_orm::{DatabaseTransaction, prelude::DateTimeUtc};

use super::{
    Asker,
    details::{Changes, Created},
    refusal,
    shown::{Shown, no_user},
};
use crate::{
    AppState,
    body::Json,
    identity::{Who, account, password},
    parameters::Parameters,
    path::Segments,
    problem::Problem,
    tables,
};

pub(crate) async fn list(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    tables::list(&state, &user::Entity::listing(), query.as_deref()).await
}

pub(crate) async fn create(
    State(state): State<AppState>,
    asker: Asker,
    RawQuery(query): RawQuery,
    Json(created): Json<Created>,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let now = state.clock.now();
    let new = account::checked(&state.hasher, created.user).await?;
    let transaction = dialect::begin_write(&state.db).await?;
    let email = new.email.as_deref().map(user::spelt);
    let both = (Some(user::spelt(&new.name)), email);
    refusal::none_taken(&transaction, None, (both.0.as_deref(), both.1.as_deref())).await?;
    let made = account::insert(&transaction, (new, &asker.by, "user.create"), now).await?;
    let attributes = Change {
        attributes: created.attributes,
        ..Change::default()
    };
    user::Entity::change(&transaction, (&made, attributes), now).await?;
    let shown = Shown::of(&transaction, made.id).await?;
    transaction.commit().await?;
    Ok(shown.made(made.id))
}

pub(crate) async fn one(
    State(state): State<AppState>,
    Segments(id): Segments<String>,
    asker: Asker,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let number = number(&id)?;
    if !asker.is_admin() && asker.user() != Some(number) {
        return Err(no_user(id));
    }
    let shown = Shown::of(&state.reader(), number).await?;
    Ok(shown.answer(&request))
}

pub(crate) async fn change(
    State(state): State<AppState>,
    Segments(id): Segments<String>,
    asker: Asker,
    (RawQuery(query), request): (RawQuery, HeaderMap),
    Json(mut changes): Json<Changes>,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let number = number(&id)?;
    // What is slow is done before anything is locked.
    if let Some(password) = changes.password.take() {
        let hash = hashed(&state, (number, password), &changes.change).await?;
        changes.change.password_hash = Some(hash);
    }
    let now = state.clock.now();
    let transaction = dialect::begin_write(&state.db).await?;
    let admins = match changes.change.unseats() {
        true => Some(user::Entity::some_admins(&transaction).await?),
        false => None,
    };
    let user = user::Entity::locked(&transaction, number).await?;
    let user = user.ok_or_else(|| no_user(&id))?;
    Shown::of(&transaction, number)
        .await?
        .is_expected(&request)?;
    refusal::not_last_admin(admins, &user)?;
    made_so(&transaction, (&user, changes.change), (&asker, now)).await?;
    let shown = Shown::of(&transaction, number).await?;
    transaction.commit().await?;
    forget(&state, number);
    Ok(shown.whole().into_response())
}

/// The hash of a password that the user may have.
async fn hashed(
    state: &AppState,
    (id, password): (i64, String),
    change: &Change,
) -> Result<String, Problem> {
    let user = user::Entity::of_id(&state.db, id).await?;
    let user = user.ok_or_else(|| no_user(id))?;
    let name = change.name.as_ref().unwrap_or(&user.name);
    let email = change.email.as_ref().unwrap_or(&user.email);
    let faults = password::faults(&password, name, email.as_deref());
    let faults = faults.into_iter().map(|fault| ("password", fault));
    let faults: Vec<_> = faults.collect();
    if !faults.is_empty() {
        return Err(account::Refused::Faulty(faults).into());
    }
    Ok(state.hasher.hash(password).await?)
}

/// Changes it, and writes down who did.
async fn made_so(
    transaction: &DatabaseTransaction,
    (user, change): (&user::Model, Change),
    (asker, now): (&Asker, DateTimeUtc),
) -> Result<(), Problem> {
    let email = change.email.clone().flatten();
    let both = (change.name.as_deref(), email.as_deref());
    refusal::none_taken(transaction, Some(user.id), both).await?;
    let told = told(user, &change);
    let changed = user::Entity::change(transaction, (user, change), now).await;
    let changed = changed.map_err(refusal::unless_taken)?;
    if changed.is_empty() {
        return Ok(());
    }
    let entry = audit::Entry {
        detail: Some([changed.join(", "), told].concat()),
        ..asker.by.entry("user.change", Some(user.actor()))
    };
    Ok(audit::Entity::add(transaction, entry, now).await?)
}

/// What an admin did to the rights of a user, and to its name.
fn told(user: &user::Model, change: &Change) -> String {
    let role = change.role.map(|role| role.as_str().to_owned());
    let active = change.active.map(|active| active.to_string());
    let pairs = [
        ("name", &user.name, change.name.clone()),
        ("role", &user.role, role),
        ("active", &user.active.to_string(), active),
    ];
    let told = pairs.into_iter().filter_map(|(member, was, is)| {
        let is = is.filter(|is| is != was)?;
        Some(format!("; {member}: {was} to {is}"))
    });
    told.collect()
}

pub(crate) async fn remove(
    State(state): State<AppState>,
    Segments(id): Segments<String>,
    asker: Asker,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<StatusCode, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let number = number(&id)?;
    let transaction = dialect::begin_write(&state.db).await?;
    let admins = user::Entity::some_admins(&transaction).await?;
    let user = user::Entity::locked(&transaction, number).await?;
    let user = user.ok_or_else(|| no_user(&id))?;
    Shown::of(&transaction, number)
        .await?
        .is_expected(&request)?;
    refusal::not_last_admin(Some(admins), &user)?;
    user::Entity::remove(&transaction, number).await?;
    let entry = asker.by.entry("user.remove", Some(user.actor()));
    audit::Entity::add(&transaction, entry, state.clock.now()).await?;
    transaction.commit().await?;
    forget(&state, number);
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever was known as that user, or by a key of it, is looked for anew: it may be somebody else by now, or nobody.
fn forget(state: &AppState, id: i64) {
    state.recent.forget(|who| match who {
        Who::User { id: user, .. } | Who::Key { user_id: user, .. } => *user == id,
        Who::Local => false,
    });
}

/// The number of a user; what is none is nobody's.
fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| no_user(id))
}
