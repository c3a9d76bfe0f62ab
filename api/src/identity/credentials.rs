//! What a request showed to be known by, kept for as long as it waits: a token expires, a key is taken back.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::caller::{API_KEY, Caller, identify, recall};
use crate::{AppState, problem::Problem};

/// The headers by which somebody may be known. They are never shown.
pub(crate) struct Credentials(HeaderMap);

impl Credentials {
    pub(crate) fn of(request: &HeaderMap) -> Self {
        let mut shown = HeaderMap::new();
        for name in [AUTHORIZATION, API_KEY] {
            for value in request.get_all(&name) {
                shown.append(&name, value.clone());
            }
        }
        Self(shown)
    }

    /// Who it is now.
    ///
    /// # Errors
    /// What was shown holds no more.
    pub(crate) async fn caller(&self, state: &AppState) -> Result<Caller, Problem> {
        match recall(state, &self.0) {
            Some(caller) => Ok(caller),
            None => identify(state, &self.0).await,
        }
    }
}
