//! What may go wrong, as the document tells it: a schema for each kind of problem, and a response for those that an
//! operation may answer with under one status.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::headers;
use crate::problem::Kind;

/// The kinds of problems that one response stands for; they have one status.
pub(super) static RESPONSES: [(&str, &[Kind]); 23] = [
    (
        "BadRequest",
        &[
            Kind::InvalidParameter,
            Kind::UnknownParameter,
            Kind::InvalidPath,
        ],
    ),
    (
        "BadList",
        &[
            Kind::InvalidParameter,
            Kind::UnknownParameter,
            Kind::CursorInvalid,
            Kind::CursorMismatch,
            Kind::InvalidPath,
        ],
    ),
    (
        "BadBody",
        &[
            Kind::MalformedBody,
            Kind::InvalidParameter,
            Kind::UnknownParameter,
            Kind::InvalidPath,
        ],
    ),
    ("InvalidBody", &[Kind::InvalidBody]),
    ("UnsupportedMediaType", &[Kind::UnsupportedMediaType]),
    ("Unauthenticated", &[Kind::Unauthenticated]),
    ("Forbidden", &[Kind::Forbidden]),
    ("Conflict", &[Kind::Conflict]),
    ("PreconditionFailed", &[Kind::PreconditionFailed]),
    (
        "LoginThrottled",
        &[Kind::LoginThrottled, Kind::QuotaExceeded],
    ),
    ("MethodNotAllowed", &[Kind::MethodNotAllowed]),
    ("NotFound", &[Kind::NotFound]),
    ("NotMirrored", &[Kind::NotMirrored, Kind::NotFound]),
    ("Gone", &[Kind::ChangesHorizon]),
    ("BeforeHistory", &[Kind::HistoryHorizon]),
    ("NotAcceptable", &[Kind::NotAcceptable]),
    ("TooLarge", &[Kind::TooLarge]),
    ("UriTooLong", &[Kind::UriTooLong]),
    ("HeadersTooLarge", &[Kind::HeadersTooLarge]),
    ("Internal", &[Kind::Internal]),
    ("NotReady", &[Kind::NotReady, Kind::Overloaded]),
    (
        "NotReadyOrStale",
        &[Kind::NotReady, Kind::Overloaded, Kind::StaleBeyondLimit],
    ),
    ("QueryTimeout", &[Kind::QueryTimeout]),
];

/// The response to whoever asks too often, where there is a limit.
pub(super) static QUOTA: (&str, &[Kind]) = ("QuotaExceeded", &[Kind::QuotaExceeded]);

/// The responses, and the one for a copy that is still good.
pub(super) fn responses(paths: &Map<String, Value>) -> Map<String, Value> {
    let mut responses: Map<String, Value> = all(paths)
        .map(|(name, kinds)| ((*name).to_owned(), response(kinds)))
        .collect();
    let same = json!({
        "description": "What the caller has, as `If-None-Match` says, is still good.",
        "headers": headers::of_same(),
    });
    responses.insert("NotModified".to_owned(), same);
    responses
}

fn response(kinds: &[Kind]) -> Value {
    let references: Vec<Value> = kinds.iter().map(|kind| reference(*kind)).collect();
    let schema = match references.as_slice() {
        [one] => one.clone(),
        several => json!({ "oneOf": several }),
    };
    let titles: Vec<&str> = kinds.iter().map(|kind| kind.title()).collect();
    let is_retryable = kinds.iter().any(|kind| kind.retryable());
    json!({
        "description": format!("{}.", titles.join("; ")),
        "headers": headers::of_problem(is_retryable),
        "content": {
            "application/problem+json": { "schema": schema, "example": example(kinds[0]) },
        },
    })
}

fn reference(kind: Kind) -> Value {
    json!({ "$ref": format!("#/components/schemas/Problem.{}", kind.slug()) })
}

/// A schema for each kind that a response tells of.
pub(super) fn schemas(paths: &Map<String, Value>) -> Map<String, Value> {
    let responses = all(paths);
    let kinds = responses.flat_map(|(_, kinds)| *kinds);
    let of_kinds = kinds.map(|kind| (format!("Problem.{}", kind.slug()), schema(*kind)));
    of_kinds.collect()
}

/// Those that one of the operations may answer with.
fn all(
    paths: &Map<String, Value>,
) -> impl Iterator<Item = &'static (&'static str, &'static [Kind])> {
    let items = paths.values().filter_map(Value::as_object);
    let responses = items
        .flat_map(Map::values)
        .map(|operation| &operation["responses"]);
    let of_each = responses.filter_map(Value::as_object).flat_map(Map::values);
    let referred: HashSet<&str> = of_each
        .filter_map(|response| response["$ref"].as_str()?.rsplit('/').next())
        .collect();
    let known = RESPONSES.iter().chain([&QUOTA]);
    known.filter(move |(name, _)| referred.contains(name))
}

fn schema(kind: Kind) -> Value {
    json!({
        "description": kind.meaning(),
        "allOf": [{ "$ref": "#/components/schemas/Problem" }],
        "properties": {
            "type": { "const": kind.url() },
            "title": { "const": kind.title() },
            "status": { "const": kind.status().as_u16() },
            "code": { "const": kind.code() },
            "retryable": { "const": kind.retryable() },
        },
    })
}

fn example(kind: Kind) -> Value {
    let (detail, errors) = match kind {
        Kind::InvalidParameter => (
            "expected a number between 1 and 1000 for `limit`",
            json!([{
                "parameter": "limit",
                "code": "INVALID_VALUE",
                "detail": "expected a number between 1 and 1000 for `limit`",
            }]),
        ),
        kind => (kind.title(), json!([])),
    };
    let id = "5f0c1d2e3a4b5968";
    json!({
        "type": kind.url(),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "detail": detail,
        "instance": format!("urn:request:{id}"),
        "code": kind.code(),
        "request_id": id,
        "retryable": kind.retryable(),
        "errors": errors,
    })
}
