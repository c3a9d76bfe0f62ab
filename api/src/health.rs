//! `/livez`, `/readyz` and `/healthz`: is the process alive, can it serve, and how is everything it serves.
//!
//! A broken upstream is a warning: what was mirrored before is still served. So is a database that is out of reach, as
//! long as there are answers that are kept.

use axum::{
    extract::State,
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, VARY},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    AppState,
    caching::Audience,
    freshness,
    identity::View,
    problem::Problem,
    registry::{Resource, Trouble},
};

/// The process answers: nothing else is looked at, so that no outage elsewhere gets it restarted.
pub(crate) async fn livez() -> Response {
    health(StatusCode::OK, &json!({ "status": "pass" }))
}

/// Whether requests can be served now: by the database, or with what was answered before.
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<Response, Problem> {
    let Some(trouble) = state.registry.trouble() else {
        return Ok(health(StatusCode::OK, &json!({ "status": "pass" })));
    };
    if state.answers.count() > 0 {
        let output = format!(
            "the database: {}; what is kept is served as stale",
            said(trouble)
        );
        let body = json!({ "status": "warn", "output": output });
        return Ok(health(StatusCode::OK, &body));
    }
    Err(match trouble {
        Trouble::NoSchema => Problem::no_schema(),
        Trouble::Starting | Trouble::NoDatabase => Problem::no_database(),
    })
}

/// The detail: the database, what is kept, and the age of each resource that the caller may see.
pub(crate) async fn healthz(
    State(state): State<AppState>,
    snapshot: Result<View, Problem>,
) -> Response {
    let trouble = state.registry.trouble();
    let kept = state.answers.count();
    let mut checks = Map::new();
    checks.insert("database".to_owned(), json!([database(trouble)]));
    checks.insert("answers".to_owned(), json!([answers(kept)]));
    let mut any_stale = false;
    if let Ok(snapshot) = &snapshot {
        for resource in snapshot.resources() {
            let check = age(&state, resource);
            any_stale |= check["status"] == "warn";
            let name = format!("{}.{}", resource.source.name, resource.model.name);
            checks.insert(name, json!([check]));
        }
    }
    let (code, status) = match (trouble, any_stale) {
        (Some(_), _) if kept == 0 => (StatusCode::SERVICE_UNAVAILABLE, "fail"),
        (Some(_), _) | (None, true) => (StatusCode::OK, "warn"),
        (None, false) => (StatusCode::OK, "pass"),
    };
    let version = env!("CARGO_PKG_VERSION");
    let body = json!({ "status": status, "version": version, "checks": checks });
    let mut response = health(code, &body);
    if let Ok(snapshot) = &snapshot {
        let varies = Audience::of_view(snapshot).varies();
        response.headers_mut().insert(VARY, varies);
    }
    response
}

fn database(trouble: Option<Trouble>) -> Value {
    match trouble {
        None => json!({ "status": "pass", "componentType": "datastore" }),
        Some(trouble) => {
            json!({ "status": "fail", "componentType": "datastore", "output": said(trouble) })
        }
    }
}

fn said(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NoSchema => "it has no schema yet; run `catchment migrate up`",
        Trouble::Starting | Trouble::NoDatabase => "it cannot be reached",
    }
}

/// How many answers are kept: what is left if the database goes.
fn answers(kept: usize) -> Value {
    json!({
        "status": "pass",
        "componentType": "component",
        "observedValue": kept,
        "observedUnit": "answers",
    })
}

fn age(state: &AppState, resource: &Resource) -> Value {
    let now = state.clock.now();
    let model = &resource.model;
    let stale = freshness::why_stale(model, state.registry.is_in_touch(), now);
    let age = model.synced_at.map(|at| (now - at).num_seconds());
    let mut check = json!({
        "status": if stale.is_some() { "warn" } else { "pass" },
        "componentType": "component",
        "observedValue": age,
        "observedUnit": "s",
        "time": model.synced_at,
        "lastOutcome": model.last_outcome,
    });
    if let Some(output) = stale {
        check["output"] = output.into();
    }
    check
}

/// The form of draft-inadarei-api-health-check.
fn health(status: StatusCode, body: &Value) -> Response {
    let headers: [(HeaderName, &str); 2] = [
        (CONTENT_TYPE, "application/health+json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}
