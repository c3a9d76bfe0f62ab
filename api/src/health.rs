//! `/livez`, `/readyz` and `/healthz`: is the process alive, can it serve, and how is everything it serves.
//!
//! A broken upstream is a warning: what was mirrored before is still served.

use axum::{
    extract::State,
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    AppState, freshness,
    problem::Problem,
    registry::{Resource, Trouble},
};

/// The process answers: nothing else is looked at, so that no outage elsewhere gets it restarted.
pub(crate) async fn livez() -> Response {
    health(StatusCode::OK, &json!({ "status": "pass" }))
}

/// Whether requests can be served now.
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Response, Problem> {
    match state.registry.trouble() {
        None => Ok(health(StatusCode::OK, &json!({ "status": "pass" }))),
        Some(Trouble::NoSchema) => Err(Problem::no_schema()),
        Some(Trouble::Starting | Trouble::NoDatabase) => Err(Problem::no_database()),
    }
}

/// The detail: the database, and each resource's age.
pub(crate) async fn healthz(State(state): State<AppState>) -> Response {
    let database = database(state.registry.trouble());
    let is_up = database["status"] == "pass";
    let mut checks = Map::new();
    checks.insert("database".to_owned(), json!([database]));
    let mut any_stale = false;
    if let Ok(snapshot) = state.registry.snapshot() {
        for resource in snapshot.resources() {
            let check = age(&state, resource);
            any_stale |= check["status"] == "warn";
            let name = format!("{}.{}", resource.source.name, resource.model.name);
            checks.insert(name, json!([check]));
        }
    }
    let (code, status) = match (is_up, any_stale) {
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "fail"),
        (true, true) => (StatusCode::OK, "warn"),
        (true, false) => (StatusCode::OK, "pass"),
    };
    let version = env!("CARGO_PKG_VERSION");
    health(
        code,
        &json!({ "status": status, "version": version, "checks": checks }),
    )
}

fn database(trouble: Option<Trouble>) -> Value {
    let output = match trouble {
        None => return json!({ "status": "pass", "componentType": "datastore" }),
        Some(Trouble::NoSchema) => "it has no schema yet; run `catchment migrate up`",
        Some(Trouble::Starting | Trouble::NoDatabase) => "it cannot be reached",
    };
    json!({ "status": "fail", "componentType": "datastore", "output": output })
}

fn age(state: &AppState, resource: &Resource) -> Value {
    let now = state.clock.now();
    let model = &resource.model;
    let stale = freshness::is_stale(model, state.registry.is_in_touch(), now);
    let age = model.synced_at.map(|at| (now - at).num_seconds());
    json!({
        "status": if stale { "warn" } else { "pass" },
        "componentType": "component",
        "observedValue": age,
        "observedUnit": "s",
        "time": model.synced_at,
        "lastOutcome": model.last_outcome,
    })
}

/// The form of draft-inadarei-api-health-check.
fn health(status: StatusCode, body: &Value) -> Response {
    let headers: [(HeaderName, &str); 2] = [
        (CONTENT_TYPE, "application/health+json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}
