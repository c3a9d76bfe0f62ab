//! `/api/openapi.json`: OpenAPI 3.1, generated from the registered definitions.

mod act;
mod acts;
mod changes;
mod components;
mod directory;
mod examples;
mod export;
mod filters;
mod headers;
mod history;
mod local;
mod login;
mod mirror;
mod operation;
mod paths;
mod problems;
mod record;
mod sync;
mod tables;
mod tap;

use std::sync::LazyLock;

use axum::{extract::State, http::HeaderMap, response::Response};
use entity::definition::Definition;
use serde_json::{Map, Value, json};

use crate::{
    AppState,
    caching::{self, Audience},
    identity::View,
    problem::Problem,
    records,
    sample::Sample,
    settings::Settings,
};

pub(crate) async fn openapi(
    State(state): State<AppState>,
    snapshot: View,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resources = snapshot.resources();
    let samples = state.samples.of(&state, resources).await;
    let described = resources.iter().zip(&samples);
    let described: Vec<Described<'_>> = described
        .map(|(resource, sample)| Described {
            definition: &resource.definition,
            sample,
        })
        .collect();
    let body = of_all(&described, &state.settings).to_string();
    let audience = Audience::of_view(&snapshot);
    Ok(caching::document(
        &request,
        audience,
        ("application/json", body),
    ))
}

/// The document for an api with those settings that serves `definitions`, as it is before there is a row.
pub fn document(definitions: &[&Definition], settings: &Settings) -> Value {
    static NO_ROWS: LazyLock<Sample> = LazyLock::new(Sample::default);
    let definitions = definitions.iter();
    let described: Vec<Described<'_>> = definitions
        .map(|definition| Described {
            definition,
            sample: &NO_ROWS,
        })
        .collect();
    of_all(&described, settings)
}

/// A resource that the document tells of.
#[derive(Clone, Copy)]
struct Described<'a> {
    definition: &'a Definition,
    sample: &'a Sample,
}

impl Described<'_> {
    /// Where its list is.
    fn path(&self) -> String {
        let Definition {
            source, resource, ..
        } = self.definition;
        format!("/api/v1/{source}/{resource}")
    }

    /// The name of its key's parameter.
    fn key_name(&self) -> String {
        format!("Key.{}", tag(self.definition))
    }

    fn is_child_of(&self, parent: &Self) -> bool {
        paths::is_child(self.definition, parent.definition)
    }
}

/// What the operations of a resource stand under.
fn tag(definition: &Definition) -> String {
    format!("{}.{}", definition.source, definition.resource)
}

fn of_all(described: &[Described<'_>], settings: &Settings) -> Value {
    let definitions: Vec<&Definition> = described.iter().map(|of| of.definition).collect();
    let mut paths = paths::paths(&definitions);
    examples::lay(&mut paths, described);
    let mirrored = mirror::paths(described, settings);
    let has_mirror = !mirrored.is_empty();
    paths.extend(mirrored);
    acts::lay(&mut paths);
    local::lay(&mut paths, &definitions);
    if settings.rate_limit.is_some() {
        limit(&mut paths);
    }
    let components = components::components(described, &paths, settings);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Catchment",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Mirrored upstream data, as rows with their freshness. \
                Each record is served byte for byte as it came; each answer says which version it is, \
                when it was synced, and whether it is complete. What a record's members are is told as some rows \
                have them, and binds no other row.",
        },
        "servers": [{ "url": "/", "description": "This api." }],
        // Who is known may read more.
        "security": [{}, { "bearer": [] }, { "key": [] }],
        "tags": tags(&definitions, has_mirror),
        "paths": paths,
        "components": components,
    })
}

fn tags(definitions: &[&Definition], has_mirror: bool) -> Vec<Value> {
    let tag_of = |definition: &&Definition| {
        json!({
            "name": tag(definition),
            "description": records::description(definition),
        })
    };
    let mut tags = vec![
        json!({ "name": "catalogue", "description": "What is mirrored, and how fresh it is." }),
    ];
    tags.extend(definitions.iter().map(tag_of));
    if has_mirror {
        tags.push(json!({
            "name": mirror::TAG,
            "description": "The same records as the upstreams answer them: a client of one changes its base URL, and nothing else.",
        }));
    }
    tags.push(json!({
        "name": login::TAG,
        "description": "Who asks: logins, and keys of programs.",
    }));
    tags.push(json!({
        "name": directory::TAG,
        "description": "Who there is, what each says of itself, and what was done by whom.",
    }));
    tags.push(json!({
        "name": sync::TAG,
        "description": "How the syncers fare, and what they are asked to do.",
    }));
    tags.push(json!({ "name": "service", "description": "Is it alive, ready, healthy." }));
    tags
}

/// There is a limit of requests: each operation but those that tell how the process is may refuse one more.
fn limit(paths: &mut Map<String, Value>) {
    let (name, _) = problems::QUOTA;
    let items = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in items.flat_map(Map::values_mut) {
        let is_watched = operation["tags"] == json!(["service"]);
        // Of a login, that one says so already.
        if !is_watched && operation["responses"].get("429").is_none() {
            let response = json!({ "$ref": format!("#/components/responses/{name}") });
            operation["responses"]["429"] = response;
        }
    }
}
