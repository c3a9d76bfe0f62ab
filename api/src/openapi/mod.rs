//! `/api/openapi.json`: OpenAPI 3.1, generated from the registered definitions.

mod changes;
mod components;
mod export;
mod filters;
mod history;
mod mirror;
mod paths;

use axum::{extract::State, http::HeaderMap, response::Response};
use entity::definition::Definition;
use serde_json::{Value, json};

use crate::{AppState, caching, problem::Problem, settings::Settings};

pub(crate) async fn openapi(
    State(state): State<AppState>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = state.registry.snapshot()?;
    let definitions: Vec<&Definition> = snapshot
        .resources()
        .iter()
        .map(|resource| &*resource.definition)
        .collect();
    let body = document(&definitions, &state.settings).to_string();
    Ok(caching::document(&request, "application/json", body))
}

/// The document for an api with those settings that serves `definitions`.
pub fn document(definitions: &[&Definition], settings: &Settings) -> Value {
    let mut tags = vec![
        json!({ "name": "catalogue", "description": "What is mirrored, and how fresh it is." }),
        json!({ "name": "service", "description": "Is it alive, ready, healthy." }),
    ];
    let mut sources: Vec<&str> = definitions.iter().map(|d| d.source.as_str()).collect();
    sources.dedup();
    tags.extend(sources.into_iter().map(|source| json!({ "name": source })));
    let mirrored = mirror::paths(definitions, settings);
    if !mirrored.is_empty() {
        tags.push(json!({
            "name": mirror::TAG,
            "description": "The same records as the upstreams answer them: a client of one changes its base URL, and nothing else.",
        }));
    }
    let mut paths = paths::paths(definitions);
    paths.extend(mirrored);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Catchment",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Mirrored upstream data, as rows with their freshness. \
                Each record is served byte for byte as it came; each answer says which version it is, \
                when it was synced, and whether it is complete.",
        },
        "servers": [{ "url": "/" }],
        // Whoever reaches it may read.
        "security": [],
        "tags": tags,
        "paths": paths,
        "components": components::components(definitions, settings),
    })
}
