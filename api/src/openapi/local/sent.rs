//! The schemas of what callers send.

use entity::{
    definition::{Definition, Field, Kind, Rule, TimeFormat},
    local,
};
use serde_json::{Map, Value, json};

use crate::openapi::filters;

/// What a caller sends: a whole record, or some members of one.
pub(super) fn record(definition: &Definition, whole: bool) -> Value {
    let rules = definition.local.iter().flat_map(|local| &local.rules);
    let fields: Vec<(&Field, &Rule)> = definition.fields.iter().zip(rules).collect();
    let properties = fields.iter().map(|(field, rule)| {
        let mut schema = member(definition, field, rule);
        schema["description"] = json!(local::accepted(field.kind, rule));
        (field.name.clone(), schema)
    });
    let mut schema = json!({
        "type": "object",
        "properties": properties.collect::<Map<_, _>>(),
        "additionalProperties": false,
    });
    // The path has the key, and who is counted gets a number.
    let required = fields
        .iter()
        .filter(|(field, rule)| rule.required && !definition.key.contains(&field.name));
    let required: Vec<&str> = required.map(|(field, _)| field.name.as_str()).collect();
    if whole && !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// What a caller writes for a field.
fn member(definition: &Definition, field: &Field, rule: &Rule) -> Value {
    let is_epoch = matches!(
        rule.format,
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis
    );
    let is_standard = rule.format == TimeFormat::Standard;
    let text = |format: Option<&str>| match format {
        Some(format) => json!({ "type": "string", "format": format }),
        None => json!({ "type": "string" }),
    };
    let mut schema = match field.kind {
        Kind::Text => text(None),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Decimal { .. } | Kind::Float => json!({ "type": "number" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Timestamp | Kind::Date if is_epoch => json!({ "type": "number" }),
        Kind::Timestamp => text(is_standard.then_some("date-time")),
        Kind::Date => text(is_standard.then_some("date")),
        Kind::List => json!({ "type": "array", "items": text(None) }),
        Kind::Json => json!({}),
    };
    if let Some(most) = definition.text_limit(field) {
        match field.kind {
            Kind::List => schema["items"]["maxLength"] = json!(most),
            _ => schema["maxLength"] = json!(most),
        }
    }
    for (name, bound) in [("minimum", &rule.min), ("maximum", &rule.max)] {
        let number = bound
            .as_ref()
            .and_then(|bound| bound.to_string().parse::<f64>().ok());
        if let Some(number) = number {
            schema[name] = json!(number);
        }
    }
    let values: Vec<Value> = rule
        .values
        .iter()
        .map(|value| filters::listed(field.kind, value))
        .collect();
    if !values.is_empty() {
        match field.kind {
            Kind::List => schema["items"]["enum"] = json!(values),
            _ => schema["enum"] = json!(values),
        }
    }
    or_null(schema, rule.required)
}

fn or_null(mut schema: Value, required: bool) -> Value {
    if required {
        return schema;
    }
    if let Some(of_type) = schema.get("type").cloned() {
        schema["type"] = json!([of_type, "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}
