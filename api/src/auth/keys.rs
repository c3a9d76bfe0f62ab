//! `/api/v1/keys`: keys of programs. A user makes, lists and ends its own, an admin also others'. A key makes no keys, so
//! that one that was lost has no successors.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use entity::{access::Scope, api_key::Entity as ApiKey, user};
use serde::Serialize;
use serde_json::json;

use super::{by, done, told, unauthenticated};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    fault::{Code, Fault},
    identity::{
        Address, Caller, Who,
        keys::{self, NewKey, Told},
    },
    parameters::Parameters,
    path::Segments,
    problem::Problem,
};

/// Whose keys are meant.
const USER: &str = "user";

#[derive(Serialize)]
struct List {
    data: Vec<Told>,
}

/// A key that is asked for, and whose it is to be.
pub(crate) struct Asked {
    key: NewKey,
    user: Option<i64>,
}

impl FromMembers for Asked {
    fn from_members(members: &mut Members) -> Self {
        let name = members.text("name");
        let mut scopes = Vec::new();
        for text in members.texts("scopes") {
            match text.parse::<Scope>() {
                Ok(scope) => scopes.push(scope),
                Err(error) => members.fault("scopes", error.to_string()),
            }
        }
        let key = NewKey {
            name,
            scopes: scopes.into_iter().collect(),
            expires_at: members.time_if_any("expires_at"),
        };
        Self {
            key,
            user: members.integer_if_any(USER),
        }
    }
}

pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let parameters = Parameters::decode(query.as_deref())?;
    let mut faults = parameters.unknown(&[USER]);
    let asked = parameters.single(USER).unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let asked = asked.map(str::parse::<i64>).transpose();
    let asked = asked.unwrap_or_else(|_| {
        let detail = "expected the number of a user for `user`";
        faults.push(Fault::new(USER, Code::InvalidValue, detail));
        None
    });
    if !faults.is_empty() {
        return Err(Problem::refused(faults));
    }
    let owner = owner(&state, &caller, asked).await?;
    let keys = ApiKey::of_user(&state.db, owner.id).await?;
    let data = keys.into_iter().map(|key| Told::new(key, None)).collect();
    Ok(told(StatusCode::OK, &List { data }))
}

pub(crate) async fn create(
    State(state): State<AppState>,
    (caller, address): (Caller, Address),
    Json(asked): Json<Asked>,
) -> Result<Response, Problem> {
    let by = by(caller.identity()?, address);
    let owner = owner(&state, &caller, asked.user).await?;
    let asked = (&owner, asked.key);
    let (key, text) = keys::create(&state.db, asked, (&by, state.clock.now())).await?;
    let data = Told::new(key, Some(text));
    Ok(told(StatusCode::CREATED, &json!({ "data": data })))
}

pub(crate) async fn revoke(
    State(state): State<AppState>,
    (caller, address): (Caller, Address),
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let (own, known) = (caller.user()?, caller.identity()?);
    let is_admin = known.scopes.cover(&Scope::Admin);
    let missing = || {
        let detail = format!("there is no key `{id}`");
        Problem::not_found(Fault::new("id", Code::UnknownRecord, detail))
    };
    let found = match id.parse() {
        Ok(id) => ApiKey::with_user(&state.db, id).await?,
        Err(_) => None,
    };
    let (key, owner) = found
        .filter(|(key, _)| is_admin || key.user_id == own)
        .ok_or_else(missing)?;
    let by = by(known, address);
    let named = (owner.name.as_str(), &key);
    if !keys::revoke(&state.db, named, (&by, state.clock.now())).await? {
        return Err(missing());
    }
    let is_meant = |who: &Who| matches!(who, Who::Key { id, .. } if *id == key.id);
    state.recent.forget(is_meant);
    Ok(done())
}

/// Whose keys are meant: the caller's, or those of the user that an admin names.
async fn owner(
    state: &AppState,
    caller: &Caller,
    asked: Option<i64>,
) -> Result<user::Model, Problem> {
    let own = caller.user()?;
    let id = asked.unwrap_or(own);
    if id != own {
        caller.with(&Scope::Admin)?;
    }
    let user = user::Entity::find_active(&state.db, id).await?;
    user.ok_or_else(|| match id == own {
        true => unauthenticated("the user is gone"),
        false => {
            let detail = format!("there is no active user `{id}`");
            Problem::not_found(Fault::new(USER, Code::UnknownRecord, detail))
        }
    })
}
