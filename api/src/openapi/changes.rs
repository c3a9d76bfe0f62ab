//! The changes of a resource's rows: their path, parameters and schemas.

use entity::definition::Definition;
use serde_json::{Value, json};

use super::{
    operation::{Answers, Get},
    paths::{parameter, reference},
    tag,
};
use crate::changes::LONGEST_WAIT;

pub(super) fn path_item(definition: &Definition) -> Value {
    let name = &definition.resource;
    let get = Get {
        tag: &tag(definition),
        id: &format!("changes_{}", definition.table),
        summary: &format!("What changed among the {name} since a version"),
        parameters: ["Since", "ChangesLimit", "Wait", "LastEventId"]
            .map(parameter)
            .into(),
        answers: Answers::Anew,
        content: json!({
            "application/json": { "schema": reference("Changes") },
            "text/event-stream": {
                "schema": {
                    "type": "string",
                    "description": "Events `insert`, `update` and `delete`, whose data is a `Change` on one line, and \
                        `version` when all up to it is told. The `id` of each is a place to go on from.",
                    "x-itemSchema": {
                        "description": "The data of an event.",
                        "anyOf": [
                            reference("Change"),
                            { "type": "object", "required": ["version"], "maxProperties": 1 },
                        ],
                    },
                },
            },
        }),
    };
    get.path_item()
}

pub(super) fn schemas() -> Value {
    json!({
        "Changes": {
            "type": "object",
            "required": ["data", "last_seq", "more", "version"],
            "properties": {
                "data": { "type": "array", "items": reference("Change") },
                "last_seq": { "type": "string", "description": "All up to here is known now: the next `since`." },
                "more": { "type": "boolean", "description": "Whether there is more already." },
                "version": { "type": "integer", "description": "The resource's version." },
            },
        },
        "Change": {
            "type": "object",
            "required": ["seq", "version", "op", "key", "at", "data"],
            "properties": {
                "seq": { "type": "string", "description": "Its place in the order of changes." },
                "version": { "type": "integer", "description": "Of the commit that made it." },
                "op": {
                    "type": "string",
                    "enum": ["insert", "update", "delete"],
                    "description": "A row that was inserted and changed since is told as an update: take both for an upsert.",
                },
                "key": { "type": "string", "description": "The record's key, as in its URL before it is encoded." },
                "at": { "type": "string", "format": "date-time" },
                "data": {
                    "type": ["object", "null"],
                    "description": "The record as it came; null of a deleted one.",
                },
            },
        },
    })
}

pub(super) fn parameters() -> Value {
    let longest = LONGEST_WAIT.as_secs();
    json!({
        "Since": {
            "name": "since",
            "in": "query",
            "description": "What is known already: a `Catchment-Version`, or the `last_seq` or `seq` of an answer before. \
                Without it, all that there is now.",
            "schema": { "type": "string", "pattern": "^[0-9]{1,18}(\\.[0-9]{1,18})?$" },
        },
        "ChangesLimit": {
            "name": "limit",
            "in": "query",
            "description": "Most changes of an answer in JSON.",
            "schema": { "type": "integer", "minimum": 1 },
        },
        "Wait": {
            "name": "wait",
            "in": "query",
            "description": format!(
                "Seconds to wait for a change if there is none, at most {longest}. For an answer in JSON."
            ),
            "schema": { "type": "integer", "minimum": 0, "default": 0 },
        },
        "LastEventId": {
            "name": "Last-Event-ID",
            "in": "header",
            "description": "The `id` of the last event of a stream that was cut off; it goes before `since`.",
            "schema": { "type": "string" },
        },
    })
}
