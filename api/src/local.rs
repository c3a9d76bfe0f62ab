//! The api without a socket, for whoever holds the database itself: the command line of the machine that it is on.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::Request,
    http::Method,
    response::{IntoResponse, Response},
};
use entity::access::{Reach, Scope};
use tower::ServiceExt;

use crate::{
    AppState,
    identity::{Caller, Known, Who},
    problem::Problem,
    routes,
};

/// The name under which the audit has what was done so.
const NAME: &str = "cli";

/// Asks the routes of an api that nobody else asks, as one who may steer the syncer.
pub struct Local {
    state: AppState,
    caller: Caller,
}

impl Local {
    /// Over what is registered in the database now.
    pub async fn new(state: AppState) -> Self {
        state.refresh().await;
        let known = Known {
            who: Who::Local,
            name: NAME.to_owned(),
            scopes: [Scope::Sync, Scope::Read(Reach::All)].into_iter().collect(),
        };
        Self {
            state,
            caller: Caller::known(Arc::new(known)),
        }
    }

    /// What is answered to `method` at `path`, its query included.
    pub async fn ask(&self, method: Method, path: &str, body: Option<String>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from));
        let mut request = match request {
            Ok(request) => request,
            Err(error) => return Problem::internal(error).into_response(),
        };
        request.extensions_mut().insert(self.caller.clone());
        // There is no server that would read for whoever waits.
        let (state, every) = (&self.state, self.state.settings.refresh);
        let answered: Result<Response, Infallible> = tokio::select! {
            answered = routes::service(state.clone()).oneshot(request) => answered,
            never = state.board.keep_fresh(state, every) => never,
        };
        answered.unwrap_or_else(|never| match never {})
    }
}
