//! The parameters of one resource's lists: one, typed, for each field and operator, in the order of the fields.

use std::collections::HashSet;

use entity::{
    definition::{Definition, Field, Kind, OrderKey},
    search::PART_CHARS,
};
use serde_json::{Value, json};

use crate::records::{MOST_CHARS, MOST_VALUES, Operator, Q, filter_names, is_sortable, written};

/// The parameters that filter the rows of `definition`, by words and by a field each.
pub(super) fn filters(definition: &Definition) -> Vec<Value> {
    let fields = definition.fields.iter();
    let filters = fields.flat_map(|field| {
        let names = filter_names(definition, field).into_iter();
        names.map(move |(name, operator)| filter(field, &name, operator))
    });
    words(definition).into_iter().chain(filters).collect()
}

/// Full text search; `None`: there is no field for it.
fn words(definition: &Definition) -> Option<Value> {
    let fields = definition.search.join("`, `");
    definition.words().map(|_| {
        json!({
            "name": Q,
            "in": "query",
            "description": format!(
                "Words that must all be in `{fields}`, in whatever case and with or without accents. `*` behind one stands \
                 for whatever follows."
            ),
            "schema": { "type": "string", "minLength": 1, "maxLength": MOST_CHARS },
        })
    })
}

/// What `sort` may be; `None`: nothing can be sorted by.
pub(super) fn sort(definition: &Definition) -> Option<Value> {
    let fields = definition.fields.iter().filter(|field| is_sortable(field));
    let either = |name: &String| [name.clone(), format!("-{name}")];
    let mut orders: Vec<String> = fields.flat_map(|field| either(&field.name)).collect();
    orders.extend(definition.orders.iter().flat_map(|order| several(order)));
    let mut known = HashSet::new();
    orders.retain(|order| known.insert(order.clone()));
    (!orders.is_empty()).then(|| {
        json!({
            "name": "sort",
            "in": "query",
            "description": "What to sort by; `-` before a name sorts descending. Rows without a value come last both ways. \
                 Fields that a filter leaves one value may be named before these.",
            "schema": { "type": "string", "enum": orders },
        })
    })
}

/// The beginnings of an order of several fields, and their reverses.
fn several(order: &[OrderKey]) -> impl Iterator<Item = String> {
    let beginnings = (2..=order.len()).map(|end| &order[..end]);
    beginnings.flat_map(|keys| {
        let reverse: Vec<OrderKey> = keys
            .iter()
            .map(|key| OrderKey {
                field: key.field.clone(),
                descending: !key.descending,
            })
            .collect();
        [written(keys), written(&reverse)]
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

/// Short, for a page of them is long: the parameter's name says the rest.
fn filter(field: &Field, name: &str, operator: Operator) -> Value {
    let description = match operator {
        Operator::Eq => "equal to",
        Operator::Ne => "not equal to; has a value",
        Operator::In => "one of",
        Operator::NotIn => "none of; has a value",
        Operator::Gt => "greater than",
        Operator::Gte => "greater than or equal to",
        Operator::Lt => "less than",
        Operator::Lte => "less than or equal to",
        Operator::StartsWith => "begins with",
        Operator::Contains => "contains, in whatever case",
        Operator::EndsWith => "ends with, in whatever case",
        Operator::Has => "has the item",
        Operator::HasAny => "has one of the items",
        Operator::IsNull => "has no value",
    };
    let mut parameter = json!({
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema(field, operator),
    });
    if operator.takes_many() {
        // Values between commas, in one parameter.
        parameter["style"] = json!("form");
        parameter["explode"] = json!(false);
    }
    parameter
}

fn schema(field: &Field, operator: Operator) -> Value {
    match operator {
        Operator::IsNull => json!({ "type": "boolean" }),
        Operator::StartsWith => json!({ "type": "string" }),
        Operator::Contains | Operator::EndsWith => {
            json!({ "type": "string", "minLength": 1, "maxLength": PART_CHARS })
        }
        many if many.takes_many() => json!({
            "type": "array",
            "items": value(field, operator),
            "minItems": 1,
            "maxItems": MOST_VALUES,
        }),
        _ => value(field, operator),
    }
}

fn value(field: &Field, operator: Operator) -> Value {
    let mut schema = match field.kind {
        Kind::Text | Kind::List | Kind::Json => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Decimal { precision, scale } => decimal(precision, scale),
        Kind::Float => json!({ "type": "number", "format": "double" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
    };
    if !field.values.is_empty() && operator.is_of_values() {
        let values = field.values.iter();
        schema["enum"] = values.map(|value| listed(field.kind, value)).collect();
    }
    schema
}

/// One of the values that a definition lists, as JSON writes it.
pub(super) fn listed(kind: Kind, value: &str) -> Value {
    match kind {
        Kind::Integer => value.parse::<i64>().map_or(json!(value), Value::from),
        _ => json!(value),
    }
}

/// As many digits as the column has.
fn decimal(precision: u8, scale: u8) -> Value {
    let step = 10_f64.powi(-i32::from(scale));
    let largest = 10_f64.powi(i32::from(precision - scale)) - step;
    let mut schema = json!({ "type": "number", "minimum": -largest, "maximum": largest });
    // A float tells no more digits apart.
    if u32::from(precision) <= f64::DIGITS {
        schema["multipleOf"] = json!(step);
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::decimal;

    #[test]
    fn a_decimal_has_the_bounds_of_its_digits() {
        let check = |precision, scale, largest: f64, step: Option<f64>| {
            let schema = decimal(precision, scale);
            assert_eq!(schema["maximum"], json!(largest), "{precision},{scale}");
            assert_eq!(schema["minimum"], json!(-largest), "{precision},{scale}");
            assert_eq!(
                schema.get("multipleOf"),
                step.map(|step| json!(step)).as_ref()
            );
        };
        check(5, 2, 999.99, Some(0.01));
        check(3, 0, 999.0, Some(1.0));
        check(30, 10, 1e20, None);
    }
}
