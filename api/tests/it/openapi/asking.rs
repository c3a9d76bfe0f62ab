//! URLs of documented operations, made of nothing but the document.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::document::{Document, Operation};

/// Commas stay: they part the items of a list, and the fields of a key, which has its own escaped already.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b',');

/// The operation's URL, with an example of all that has to be given. A parameter may be added.
pub(crate) fn url(document: &Document, operation: &Operation<'_>) -> String {
    let mut url = path(document, operation) + "?";
    for parameter in document.parameters(operation, "query") {
        if parameter["required"] == true {
            let value = example(parameter).into_iter().next().expect("an example");
            url.push_str(&format!("{}={value}&", name(parameter)));
        }
    }
    url
}

/// The same, with that value of one parameter.
pub(super) fn url_with(
    document: &Document,
    operation: &Operation<'_>,
    (parameter, value): (&Value, &str),
) -> String {
    let pair = format!("{}={}", name(parameter), escaped(value));
    match parameter["required"] == true {
        true => format!("{}?{pair}", path(document, operation)),
        false => url(document, operation) + &pair,
    }
}

/// Whether what stands in the URL is there: the document names it.
pub(super) fn is_there(document: &Document, operation: &Operation<'_>) -> bool {
    let parameters = document.parameters(operation, "path").into_iter();
    let mut named = parameters
        .map(|parameter| !parameter["example"].is_null() || !parameter["schema"]["enum"].is_null());
    named.all(|is_named| is_named)
}

/// The operation's path, with something that is there in the place of each parameter.
pub(super) fn path(document: &Document, operation: &Operation<'_>) -> String {
    let mut path = operation.path.to_owned();
    for parameter in document.parameters(operation, "path") {
        let value = example(parameter).into_iter().next();
        let value = value.unwrap_or_else(|| panic!("{path}: no example of {parameter}"));
        path = path.replace(&format!("{{{}}}", name(parameter)), &escaped(&value));
    }
    path
}

pub(super) fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().expect("a name")
}

/// Values that the parameter must take: its example, or all of an enumeration, or one of its type. None of what only
/// another answer can hand out.
pub(super) fn example(parameter: &Value) -> Vec<String> {
    match &parameter["example"] {
        Value::Null => of_schema(parameter),
        Value::Array(items) => vec![items.iter().map(plain).collect::<Vec<_>>().join(",")],
        value => vec![plain(value)],
    }
}

fn of_schema(parameter: &Value) -> Vec<String> {
    let schema = match parameter["schema"]["type"].as_str() {
        Some("array") => &parameter["schema"]["items"],
        _ => &parameter["schema"],
    };
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(plain).collect();
    }
    let value = match (
        name(parameter),
        schema["type"].as_str(),
        schema["format"].as_str(),
    ) {
        ("cursor" | "after", ..) => return Vec::new(),
        ("max_staleness", ..) => "15m",
        ("since", ..) => "0",
        ("as_of", ..) => "1",
        ("wait", ..) => "0",
        ("timeout_ms", ..) => "60000",
        (_, Some("integer" | "number"), _) => "1",
        (_, Some("boolean"), _) => "true",
        (_, _, Some("date")) => "2026-11-21",
        (_, _, Some("date-time")) => "2026-11-21T08:00:00Z",
        _ => "id",
    };
    vec![value.to_owned()]
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn escaped(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}
