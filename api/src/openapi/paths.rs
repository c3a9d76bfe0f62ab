//! The document's paths: those that are always there, and those of each resource.

use entity::definition::Definition;
use serde_json::{Map, Value, json};

pub(super) use super::operation::Get;
use super::{changes, export, filters, history, operation::Answers, tag};
use crate::records;

/// Every path of an api that serves `definitions`.
pub(super) fn paths(definitions: &[&Definition]) -> Map<String, Value> {
    let mut paths = fixed(definitions);
    for definition in definitions {
        let base = format!("/api/v1/{}/{}", definition.source, definition.resource);
        let schema = format!("{base}/-/schema");
        let random = format!("{base}/-/random");
        let key = format!("{base}/{{key}}");
        for child in definitions {
            if is_child(child, definition) {
                let path = format!("{key}/{}", child.resource);
                let embed = embed(definitions, child);
                paths.insert(path, children(definition, child, embed));
            }
        }
        paths.insert(format!("{base}/-/changes"), changes::path_item(definition));
        paths.insert(format!("{base}/-/export"), export::path_item(definition));
        if let Some(facets) = facets(definition) {
            paths.insert(format!("{base}/-/facets"), facets);
        }
        if definition.history {
            paths.insert(format!("{key}/-/history"), history::path_item(definition));
        }
        paths.insert(base, list(definition, embed(definitions, definition)));
        paths.insert(key, one(definition, embed(definitions, definition)));
        paths.insert(schema, schema_of(definition));
        paths.insert(random, random_of(definition));
    }
    paths
}

pub(super) fn is_child(child: &Definition, parent: &Definition) -> bool {
    let relation = child.parent.as_ref();
    child.source == parent.source
        && relation.is_some_and(|relation| relation.resource == parent.resource)
}

/// Path, tag, id and summary of what is there without any definition.
const FIXED: [[&str; 4]; 7] = [
    ["/api/v1", "catalogue", "service", "Where all else is found"],
    [
        "/api/v1/catalog",
        "catalogue",
        "catalog",
        "All sources and their resources",
    ],
    [
        "/api/v1/catalog/{source}",
        "catalogue",
        "catalog_of_source",
        "One source and its resources",
    ],
    [
        "/healthz",
        "service",
        "healthz",
        "The database, and each resource's age",
    ],
    ["/livez", "service", "livez", "Whether the process answers"],
    [
        "/readyz",
        "service",
        "readyz",
        "Whether requests can be served",
    ],
    [
        "/metrics",
        "service",
        "metrics",
        "Measurements for Prometheus",
    ],
];

fn fixed(definitions: &[&Definition]) -> Map<String, Value> {
    let path_items = FIXED.map(|[path, tag, id, summary]| {
        let parameters = path.contains("{source}").then(|| source(definitions));
        let get = Get {
            tag,
            id,
            summary,
            parameters: parameters.into_iter().collect(),
            content: fixed_content(id),
            answers: match tag {
                "service" => Answers::State,
                _ => Answers::Catalogue,
            },
        };
        (path.to_owned(), get.path_item())
    });
    path_items.into_iter().collect()
}

fn fixed_content(id: &str) -> Value {
    let catalogue = |data: Value| {
        json_body(&json!({
            "type": "object",
            "required": ["data"],
            "properties": { "data": data },
        }))
    };
    match id {
        "service" => catalogue(reference("Service")),
        "catalog" => catalogue(json!({ "type": "array", "items": reference("Source") })),
        "catalog_of_source" => catalogue(reference("Source")),
        "metrics" => json!({ "application/openmetrics-text": { "schema": { "type": "string" } } }),
        _ => json!({ "application/health+json": { "schema": reference("Health") } }),
    }
}

fn source(definitions: &[&Definition]) -> Value {
    let mut names: Vec<&str> = definitions.iter().map(|of| of.source.as_str()).collect();
    names.dedup();
    let mut schema = json!({ "type": "string" });
    // An enumeration has a value.
    if !names.is_empty() {
        schema["enum"] = json!(names);
    }
    json!({ "name": "source", "in": "path", "required": true, "schema": schema })
}

fn list(definition: &Definition, embed: Value) -> Value {
    let mut parameters = list_parameters(definition);
    parameters.push(embed);
    parameters.extend(definition.history.then(|| parameter("AsOf")));
    let mut bodies = list_bodies(definition);
    bodies.extend(definition.history.then(|| history::list(definition)));
    let get = Get {
        tag: &tag(definition),
        id: &format!("list_{}", definition.table),
        summary: &records::description(definition),
        parameters,
        answers: Answers::Rows,
        content: one_of(&bodies),
    };
    get.path_item()
}

fn children(parent: &Definition, child: &Definition, embed: Value) -> Value {
    let mut parameters = vec![parameter("Key")];
    parameters.extend(list_parameters(child));
    parameters.push(embed);
    let (child_name, parent_name) = (&child.resource, &parent.resource);
    let get = Get {
        tag: &tag(parent),
        id: &format!("children_{}_{child_name}", parent.table),
        summary: &format!("The {child_name} of one of the {parent_name}"),
        parameters,
        answers: Answers::Rows,
        content: one_of(&list_bodies(child)),
    };
    get.path_item()
}

fn one(definition: &Definition, embed: Value) -> Value {
    let mut parameters = vec![
        parameter("Key"),
        parameter("Fields"),
        embed,
        parameter("MaxStaleness"),
        parameter("TimeoutMs"),
    ];
    parameters.extend(definition.history.then(|| parameter("AsOf")));
    let meta = match definition.history {
        true => json!({ "oneOf": [reference("Meta"), reference("PastMeta")] }),
        false => reference("Meta"),
    };
    let get = Get {
        tag: &tag(definition),
        id: &format!("one_{}", definition.table),
        summary: &format!("One of the {} by its key", definition.resource),
        parameters,
        answers: Answers::Rows,
        content: json_body(&json!({
            "type": "object",
            "required": ["data", "meta"],
            "properties": { "data": record(definition), "meta": meta },
        })),
    };
    get.path_item()
}

fn schema_of(definition: &Definition) -> Value {
    let name = &definition.resource;
    let get = Get {
        tag: &tag(definition),
        id: &format!("schema_{}", definition.table),
        summary: &format!("JSON Schema of the {name}, and what they can be filtered by"),
        parameters: Vec::new(),
        answers: Answers::Document,
        content: json!({ "application/schema+json": { "schema": { "type": "object" } } }),
    };
    get.path_item()
}

/// What each record of `definition` may carry besides itself.
fn embed(definitions: &[&Definition], definition: &Definition) -> Value {
    let children = definitions
        .iter()
        .filter(|child| is_child(child, definition) && records::embed::is_embeddable(child));
    let names = children.map(|child| child.resource.as_str());
    let names: Vec<&str> = names.chain([records::embed::PROVENANCE]).collect();
    let (most, limit) = (records::embed::MOST, records::embed::MAX_LIMIT);
    let description = format!(
        "What each record carries besides itself: the first {most} rows of a child resource, in its member \
         `_embedded`, or where it comes from, in `_provenance`. A page then has at most {limit} records."
    );
    filters::names(("embed", &description), &names)
}

fn facets(definition: &Definition) -> Option<Value> {
    let fields = definition.fields.iter();
    let fields = fields.filter(|field| records::facets::is_facetable(field));
    let names: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
    let mut facet = filters::names(("facet", "The fields whose values are wanted."), &names);
    facet["required"] = json!(true);
    let mut parameters = vec![facet, parameter("FacetLimit"), parameter("TimeoutMs")];
    parameters.extend(filters::filters(definition));
    let of_each = names
        .iter()
        .map(|name| ((*name).to_owned(), reference("Facet")));
    let of_each: Map<String, Value> = of_each.collect();
    let get = Get {
        tag: &tag(definition),
        id: &format!("facets_{}", definition.table),
        summary: &format!(
            "The values of some fields of the {}, with counts",
            definition.resource
        ),
        parameters,
        answers: Answers::Rows,
        content: json_body(&json!({
            "type": "object",
            "required": ["data", "timed_out", "meta"],
            "properties": {
                "data": { "type": "object", "properties": of_each },
                "timed_out": {
                    "type": "array",
                    "items": { "type": "string" },
                    "description": "The fields whose values could not be counted in time.",
                },
                "meta": reference("Meta"),
            },
        })),
    };
    (!names.is_empty()).then(|| get.path_item())
}

fn random_of(definition: &Definition) -> Value {
    let mut parameters = filters::filters(definition);
    parameters.extend(["Fields", "RandomLimit", "Seed", "TimeoutMs"].map(parameter));
    let get = Get {
        tag: &tag(definition),
        id: &format!("random_{}", definition.table),
        summary: &format!("Some of the {}, whichever", definition.resource),
        parameters,
        answers: Answers::Anew,
        content: json_body(&json!({
            "type": "object",
            "required": ["data", "limit", "seed", "meta"],
            "properties": {
                "data": { "type": "array", "items": record(definition) },
                "limit": { "type": "integer" },
                "seed": { "type": "integer", "description": "Draws the same rows again, while `meta.version` is the same." },
                "meta": reference("Meta"),
            },
        })),
    };
    get.path_item()
}

fn list_parameters(definition: &Definition) -> Vec<Value> {
    let mut parameters = filters::filters(definition);
    parameters.extend(filters::sort(definition));
    let rest = [
        "Fields",
        "Limit",
        "Cursor",
        "Count",
        "Shape",
        "MaxStaleness",
        "TimeoutMs",
        "Explain",
    ];
    parameters.extend(rest.map(parameter));
    parameters
}

fn list_bodies(definition: &Definition) -> Vec<Value> {
    let rows = json!({ "type": "array", "items": record(definition) });
    let envelope = json!({
        "type": "object",
        "required": ["data", "page", "count", "meta"],
        "properties": {
            "data": rows,
            "page": reference("Page"),
            "count": { "oneOf": [reference("Count"), { "type": "null" }] },
            "meta": reference("Meta"),
        },
    });
    vec![envelope, rows, reference("Explanation")]
}

fn one_of(bodies: &[Value]) -> Value {
    json_body(&json!({
        "oneOf": bodies,
        "description": "The bare array with `shape=array`; what the list would do with `explain=true`.",
    }))
}

pub(super) fn record(definition: &Definition) -> Value {
    reference(&format!("{}.{}", definition.source, definition.resource))
}

pub(super) fn json_body(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}
