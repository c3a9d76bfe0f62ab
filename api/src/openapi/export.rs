//! The export of a resource's rows: its path and parameters.

use entity::definition::Definition;
use serde_json::{Value, json};

use super::{
    filters,
    operation::{Answers, Get},
    paths::{parameter, record},
    tag,
};

pub(super) fn path_item(definition: &Definition) -> Value {
    let name = &definition.resource;
    let mut parameters = filters::filters(definition);
    parameters.extend(["Fields", "Format", "After", "End"].map(parameter));
    let get = Get {
        tag: &tag(definition),
        id: &format!("export_{}", definition.table),
        summary: &format!("All {name} at once, as they are at one moment"),
        parameters,
        answers: Answers::Anew,
        content: json!({
            "application/x-ndjson": {
                "schema": {
                    "type": "string",
                    "description": "Each line is a record. The last is an array, which no record is: \
                        `[\"catchment-export\",{\"rows\":…,\"complete\":true,\"version\":…}]`.",
                    "x-itemSchema": { "anyOf": [record(definition), end()] },
                },
            },
            "text/csv": {
                "schema": { "type": "string" },
            },
        }),
    };
    get.path_item()
}

/// The last line of an export that is whole.
fn end() -> Value {
    json!({
        "type": "array",
        "prefixItems": [
            { "const": "catchment-export" },
            {
                "type": "object",
                "required": ["rows", "complete", "version"],
                "properties": {
                    "rows": { "type": "integer", "minimum": 0 },
                    "complete": { "const": true },
                    "version": { "type": "integer", "minimum": 0 },
                },
            },
        ],
        "minItems": 2,
        "maxItems": 2,
    })
}

pub(super) fn parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    json!({
        "Format": query(
            "format",
            "The form; without it, what `Accept` says. CSV has a column for each declared field, lists as JSON.",
            json!({ "type": "string", "enum": ["ndjson", "csv"], "default": "ndjson" }),
        ),
        "After": query(
            "after",
            "The key of the last record that the client has: the export goes on behind it.",
            json!({ "type": "string" }),
        ),
        "End": query(
            "end",
            "Whether the last line of NDJSON says how many records there were.",
            json!({ "type": "string", "enum": ["none", "line"] }),
        ),
    })
}
