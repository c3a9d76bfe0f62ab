//! The source: its name, where it is, and how requests prove who sends them.

use serde_json::Value;
use url::Url;

use super::document::Document;
use crate::draft::{Line, Table, inline, quoted, source_name};

/// A server where the document names none; nobody answers there (RFC 2606).
const UNKNOWN: &str = "https://api.example.com";

/// The source's name.
pub(super) fn name(document: &Document<'_>, wished: Option<&str>) -> String {
    let title = document.text(&["info", "title"]).unwrap_or_default();
    let words = title.split_whitespace().filter(|word| {
        !["api", "rest", "the", "openapi", "swagger", "service", "-"]
            .contains(&word.to_ascii_lowercase().as_str())
    });
    let title = words.take(2).collect::<Vec<_>>().join(" ");
    source_name(wished.unwrap_or(&title))
}

/// `[source]`
pub(super) fn tables(document: &Document<'_>, name: &str) -> Vec<Table> {
    let mut lines = vec![Line::entry("name", quoted(name))];
    let (base_url, note) = server(document);
    lines.push(Line::noted("base_url", quoted(&base_url), note));
    lines.push(Line::noted(
        "schedule",
        "\"every 1h\"",
        "assumed: how often do the records change?",
    ));
    lines.extend(auth(document, name));
    vec![Table {
        name: "source".to_owned(),
        lines,
    }]
}

/// Where the upstream is, and what is doubtful about it.
fn server(document: &Document<'_>) -> (String, String) {
    let (written, several) = match document.is_two {
        true => (two(document), false),
        false => {
            let servers = document.root.get("servers").and_then(Value::as_array);
            let first = servers.and_then(|servers| servers.first());
            (
                first.map(filled).unwrap_or_default(),
                servers.is_some_and(|servers| servers.len() > 1),
            )
        }
    };
    let fallback = || format!("{UNKNOWN}/{}", written.trim_start_matches('/'));
    let is_usable = |url: &Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
    let (mut url, mut note) = match Url::parse(&written).ok().filter(is_usable) {
        Some(url) => (url, String::new()),
        None => match Url::parse(&fallback()) {
            Ok(url) => (
                url,
                "the document does not say on which host: put it in".to_owned(),
            ),
            Err(_) => {
                return (
                    UNKNOWN.to_owned(),
                    format!("the document's server is no URL: {written}"),
                );
            }
        },
    };
    url.set_query(None);
    url.set_fragment(None);
    let stripped = url.set_username("").and_then(|()| url.set_password(None));
    if stripped.is_ok() && several && note.is_empty() {
        note = "the first of several servers".to_owned();
    }
    (url.as_str().trim_end_matches('/').to_owned(), note)
}

/// A server's URL with the defaults of its variables.
fn filled(server: &Value) -> String {
    let mut url = server
        .get("url")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        let default = variable
            .get("default")
            .and_then(Value::as_str)
            .unwrap_or_default();
        url = url.replace(&format!("{{{name}}}"), default);
    }
    url
}

fn two(document: &Document<'_>) -> String {
    let text = |key: &str| document.text(&[key]).unwrap_or_default();
    let schemes = document.root.get("schemes").and_then(Value::as_array);
    let has_https = schemes
        .is_none_or(|schemes| schemes.is_empty() || schemes.iter().any(|scheme| scheme == "https"));
    let scheme = if has_https { "https" } else { "http" };
    match text("host") {
        "" => text("basePath").to_owned(),
        host => format!("{scheme}://{host}{}", text("basePath")),
    }
}

/// `auth`, by the first scheme that the document demands and a definition can have.
fn auth(document: &Document<'_>, name: &str) -> Vec<Line> {
    let schemes = match document.is_two {
        true => document.at(&["securityDefinitions"]),
        false => document.at(&["components", "securitySchemes"]),
    };
    let Some(schemes) = schemes.and_then(Value::as_object) else {
        return vec![Line::remark("The document says nothing of credentials.")];
    };
    let demands = document.root.get("security").and_then(Value::as_array);
    let alternatives = demands.into_iter().flatten().filter_map(Value::as_object);
    let is_optional = alternatives.clone().any(serde_json::Map::is_empty);
    let demanded: Vec<&String> = alternatives.flat_map(serde_json::Map::keys).collect();
    let is_demanded = !demanded.is_empty();
    let candidates = if is_demanded {
        demanded
    } else {
        schemes.keys().collect()
    };
    let mut lines = Vec::new();
    for scheme in candidates {
        let Some(value) = schemes
            .get(scheme)
            .and_then(|value| document.resolve(value))
        else {
            continue;
        };
        match of_scheme(value, &name.to_ascii_uppercase(), is_optional) {
            Some((auth, note)) => {
                let unsure = if is_demanded {
                    ""
                } else {
                    "; the document does not say for which requests"
                };
                lines.push(Line::noted("auth", auth, format!("{scheme}{note}{unsure}")));
                return lines;
            }
            None => lines.push(Line::remark(format!(
                "The security scheme {scheme} has no `auth` of a definition."
            ))),
        }
    }
    lines
}

/// The `auth` for a security scheme, and what is to say about it.
fn of_scheme(scheme: &Value, name: &str, is_optional: bool) -> Option<(String, String)> {
    let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
    let secret = |what: &str| quoted(&format!("${{{name}_{what}}}"));
    let kind = |kind: &str| ("kind", quoted(kind));
    let mut note = String::new();
    let http = text("scheme").to_ascii_lowercase();
    let mut entries = match (text("type"), text("in"), http.as_str()) {
        ("apiKey", place @ ("header" | "query"), _) if is_name(text("name")) => {
            let value = secret("KEY");
            vec![
                kind(place),
                ("name", quoted(text("name"))),
                ("value", value),
            ]
        }
        ("basic", ..) | ("http", _, "basic") => {
            vec![
                kind("basic"),
                ("username", secret("USER")),
                ("password", secret("PASSWORD")),
            ]
        }
        ("http", _, "bearer") => vec![kind("bearer"), ("token", secret("TOKEN"))],
        ("oauth2", ..) => match client_credentials(scheme) {
            Some(url) => vec![
                kind("oauth2"),
                ("token_url", quoted(url)),
                ("client_id", secret("CLIENT_ID")),
                ("client_secret", secret("CLIENT_SECRET")),
            ],
            None => {
                note = ": a flow with a person in it; the token of one goes here".to_owned();
                vec![kind("bearer"), ("token", secret("TOKEN"))]
            }
        },
        ("openIdConnect", ..) => {
            note = ": a flow with a person in it; the token of one goes here".to_owned();
            vec![kind("bearer"), ("token", secret("TOKEN"))]
        }
        _ => return None,
    };
    if is_optional {
        entries.push(("optional", "true".to_owned()));
    }
    Some((inline(&entries), note))
}

/// Whether a header or a parameter can be called so.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn client_credentials(scheme: &Value) -> Option<&str> {
    let flow = scheme
        .get("flows")
        .and_then(|flows| flows.get("clientCredentials"));
    let two = (scheme.get("flow").and_then(Value::as_str) == Some("application")).then_some(scheme);
    flow.or(two)?.get("tokenUrl")?.as_str()
}
