//! Who may ask for what, and what answers: one list, of which the router is made, and the table of who may do what.

use std::collections::HashMap;

use axum::{
    Router,
    handler::Handler,
    http::Method,
    response::Redirect,
    routing::{MethodRouter, delete, get, patch, post, put},
};

use super::paths::*;
use crate::{
    AppState, auth, catalog, changes, directory, export, health, identity::Need, metrics, mirror,
    openapi, problem, records, swagger, sync, writing,
};

/// Where the browsable documentation is; relative, so that it holds behind any prefix.
const SWAGGER: &str = "api/swagger";

/// All of them.
pub(super) fn routes() -> Router<AppState> {
    let routes = table().into_iter();
    routes.fold(Router::new(), |router, route| {
        router.route(route.path, route.handler)
    })
}

/// What the callers of each method of each path have to be. A method that is not listed is not allowed; `HEAD` is `GET`.
pub fn needs() -> Vec<(Method, &'static str, Need)> {
    let routes = table().into_iter();
    routes
        .map(|route| (route.method, route.path, route.need))
        .collect()
}

/// What a caller has to be, by path and method: asked for each request.
#[derive(Debug)]
pub(crate) struct Needs(HashMap<&'static str, Vec<(Method, Need)>>);

impl Needs {
    pub(crate) fn new() -> Self {
        let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
        for (method, path, need) in needs() {
            by_path.entry(path).or_default().push((method, need));
        }
        Self(by_path)
    }

    /// What the callers of that route have to be; `None`: there is none, and nobody is kept from hearing so.
    pub(crate) fn of(&self, method: &Method, route: &str) -> Option<Need> {
        let method = match *method {
            Method::HEAD => &Method::GET,
            _ => method,
        };
        let methods = self.0.get(route)?;
        let found = methods.iter().find(|(of, _)| of == method);
        found.map(|(_, need)| *need)
    }
}

/// Every route there is: the router is made of these, and so is the table of who may do what.
fn table() -> Vec<Route> {
    let home = async || Redirect::temporary(SWAGGER);
    [
        of_service(home),
        of_rows(),
        of_login(),
        of_directory(),
        of_tap(),
        of_local(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_service<H, T>(home: H) -> Vec<Route>
where
    H: Handler<T, AppState> + Clone,
    T: 'static,
{
    vec![
        Route::get("/", Need::Open, home.clone()),
        Route::get("/api", Need::Open, home),
        Route::get("/api/swagger", Need::Open, swagger::page),
        Route::get("/api/swagger/{asset}", Need::Open, swagger::asset),
        Route::get("/api/openapi.json", Need::Read, openapi::openapi),
        Route::get("/problems/{slug}", Need::Open, problem::page),
        Route::get("/healthz", Need::Read, health::healthz),
        Route::get("/livez", Need::Open, health::livez),
        Route::get("/readyz", Need::Open, health::readyz),
        Route::get("/metrics", Need::Read, metrics::metrics),
    ]
}

fn of_rows() -> Vec<Route> {
    vec![
        Route::get(SERVICE, Need::Read, catalog::service),
        Route::get(CATALOG, Need::Read, catalog::catalog),
        Route::get(CATALOG_OF_SOURCE, Need::Read, catalog::catalog_of_source),
        Route::get(LIST, Need::Read, records::list),
        Route::get(ONE, Need::Read, records::one),
        Route::get(SCHEMA, Need::Read, records::schema),
        Route::get(CHANGES, Need::Read, changes::changes),
        Route::get(EXPORT, Need::Read, export::export),
        Route::get(FACETS, Need::Read, records::facets::facets),
        Route::get(RANDOM, Need::Read, records::random::random),
        Route::get(CHILDREN, Need::Read, records::children),
        Route::get(HISTORY, Need::Read, records::history::history),
        Route::get("/mirror/{source}", Need::Read, mirror::mirror),
        Route::get("/mirror/{source}/", Need::Read, mirror::mirror),
        Route::get(MIRROR, Need::Read, mirror::mirror),
    ]
}

fn of_directory() -> Vec<Route> {
    vec![
        Route::get(USERS, Need::Admin, directory::list),
        Route::post(USERS, Need::Admin, directory::create),
        Route::get(USER, Need::Known, directory::one),
        Route::patch(USER, Need::Admin, directory::change),
        Route::delete(USER, Need::Admin, directory::remove),
        Route::get(ME, Need::Login, directory::me),
        Route::put(ME, Need::Login, directory::change_me),
        Route::get(AUDIT, Need::Admin, directory::audit),
    ]
}

/// The rows of resources that callers write.
fn of_local() -> Vec<Route> {
    vec![
        Route::post(LIST, Need::Write, writing::create),
        Route::put(ONE, Need::Write, writing::replace),
        Route::patch(ONE, Need::Write, writing::change),
        Route::delete(ONE, Need::Write, writing::delete),
        Route::post(IMPORT, Need::Write, writing::import),
    ]
}

/// Logins, and keys of programs.
fn of_login() -> Vec<Route> {
    vec![
        Route::get("/.well-known/jwks.json", Need::Open, auth::jwks),
        Route::post("/api/v1/auth/login", Need::Open, auth::login),
        Route::post("/api/v1/auth/refresh", Need::Open, auth::refresh),
        Route::post("/api/v1/auth/register", Need::Open, auth::register),
        Route::post("/api/v1/auth/setup", Need::Open, auth::setup),
        Route::post("/api/v1/auth/logout", Need::Login, auth::logout),
        Route::post("/api/v1/auth/password", Need::Login, auth::change_password),
        Route::get("/api/v1/keys", Need::Login, auth::list_keys),
        Route::post("/api/v1/keys", Need::Login, auth::create_key),
        Route::delete("/api/v1/keys/{id}", Need::Login, auth::revoke_key),
    ]
}

/// The tap: whoever may turn it may look, too.
fn of_tap() -> Vec<Route> {
    let need = Need::Sync;
    vec![
        Route::get(SYNC, need, sync::fare::all),
        Route::patch(SYNC, need, sync::fare::steer_all),
        Route::get(SYNC_RUN_ALL, need, sync::runs::list),
        Route::post(SYNC_RUN_ALL, need, sync::commands::run_all),
        Route::get(SYNC_RUN, need, sync::runs::one),
        Route::post(SYNC_CANCEL, need, sync::commands::cancel),
        Route::get(COMMANDS, need, sync::commands::list),
        Route::get(COMMAND, need, sync::commands::one),
        Route::get(SYNC_EVENTS, need, sync::events::events),
        Route::get(SYNC_SOURCE, need, sync::fare::of_source),
        Route::patch(SYNC_SOURCE, need, sync::fare::steer_source),
        Route::post(SYNC_RUN_SOURCE, need, sync::commands::run_source),
        Route::get(SYNC_RESOURCE, need, sync::fare::of_resource),
        Route::patch(SYNC_RESOURCE, need, sync::fare::steer_resource),
        Route::post(SYNC_RUN_RESOURCE, need, sync::commands::run_resource),
        Route::get(REJECTS, need, sync::rejects::list),
        Route::get(REJECT_COUNTS, need, sync::rejects::counts),
        Route::get(REJECT, need, sync::rejects::one),
        Route::post(REPLAY, need, sync::commands::replay),
    ]
}

/// A method of a path, what its callers have to be, and what answers.
struct Route {
    method: Method,
    path: &'static str,
    need: Need,
    handler: MethodRouter<AppState>,
}

impl Route {
    fn of(
        method: Method,
        (path, need): (&'static str, Need),
        handler: MethodRouter<AppState>,
    ) -> Self {
        Self {
            method,
            path,
            need,
            handler,
        }
    }

    fn get<H: Handler<T, AppState>, T: 'static>(
        path: &'static str,
        need: Need,
        handler: H,
    ) -> Self {
        Self::of(Method::GET, (path, need), get(handler))
    }

    fn post<H: Handler<T, AppState>, T: 'static>(
        path: &'static str,
        need: Need,
        handler: H,
    ) -> Self {
        Self::of(Method::POST, (path, need), post(handler))
    }

    fn put<H: Handler<T, AppState>, T: 'static>(
        path: &'static str,
        need: Need,
        handler: H,
    ) -> Self {
        Self::of(Method::PUT, (path, need), put(handler))
    }

    fn patch<H: Handler<T, AppState>, T: 'static>(
        path: &'static str,
        need: Need,
        handler: H,
    ) -> Self {
        Self::of(Method::PATCH, (path, need), patch(handler))
    }

    fn delete<H: Handler<T, AppState>, T: 'static>(
        path: &'static str,
        need: Need,
        handler: H,
    ) -> Self {
        Self::of(Method::DELETE, (path, need), delete(handler))
    }
}
