//! What a request showed to be known by, kept for as long as it waits: a token expires, a key is taken back.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::{Caller, find::identify, shown::API_KEY};
use crate::{AppState, problem::Problem};

/// The headers by which somebody may be known. They are never shown.
pub(crate) struct Credentials {
    headers: HeaderMap,
    /// Where they are shown.
    route: &'static str,
}

impl Credentials {
    pub(crate) fn of(request: &HeaderMap, route: &'static str) -> Self {
        let mut shown = HeaderMap::new();
        for name in [AUTHORIZATION, API_KEY] {
            for value in request.get_all(&name) {
                shown.append(&name, value.clone());
            }
        }
        Self {
            headers: shown,
            route,
        }
    }

    /// Who it is now.
    ///
    /// # Errors
    /// What was shown holds no more, or the database does not answer.
    pub(crate) async fn caller(&self, state: &AppState) -> Result<Caller, Problem> {
        identify(state, &self.headers, self.route).await
    }
}
