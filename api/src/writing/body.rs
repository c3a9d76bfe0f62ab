//! The JSON of a request, byte for byte: what is written is served again as it came.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde_json::value::RawValue;

use crate::{
    observe::LONGEST_BODY,
    problem::{Kind, Problem},
};

/// The forms of a record.
pub(super) const RECORD: [&str; 1] = ["application/json"];
/// The forms of a change.
pub(super) const CHANGE: [&str; 2] = ["application/merge-patch+json", "application/json"];

/// The headers and the body of a request.
pub(super) fn parts(request: Request) -> (HeaderMap, Body) {
    let (parts, body) = request.into_parts();
    (parts.headers, body)
}

/// Which of `forms` a request's body has.
///
/// # Errors
/// It has none of them.
pub(super) fn form<'f>(headers: &HeaderMap, forms: &[&'f str]) -> Result<&'f str, Problem> {
    let given = headers.get(CONTENT_TYPE);
    let given = given
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name = given.split(';').next().unwrap_or_default().trim();
    let found = forms.iter().find(|form| form.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let accepted = forms.join("` or `");
        let detail = match name {
            "" => format!("`Content-Type` is missing; what is read is `{accepted}`"),
            name => format!("`{name}` is not read here; what is read is `{accepted}`"),
        };
        Problem::new(Kind::UnsupportedMediaType, detail)
    })
}

/// The JSON that a request brings.
///
/// # Errors
/// It is of another form, too large, or no JSON.
pub(super) async fn json(
    headers: &HeaderMap,
    body: Body,
    forms: &[&str],
) -> Result<Box<RawValue>, Problem> {
    form(headers, forms)?;
    let most = usize::try_from(LONGEST_BODY).unwrap_or(usize::MAX);
    let bytes = to_bytes(body, most).await.map_err(|_| {
        let detail = format!("the body could not be read: at most {LONGEST_BODY} bytes are");
        Problem::new(Kind::TooLarge, detail)
    })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(Kind::MalformedBody, format!("the body is no JSON: {error}")))
}
