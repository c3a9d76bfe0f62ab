//! The history of a resource's records: its path, and what `as_of` adds to the others.

use entity::definition::Definition;
use serde_json::{Value, json};

use super::{
    operation::Answers,
    paths::{Get, json_body, parameter as shared, record, reference},
    tag,
};

pub(super) fn path_item(definition: &Definition) -> Value {
    let name = &definition.resource;
    let version = json!({
        "type": "object",
        "required": ["version", "at", "op", "run", "data"],
        "properties": {
            "version": { "type": "integer", "description": "The resource's version at the commit that made it." },
            "at": { "type": "string", "format": "date-time" },
            "op": { "type": "string", "enum": ["insert", "update", "delete"] },
            "run": { "type": ["integer", "null"], "description": "The run that made that commit; null: it is not known." },
            "actor": { "type": "string", "description": "Who wrote it, of a local resource. Absent: it is not known." },
            "changed_fields": {
                "type": "array",
                "items": { "type": "string" },
                "description": "The members that the version before had not, or with other bytes, and those that went.",
            },
            "hash": { "type": "string", "description": "The first 16 bytes of the SHA-256 of the record's bytes." },
            "data": { "oneOf": [record(definition), { "type": "null" }] },
        },
    });
    let get = Get {
        tag: &tag(definition),
        id: &format!("history_{}", definition.table),
        summary: &format!("The versions of one of the {name}, the newest first"),
        parameters: ["Key", "Fields", "Limit", "Cursor", "TimeoutMs"]
            .map(shared)
            .into(),
        answers: Answers::Rows,
        content: json_body(&json!({
            "type": "object",
            "required": ["data", "page", "count", "meta"],
            "properties": {
                "data": { "type": "array", "items": version },
                "page": reference("Page"),
                "count": { "type": "null" },
                "meta": reference("Meta"),
            },
        })),
    };
    get.path_item()
}

/// The body of a list with `as_of`.
pub(super) fn list(definition: &Definition) -> Value {
    json!({
        "type": "object",
        "required": ["data", "page", "count", "meta"],
        "properties": {
            "data": { "type": "array", "items": record(definition) },
            "page": reference("Page"),
            "count": { "type": "null" },
            "meta": reference("PastMeta"),
        },
    })
}

pub(super) fn schemas() -> Value {
    json!({
        "PastMeta": {
            "type": "object",
            "description": "Of an answer with `as_of`.",
            "required": ["source", "resource", "version", "at"],
            "properties": {
                "source": { "type": "string" },
                "resource": { "type": "string" },
                "version": { "type": "integer", "description": "The one that was asked for, or that there was then." },
                "at": {
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "When it was committed.",
                },
            },
        },
    })
}

pub(super) fn parameter() -> Value {
    json!({
        "name": "as_of",
        "in": "query",
        "description": "What there was at a version, or at a time (RFC 3339). Goes with `fields` and `timeout_ms`, and in lists with \
            `limit`, `cursor` and `shape`: a history has no indexes of fields.",
        "schema": { "type": "string", "pattern": "^([0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].+)$" },
    })
}
