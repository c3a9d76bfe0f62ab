//! `GET /{source}/{resource}/-/schema`: what a resource's records are, as JSON Schema.
//!
//! A declared field says how a value is *read* from a record for filters and sorting. The record itself
//! is served as it came, so its members are described, as they were seen in some rows, and not typed: an upstream's `1`
//! may be read as a boolean, and its next record may hold a text there.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use entity::definition::{Definition, Field};
use serde_json::{Map, Value, json};

use super::query::{filter_names, is_sortable, written};
use crate::{
    AppState,
    caching::{self, Audience},
    identity::View,
    parameters::Parameters,
    path::Segments,
    problem::Problem,
    registry::{Resource, Snapshot},
};

pub(crate) async fn schema(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let samples = state
        .samples
        .of(&state, std::slice::from_ref(resource))
        .await;
    let properties = match samples.first() {
        Some(sample) => sample.properties(&resource.definition),
        None => Map::new(),
    };
    let body = document(&snapshot, resource, &properties).to_string();
    let audience = Audience::of_view(&snapshot);
    let body = ("application/schema+json", body);
    Ok(caching::document(&request, audience, body))
}

/// The definition's own words for the resource, or the plain ones.
pub(crate) fn description(definition: &Definition) -> String {
    definition.description.clone().unwrap_or_else(|| {
        let Definition {
            source, resource, ..
        } = definition;
        format!("The records of `{resource}` from `{source}`, as they came.")
    })
}

fn document(snapshot: &Snapshot, resource: &Resource, properties: &Map<String, Value>) -> Value {
    let definition = &resource.definition;
    let children: Vec<&str> = snapshot
        .children(resource)
        .map(|child| child.model.name.as_str())
        .collect();
    // Of a parent that the caller may not see, nothing is told.
    let is_seen = |name: &str| {
        snapshot
            .of_source(&resource.source)
            .any(|one| one.model.name == name)
    };
    let parent = definition.parent.as_ref();
    let parent = parent
        .filter(|parent| is_seen(&parent.resource))
        .map(|parent| {
            let copied = parent.copy.iter().cloned();
            json!({
                "resource": parent.resource,
                "copy": copied.collect::<std::collections::BTreeMap<_, _>>(),
            })
        });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("{}.{}", definition.source, definition.resource),
        "description": description(definition),
        "type": "object",
        "properties": properties,
        "additionalProperties": true,
        "x-catchment": {
            "key": definition.key,
            "fields": definition.fields.iter().map(|of| field(definition, of)).collect::<Vec<_>>(),
            "search": definition.search,
            "orders": definition.orders.iter().map(|order| written(order)).collect::<Vec<_>>(),
            "parent": parent,
            "children": children,
            "history": history(resource),
        },
    })
}

/// Since when each version of each record is kept; null: it is not.
fn history(resource: &Resource) -> Value {
    let since = resource.model.history_version;
    let since = since.filter(|_| resource.definition.history);
    match since {
        Some(version) => json!({ "version": version, "at": resource.model.history_at }),
        None => Value::Null,
    }
}

fn field(definition: &Definition, field: &Field) -> Value {
    let filters = filter_names(definition, field).into_iter();
    json!({
        "name": field.name,
        "type": field.kind,
        "required": field.required,
        "values": field.values,
        "filters": filters.map(|(name, _)| name).collect::<Vec<_>>(),
        "sortable": is_sortable(field),
    })
}
