//! `POST /api/v1/auth/logout`: ends the login of the token that is shown, or all of its user's.

use axum::{extract::State, response::Response};
use entity::{audit, dialect, refresh_token};

use super::{by, done};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    identity::{Address, Caller, Who},
    problem::Problem,
};

pub(crate) struct Leave {
    all: bool,
}

impl FromMembers for Leave {
    fn from_members(members: &mut Members) -> Self {
        Self {
            all: members.flag("all"),
        }
    }
}

pub(crate) async fn logout(
    State(state): State<AppState>,
    (caller, address): (Caller, Address),
    Json(leave): Json<Leave>,
) -> Result<Response, Problem> {
    let (user_id, known) = (caller.user()?, caller.identity()?);
    let now = state.clock.now();
    let transaction = dialect::begin_write(&state.db).await?;
    let is_meant = |who: &Who| match who {
        Who::User { id, .. } if leave.all => *id == user_id,
        who => *who == known.who,
    };
    let action = match (&known.who, leave.all) {
        (Who::User { login, .. }, false) => {
            refresh_token::Entity::end_login(&transaction, login, now).await?;
            "logout"
        }
        _ => {
            refresh_token::Entity::end_all(&transaction, (user_id, None), now).await?;
            "logout.all"
        }
    };
    let entry = by(known, address).entry(action, Some(known.name.clone()));
    audit::Entity::add(&transaction, entry, now).await?;
    transaction.commit().await?;
    state.recent.forget(is_meant);
    Ok(done())
}
