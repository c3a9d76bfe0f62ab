//! What a schema accepts: whether a value fits one of its alternatives, and what would, in words.

use serde_json::{Map, Value as Json};

use super::{fault::Wrong, tree::Value};

/// One alternative of a schema.
pub(crate) type Alternative = Map<String, Json>;

/// Whether `value` has the type of `option`.
pub(crate) fn fits(option: &Alternative, value: &Value) -> bool {
    match value {
        Value::Text(_) => of_type(option, "string"),
        Value::Integer(_) => of_type(option, "integer") || of_type(option, "number"),
        Value::Float(_) => of_type(option, "number"),
        Value::Boolean(_) => of_type(option, "boolean"),
        Value::Array(_) => of_type(option, "array"),
        Value::Table(_) => of_type(option, "object"),
        Value::Time | Value::Faulty => false,
    }
}

/// Settings from variables are texts, whatever they stand for.
pub(crate) fn read_setting(value: &mut Value, options: &[&Alternative]) {
    let Value::Text(text) = &*value else {
        return;
    };
    let wants = |name| options.iter().any(|option| of_type(option, name));
    if wants("string") {
        return;
    }
    if let (true, Ok(integer)) = (wants("integer"), text.parse()) {
        *value = Value::Integer(integer);
    } else if let (true, Ok(boolean)) = (wants("boolean"), text.parse()) {
        *value = Value::Boolean(boolean);
    }
}

/// A text where only certain words may stand.
pub(crate) fn word(text: &str, fitting: &[&Alternative]) -> Result<(), Wrong> {
    let mut words = Vec::new();
    for option in fitting {
        match (option.get("const"), option.get("enum")) {
            (Some(Json::String(one)), _) => words.push(one.as_str()),
            (_, Some(Json::Array(several))) => {
                words.extend(several.iter().filter_map(Json::as_str));
            }
            _ => return Ok(()),
        }
    }
    if words.contains(&text) {
        return Ok(());
    }
    Err(Wrong::choice(
        format!("`{text}` is none of the words for it"),
        text,
        words,
    ))
}

/// A whole number where only some may stand.
pub(crate) fn bounds(integer: i64, fitting: &[&Alternative]) -> Result<(), Wrong> {
    let bound = |name: &str, option: &Alternative| option.get(name).and_then(Json::as_i64);
    let inside = |option: &&Alternative| {
        bound("minimum", option).is_none_or(|min| integer >= min)
            && bound("maximum", option).is_none_or(|max| integer <= max)
    };
    if fitting.iter().any(inside) {
        return Ok(());
    }
    Err(Wrong::accepts(
        format!("{integer} is out of range"),
        describe(fitting),
    ))
}

/// What to say of a `value` that fits none of `options`.
pub(crate) fn wrong_type(value: &Value, options: &[&Alternative]) -> Wrong {
    let found = match value {
        Value::Text(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "a boolean",
        Value::Time => "a date or time; put it in quotes",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
        Value::Faulty => "a fault",
    };
    Wrong::accepts(format!("wrong type: this is {found}"), describe(options))
}

fn of_type(option: &Alternative, name: &str) -> bool {
    match option.get("type") {
        Some(Json::Array(names)) => names.iter().any(|one| one == name),
        Some(one) => one == name,
        None => false,
    }
}

/// What `options` accept, in words.
fn describe(options: &[&Alternative]) -> String {
    let mut accepted: Vec<String> = Vec::new();
    for option in options {
        let described = match (
            option.get("const"),
            option.get("enum"),
            option.get("type").and_then(Json::as_str),
        ) {
            (Some(word), ..) => word.to_string(),
            (_, Some(Json::Array(words)), _) => words
                .iter()
                .map(Json::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            (.., Some("string")) => "a text".to_owned(),
            (.., Some("integer")) => whole_number(option),
            (.., Some("number")) => "a number".to_owned(),
            (.., Some("boolean")) => "true or false".to_owned(),
            (.., Some("array")) => "an array".to_owned(),
            (.., Some("object")) => "a table".to_owned(),
            _ => continue,
        };
        if !accepted.contains(&described) {
            accepted.push(described);
        }
    }
    accepted.join(", ")
}

fn whole_number(option: &Alternative) -> String {
    let bound = |name: &str| option.get(name).and_then(Json::as_i64);
    match (bound("minimum"), bound("maximum")) {
        (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
        (Some(min), None) => format!("a whole number, at least {min}"),
        _ => "a whole number".to_owned(),
    }
}
