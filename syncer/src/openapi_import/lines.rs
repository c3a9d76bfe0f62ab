//! The lines of a resource: what is asked for, and where in the answer what is.

use serde_json::Value;

use super::{document::Parameter, paging, resource::Operation};
use crate::draft::{self, Line, Page, PageKind, Role, role};

/// The lines that say what the records are.
pub(super) fn described(operation: &Operation<'_>) -> Vec<Line> {
    let text = |key: &str| operation.value.get(key).and_then(Value::as_str);
    let summary = text("summary").or_else(|| text("description")?.lines().next());
    let mut lines: Vec<Line> = Vec::new();
    if let Some(summary) = summary.map(str::trim).filter(|summary| !summary.is_empty()) {
        let summary: String = summary.chars().take(200).collect();
        lines.push(Line::entry("description", draft::quoted(&summary)));
    }
    if operation.value.get("deprecated") == Some(&Value::Bool(true)) {
        lines.push(Line::remark("deprecated"));
    }
    lines
}

/// Parameters and headers that the request must have.
pub(super) fn request(operation: &Operation<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let is_paging = |name: &str| {
        matches!(
            role(name),
            Some(Role::Page | Role::Offset | Role::Size | Role::Cursor)
        )
    };
    for (within, key) in [("query", "query"), ("header", "headers")] {
        let required = operation.parameters.iter().filter(|parameter| {
            let own =
                parameter.within == within && parameter.is_required && !parameter.name.is_empty();
            own && match within {
                "query" => !is_paging(parameter.name),
                _ => is_own_header(parameter.name),
            }
        });
        let mut given = Vec::new();
        for parameter in required {
            match parameter
                .value()
                .filter(|value| !value.chars().any(char::is_control))
            {
                Some(value) => given.push((parameter.name, draft::quoted(&draft::escaped(&value)))),
                None => lines.push(Line::remark(format!(
                    "WARNING: `{}` must be in `{key}`, and the document gives no value",
                    parameter.name
                ))),
            }
        }
        if !given.is_empty() {
            lines.push(Line::noted(
                key,
                draft::inline(&given),
                "required; the value is the document's",
            ));
        }
    }
    lines
}

/// Whether a definition may send the header: some belong to the connection, and some to `auth`.
fn is_own_header(name: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
    ];
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain && !OTHERS.contains(&name.to_ascii_lowercase().as_str())
}

/// Where in the answer what is.
pub(super) fn answer(
    operation: &Operation<'_>,
    keyed_by: Option<&str>,
    key: &[String],
) -> Vec<Line> {
    let mut lines = Vec::new();
    if !operation.list.path.is_empty() {
        lines.push(Line::entry(
            "records",
            draft::quoted(&draft::place(&operation.list.path)),
        ));
    }
    if let Some(name) = keyed_by {
        let note = "the records are an object's members; each gets its name there as this";
        lines.push(Line::noted("keyed_by", draft::quoted(name), note));
    }
    lines.push(match key {
        [] => Line::noted(
            "key",
            draft::quoted("hash"),
            "no member looks like an id; a record that changes is then another record",
        ),
        names => Line::entry("key", draft::names(names)),
    });
    let (page, notes) = paging::page(&operation.parameters, &operation.headers, &operation.list);
    lines.extend(notes.into_iter().map(Line::Remark));
    lines.push(Line::entry("page", page.to_toml()));
    lines.extend(sizes(operation, &page));
    lines
}

/// A size that is asked for though there are no pages: the upstream may cut the list.
fn sizes(operation: &Operation<'_>, page: &Page) -> Option<Line> {
    let is_size = |parameter: &&Parameter<'_>| {
        parameter.within == "query" && role(parameter.name) == Some(Role::Size)
    };
    let parameter = operation.parameters.iter().find(is_size)?;
    (page.kind == PageKind::None).then(|| {
        Line::remark(format!(
            "parameter `{}` may cut the list: query = {{ {} = \"…\" }}",
            parameter.name, parameter.name
        ))
    })
}
