//! The parameters of one resource's lists: one, typed, for each field that can be filtered by.

use entity::definition::{Definition, Field, Kind};
use serde_json::{Value, json};

use crate::records::{filter_name, is_sortable};

/// The parameters that filter by a field of `definition`.
pub(super) fn filters(definition: &Definition) -> Vec<Value> {
    let fields = definition.fields.iter();
    fields
        .filter_map(|field| Some(filter(field, &filter_name(field)?)))
        .collect()
}

/// What `sort` may name.
pub(super) fn sort(definition: &Definition) -> Value {
    let fields = definition.fields.iter().filter(|field| is_sortable(field));
    let names: Vec<String> = fields.map(|field| format!("`{}`", field.name)).collect();
    let description = format!(
        "Fields to sort by, separated by commas; `-` before a name sorts descending. \
         Rows without a value come last both ways. One or more of {}.",
        names.join(", ")
    );
    json!({
        "name": "sort",
        "in": "query",
        "description": description,
        "schema": { "type": "string" },
    })
}

/// A parameter that is some of `names`, separated by commas.
pub(super) fn names((name, description): (&str, &str), names: &[&str]) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "style": "form",
        "explode": false,
        "schema": {
            "type": "array",
            "items": { "type": "string", "enum": names },
            "minItems": 1,
            "uniqueItems": true,
        },
    })
}

fn filter(field: &Field, name: &str) -> Value {
    let description = match field.kind {
        Kind::List => format!("Rows whose list `{}` has this item.", field.name),
        _ => format!("Rows whose `{}` is this.", field.name),
    };
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema(field),
    })
}

fn schema(field: &Field) -> Value {
    let mut schema = match field.kind {
        Kind::Text | Kind::List | Kind::Json => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Decimal { .. } => json!({ "type": "number" }),
        Kind::Float => json!({ "type": "number", "format": "double" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
    };
    if !field.values.is_empty() && matches!(field.kind, Kind::Text | Kind::List) {
        schema["enum"] = json!(field.values);
    }
    schema
}
