//! Who asks for something to be done, as the audit names it.

use axum::{extract::FromRequestParts, http::request::Parts};
use entity::access::Scope;

use crate::{
    AppState,
    identity::{Address, Caller, Known, Who, account::By},
    problem::Problem,
};

/// Somebody who is known, and where the request came from.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    known: Known,
    pub(super) by: By,
}

impl Asker {
    /// Whether it may do all that there is to do with users.
    pub(super) fn is_admin(&self) -> bool {
        self.known.scopes.cover(&Scope::Admin)
    }

    /// The id of the user who has logged in; `None`: it is a program.
    pub(super) fn user(&self) -> Option<i64> {
        match self.known.who {
            Who::User { id, .. } => Some(id),
            Who::Key { .. } | Who::Local => None,
        }
    }
}

impl FromRequestParts<AppState> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let caller: Caller = parts.extensions.get().cloned().unwrap_or_default();
        let known = caller.identity()?.clone();
        let Ok(Address(address)) = Address::from_request_parts(parts, state).await;
        let by = By {
            actor: Some(known.name.clone()),
            address: Some(address.to_string()),
        };
        Ok(Self { known, by })
    }
}
