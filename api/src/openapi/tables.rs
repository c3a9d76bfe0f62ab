//! Lists of platform tables, as the document tells them: their parameters, and what their rows look like.

use entity::{
    definition::{Field, Kind},
    listing::Listing,
};
use serde_json::{Map, Value, json};

use super::{
    filters,
    paths::{json_body, parameter, reference},
};

/// All that a list takes.
pub(super) fn parameters(listing: &Listing) -> Vec<Value> {
    let mut parameters = filters::filters(listing.definition());
    parameters.push(sort(listing));
    parameters.push(fields(listing));
    parameters.extend(["Limit", "Cursor", "TableCount", "TimeoutMs"].map(parameter));
    parameters
}

/// What it answers with, by media type: rows of `schema`.
pub(super) fn body(schema: &Value) -> Value {
    json_body(&json!({
        "type": "object",
        "required": ["data", "page", "count"],
        "properties": {
            "data": { "type": "array", "items": schema },
            "page": reference("Page"),
            "count": { "oneOf": [reference("Count"), { "type": "null" }] },
        },
    }))
}

/// What its rows look like; with `fields` they have only some of the members.
pub(super) fn row(listing: &Listing) -> Value {
    let fields = listing.fields().iter();
    let members: Map<String, Value> = fields
        .map(|field| (field.name.clone(), member(field)))
        .collect();
    json!({ "type": "object", "required": ["id"], "properties": members })
}

fn member(field: &Field) -> Value {
    let (name, format) = match field.kind {
        Kind::Text | Kind::Decimal { .. } => ("string", None),
        Kind::Integer => ("integer", Some("int64")),
        Kind::Float => ("number", Some("double")),
        Kind::Boolean => ("boolean", None),
        Kind::Timestamp => ("string", Some("date-time")),
        Kind::Date => ("string", Some("date")),
        Kind::List => ("array", None),
        Kind::Json => ("object", None),
    };
    let mut schema = match field.required {
        true => json!({ "type": name }),
        false => json!({ "type": [name, "null"] }),
    };
    if let Some(format) = format {
        schema["format"] = json!(format);
    }
    if !field.values.is_empty() {
        let nothing = (!field.required).then_some(Value::Null);
        let values = field.values.iter().map(|value| json!(value));
        schema["enum"] = values.chain(nothing).collect();
    }
    schema
}

/// Any of the names, in any order.
fn sort(listing: &Listing) -> Value {
    let names = listing.sortable().iter();
    let names: Vec<String> = names
        .flat_map(|name| [(*name).to_owned(), format!("-{name}")])
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let description = match listing.is_newest_first() {
        true => {
            "What to sort by, one after the other; `-` before a name sorts descending. Without it the newest come first."
        }
        false => {
            "What to sort by, one after the other; `-` before a name sorts descending. Rows without a value come last both ways."
        }
    };
    filters::names(("sort", description), &names)
}

fn fields(listing: &Listing) -> Value {
    let names: Vec<&str> = listing
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    filters::names(("fields", "Members to give; `id` is always given."), &names)
}

/// How a list of a platform table is counted: unlike that of rows it has no count that is known already.
pub(super) fn count() -> Value {
    json!({
        "name": "count",
        "in": "query",
        "description": "Counts what the filters leave: all, or up to 10,000.",
        "schema": { "type": "string", "enum": ["none", "capped", "exact"], "default": "none" },
    })
}
