//! `POST /api/v1/auth/register` and `/setup`: users who make themselves, if a setting says that they may, and the first admin,
//! who shows a token that was printed at the start.

use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{access::Role, dialect, setup_token::Entity as SetupToken, user};
use sea_orm::{DatabaseConnection, DbErr};
use serde_json::json;

use super::{Person, by_nobody, told, unauthenticated};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    identity::{
        Address,
        account::{self, NewUser},
        secret,
    },
    problem::{Kind, Problem},
};

/// How long a token for the first admin is good.
const GOOD: TimeDelta = TimeDelta::days(7);
/// How every such token begins.
const SETUP: &str = "cts_";

pub(crate) struct Register(NewUser);

pub(crate) struct Setup {
    token: String,
    user: NewUser,
}

impl FromMembers for Register {
    fn from_members(members: &mut Members) -> Self {
        Self(of_role(Role::Reader, members))
    }
}

impl FromMembers for Setup {
    fn from_members(members: &mut Members) -> Self {
        Self {
            token: members.text("token"),
            user: of_role(Role::Admin, members),
        }
    }
}

fn of_role(role: Role, members: &mut Members) -> NewUser {
    NewUser {
        name: members.text("name"),
        email: members.text_if_any("email"),
        role,
        password: members.text("password"),
        first_name: members.text_if_any("first_name"),
        last_name: members.text_if_any("last_name"),
        phone: members.text_if_any("phone"),
    }
}

pub(crate) async fn register(
    State(state): State<AppState>,
    address: Address,
    Json(Register(new)): Json<Register>,
) -> Result<Response, Problem> {
    if !state.settings.auth.registration {
        let detail = "nobody may register here; the setting `auth.registration` would allow it";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    let now = state.clock.now();
    let entered = state.throttle.enter_from(address.0, now);
    entered.map_err(|spent| Problem::throttled(spent.wait))?;
    let new = account::checked(&state.hasher, new).await?;
    let transaction = dialect::begin_write(&state.db).await?;
    let new = (new, &by_nobody(address), "user.register");
    let user = account::insert(&transaction, new, now).await?;
    transaction.commit().await?;
    let data = Person::from(user);
    Ok(told(StatusCode::CREATED, &json!({ "data": data })))
}

pub(crate) async fn setup(
    State(state): State<AppState>,
    address: Address,
    Json(Setup { token, user: new }): Json<Setup>,
) -> Result<Response, Problem> {
    let now = state.clock.now();
    let entered = state.throttle.enter_from(address.0, now);
    entered.map_err(|spent| Problem::throttled(spent.wait))?;
    let wrong = || unauthenticated("the token is not good, or there is a user already");
    let hash = secret::hash(token.as_bytes());
    if !SetupToken::is_good(&state.db, &hash, now - GOOD).await? {
        return Err(wrong());
    }
    let new = account::checked(&state.hasher, new).await?;
    let transaction = dialect::begin_write(&state.db).await?;
    // Of two who come at once the second finds none.
    if !SetupToken::end_all(&transaction).await? || user::Entity::is_any(&transaction).await? {
        return Err(wrong());
    }
    let new = (new, &by_nobody(address), "setup");
    let user = account::insert(&transaction, new, now).await?;
    transaction.commit().await?;
    let data = Person::from(user);
    Ok(told(StatusCode::CREATED, &json!({ "data": data })))
}

/// A new token for the first admin, to be printed for whoever started the process; `None`: there are users already.
///
/// # Errors
/// The database does not answer.
pub async fn setup_token(
    db: &DatabaseConnection,
    now: DateTime<Utc>,
) -> Result<Option<String>, DbErr> {
    if user::Entity::is_any(db).await? {
        return Ok(None);
    }
    let made = secret::made(SETUP);
    let token = made.map_err(|_| DbErr::Custom("the system gives no randomness".to_owned()))?;
    let hash = secret::hash(token.as_bytes());
    SetupToken::issue(db, hash.to_vec(), (now, now - GOOD)).await?;
    Ok(Some(token))
}
