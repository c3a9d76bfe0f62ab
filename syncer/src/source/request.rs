//! The request for a resource's pages: its method, path, parameters, headers and body.

use super::{
    body,
    document::Resource,
    fault::Wrong,
    plan::{JsonTemplate, Method, Template},
    report::Report,
    spec::{MethodSpec, Scalar},
    template::{self, Scope},
    upstream,
};

/// The request for a resource's pages, as far as paging has no part in it.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Template,
    pub(crate) query: Vec<(String, Template)>,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) body: Option<JsonTemplate>,
}

pub(crate) fn request(report: &mut Report<'_>, resource: &Resource, scope: &Scope<'_>) -> Request {
    let spec = &resource.spec;
    let method = method(spec.method, MethodSpec::Get);
    Request {
        method,
        path: path(report, resource, scope),
        query: upstream::query(report, &spec.query, scope),
        headers: upstream::headers(report, &spec.headers, scope),
        body: json(report, method, scope),
    }
}

/// All templates of the request, as written.
pub(crate) fn texts(resource: &Resource) -> Vec<String> {
    let spec = &resource.spec;
    let parameters = spec.query.values().chain(spec.headers.values());
    let body = spec.body.iter().flat_map(body::texts).map(str::to_owned);
    let path = spec.path.iter().cloned();
    path.chain(parameters.map(Scalar::to_text))
        .chain(body)
        .collect()
}

pub(crate) fn method(spec: Option<MethodSpec>, default: MethodSpec) -> Method {
    match spec.unwrap_or(default) {
        MethodSpec::Get => Method::Get,
        MethodSpec::Post => Method::Post,
    }
}

/// What to say of the body of a GET.
pub(crate) fn no_body() -> Wrong {
    Wrong::accepts("a `GET` has no body", "`method = \"POST\"` beside it")
}

pub(crate) fn check_path(path: &str) -> Result<(), Wrong> {
    if !path.is_empty() && !path.starts_with('/') {
        let wrong = Wrong::accepts(
            format!("`{path}` does not start with `/`"),
            "what is appended to base_url: \"/breeds\"",
        );
        return Err(if path.contains("://") {
            wrong
        } else {
            wrong.meant(format!("/{path}"))
        });
    }
    if path.contains(['?', '#']) || path.contains(char::is_whitespace) {
        return Err(Wrong::accepts(
            format!("`{path}` holds a blank, `?` or `#`"),
            "parameters in `query`",
        ));
    }
    Ok(())
}

fn path(report: &mut Report<'_>, resource: &Resource, scope: &Scope<'_>) -> Template {
    let Some(path) = &resource.spec.path else {
        if !report.root.has(&["path"]) {
            report.wrong(
                &["path"],
                Wrong::accepts(
                    "`path` is missing",
                    "what is appended to base_url: \"/breeds\"",
                ),
            );
        }
        return Template::default();
    };
    let checked = check_path(path).and_then(|()| template::template(path, scope));
    report.ok(&["path"], checked).unwrap_or_default()
}

fn json(report: &mut Report<'_>, method: Method, scope: &Scope<'_>) -> Option<JsonTemplate> {
    let node = report.root.get("body")?;
    if method == Method::Get {
        report.wrong_key(&["body"], no_body());
        return None;
    }
    Some(body::body(report, node, scope))
}
