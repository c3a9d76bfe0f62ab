//! `POST /api/v1/auth/password`: another password for who has logged in and knows the old one. Its other logins end.

use axum::{extract::State, response::Response};
use entity::{audit, user};

use super::{by, done, unauthenticated};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    fault::{Code, Fault},
    identity::{
        Address, Caller, Who,
        account::{self, Refused},
        password::{Lane, Verdict},
        throttle::Attempt,
    },
    problem::Problem,
};

pub(crate) struct Change {
    old: String,
    new: String,
}

impl FromMembers for Change {
    fn from_members(members: &mut Members) -> Self {
        Self {
            old: members.text("old"),
            new: members.text("new"),
        }
    }
}

pub(crate) async fn change(
    State(state): State<AppState>,
    (caller, address): (Caller, Address),
    Json(change): Json<Change>,
) -> Result<Response, Problem> {
    let (id, known) = (caller.user()?, caller.identity()?);
    let now = state.clock.now();
    let user = user::Entity::find_active(&state.db, id).await?;
    let user = user.ok_or_else(|| unauthenticated("the user is gone"))?;
    let attempt = Attempt {
        account: user.name.clone(),
        address: address.0,
    };
    let entered = state.throttle.enter(&attempt, now);
    entered.map_err(|spent| Problem::throttled(spent.wait))?;
    let old = (Lane::Known, change.old);
    let verdict = state.hasher.verify(old, Some(user.password_hash.clone()));
    if verdict.await? == Verdict::Wrong {
        let entry = by(known, address).entry("user.password.failed", Some(user.actor()));
        audit::Entity::add(&state.db, entry, now).await?;
        let wrong = "`old` is not the present password";
        let fault = Fault::new("old", Code::InvalidValue, wrong);
        return Err(Problem::of_body(vec![fault]));
    }
    state.throttle.was_right(&attempt, None);
    let login = match &known.who {
        Who::User { login, .. } => Some(login.as_str()),
        Who::Key { .. } | Who::Local => None,
    };
    let new = (&user, change.new, login);
    let by = by(known, address);
    let set = account::set_password(&state.db, &state.hasher, new, (&by, now)).await;
    set.map_err(as_new)?;
    let is_other =
        |who: &Who| matches!(who, Who::User { id: of, .. } if *of == id) && *who != known.who;
    state.recent.forget(is_other);
    Ok(done())
}

/// The member is called otherwise here.
fn as_new(refused: Refused) -> Problem {
    match refused {
        Refused::Faulty(faults) => {
            let faults = faults.into_iter().map(|(_, why)| ("new", why));
            Refused::Faulty(faults.collect()).into()
        }
        other => other.into(),
    }
}
