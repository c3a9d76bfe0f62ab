//! The fields of records, from their schema. What it demands of values is kept: it is the upstream's own word.

use entity::definition::{Kind, TEXT_CHARS};
use serde_json::Value;

use super::{document::Document, schema::Schema};
use crate::draft::{Field, Names, quoted};

/// The fields of `record`, nested objects taken apart one level.
pub(super) fn fields(document: Document<'_>, record: &Schema<'_>, names: &mut Names) -> Vec<Field> {
    let mut fields = Vec::new();
    for (name, value) in &record.properties {
        let schema = Schema::read(document, value);
        if schema.is("writeOnly") {
            continue;
        }
        if !schema.is_object() || schema.properties.is_empty() {
            let path = vec![(*name).to_owned()];
            fields.push(field(document, &schema, names.give(name), path));
            continue;
        }
        for (inner, value) in &schema.properties {
            let path = vec![(*name).to_owned(), (*inner).to_owned()];
            let nested = Schema::read(document, value);
            fields.push(field(
                document,
                &nested,
                names.give(&format!("{name}_{inner}")),
                path,
            ));
        }
    }
    fields
}

fn field(document: Document<'_>, schema: &Schema<'_>, name: String, path: Vec<String>) -> Field {
    let mut field = Field::new(name, path, Kind::Json);
    match schema.kind {
        "string" => string(&mut field, schema),
        "integer" => {
            field.kind = Kind::Integer;
            whole_values(&mut field, schema);
        }
        "number" => number(&mut field, schema),
        "boolean" => field.kind = Kind::Boolean,
        "array" => array(&mut field, document, schema),
        "object" => {}
        _ => field.note("the document does not say which type it has"),
    }
    bounds(&mut field, schema);
    if schema.is("deprecated") {
        field.note("deprecated");
    }
    field
}

fn string(field: &mut Field, schema: &Schema<'_>) {
    field.kind = match schema.format {
        "date-time" => Kind::Timestamp,
        "date" => Kind::Date,
        _ => Kind::Text,
    };
    if field.kind != Kind::Text {
        return;
    }
    field.values = texts(&schema.values);
    let longest = schema
        .number("maxLength")
        .and_then(serde_json::Number::as_u64);
    let is_long = longest.is_some_and(|longest| longest > TEXT_CHARS as u64);
    let is_opaque = [
        "uri",
        "url",
        "iri",
        "uri-reference",
        "byte",
        "binary",
        "html",
        "markdown",
    ]
    .contains(&schema.format);
    if let (true, Some(longest)) = (is_long, longest) {
        field.note(format!("up to {longest} characters"));
    }
    field.index = !is_long && !is_opaque;
}

/// The texts among `values`, if all of them are.
fn texts(values: &[&Value]) -> Vec<String> {
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect();
    texts.unwrap_or_default()
}

fn whole_values(field: &mut Field, schema: &Schema<'_>) {
    let whole = schema
        .values
        .iter()
        .map(|value| value.as_i64().map(|number| number.to_string()));
    let whole: Option<Vec<String>> = whole.collect();
    field.values = whole.unwrap_or_default();
    if schema.format == "unix-time" || schema.format == "unixtime" {
        field.kind = Kind::Timestamp;
        field.format = Some("epoch_s".to_owned());
        field.values.clear();
    }
}

fn number(field: &mut Field, schema: &Schema<'_>) {
    let step = schema.number("multipleOf").map(ToString::to_string);
    let scale = step
        .as_deref()
        .and_then(|step| Some(step.split_once('.')?.1.len()));
    match (
        schema.format,
        scale.and_then(|scale| u8::try_from(scale).ok()),
    ) {
        (_, Some(scale)) if scale <= 20 => {
            field.kind = Kind::Decimal {
                precision: 15 + scale,
                scale,
            };
        }
        ("decimal", _) => {
            field.kind = Kind::Decimal {
                precision: 19,
                scale: 4,
            };
            field.note("the document does not say how many digits it has");
        }
        ("float" | "double", _) => field.kind = Kind::Float,
        _ => {
            field.kind = Kind::Float;
            field.note("a number; decimal(p,s) would be exact");
        }
    }
}

fn array(field: &mut Field, document: Document<'_>, schema: &Schema<'_>) {
    let items = schema.items.map(|items| Schema::read(document, items));
    match items {
        Some(items) if ["string", "integer", "number", "boolean"].contains(&items.kind) => {
            field.kind = Kind::List;
            field.values = texts(&items.values);
        }
        Some(items) if items.is_object() => field.note("an array of objects"),
        _ => field.note("an array of what the document does not say"),
    }
}

/// The least and the most, where the type takes them.
fn bounds(field: &mut Field, schema: &Schema<'_>) {
    if !matches!(
        field.kind,
        Kind::Integer | Kind::Decimal { .. } | Kind::Float
    ) {
        return;
    }
    // Before version 3.1 `true` beside it says that it is itself out of bounds.
    let bound = |key: &str, open: &str| schema.number(key).filter(|_| !schema.is(open));
    let min = bound("minimum", "exclusiveMinimum");
    let max = bound("maximum", "exclusiveMaximum");
    let ordered = match (
        min.and_then(serde_json::Number::as_f64),
        max.and_then(serde_json::Number::as_f64),
    ) {
        (Some(min), Some(max)) => min <= max,
        _ => true,
    };
    if !ordered {
        field.note("the document's minimum is above its maximum");
        return;
    }
    let written = |number: &serde_json::Number| match number.as_i64() {
        Some(whole) => whole.to_string(),
        None => quoted(&number.to_string()),
    };
    field.min = min.map(written);
    field.max = max.map(written);
}
