//! What is registered, as far as the caller may see it: what it may not read is not there.

use std::{ops::Deref, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::Caller;
use crate::{AppState, problem::Problem, registry::Snapshot};

/// What there is for the caller, as it was read last.
#[derive(Clone, Debug)]
pub(crate) struct View(pub(crate) Arc<Snapshot>);

impl View {
    /// # Errors
    /// Nothing could be read yet.
    pub(crate) fn of(state: &AppState, caller: &Caller) -> Result<Self, Problem> {
        let all = state.registry.snapshot()?;
        Ok(Self(all.seen_with(caller.scopes())))
    }
}

impl Deref for View {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.0
    }
}

impl FromRequestParts<AppState> for View {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // Whatever comes between: by that of which an answer is kept, it is made.
        match parts.extensions.get::<Self>() {
            Some(view) => Ok(view.clone()),
            None => Self::of(state, &Caller::anonymous()),
        }
    }
}
