//! The request for a resource's pages: its method, path, parameters, headers and body.

use super::{
    body,
    document::{Document, Resource},
    fault::Wrong,
    plan::{JsonTemplate, Method, Page, Param, Pointer, Template, Way, Within},
    report::Report,
    resource::Setting,
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

/// Reports parameters that two would send, and those that have no place to be sent in.
pub(crate) fn check_parameters(
    report: &mut Report<'_>,
    request: &Request,
    page: &Page,
    setting: &Setting<'_>,
) {
    check_query(report, request, page, setting.document);
    for (key, param) in parameters(page) {
        let Within::Body(pointer) = &param.within else {
            continue;
        };
        if request.method == Method::Get {
            let wrong = Wrong::accepts("a `GET` has no body", "query, or `method = \"POST\"`");
            report.wrong(&["page", "in"], wrong);
            return;
        }
        let Some(body) = &request.body else {
            continue;
        };
        if let Err(wrong) = fits(body, pointer, &param.name) {
            report.wrong(&["page", key], wrong);
        }
    }
}

fn check_query(report: &mut Report<'_>, request: &Request, page: &Page, document: &Document) {
    let sent = parameters(page);
    let in_query = |name: &String| {
        sent.iter()
            .any(|(_, param)| param.within == Within::Query && param.name == *name)
    };
    for (name, _) in &request.query {
        let message = if in_query(name) {
            format!("paging sends `{name}` already")
        } else if document.source.query.contains_key(name) {
            format!("`{name}` is in the source's `query` already, and would be sent twice")
        } else {
            continue;
        };
        report.wrong_key(&["query", name], Wrong::accepts(message, "one of the two"));
    }
    for (key, param) in &sent {
        if param.within == Within::Query && document.source.query.contains_key(&param.name) {
            let message = format!(
                "`{}` is in the source's `query` already, and would be sent twice",
                param.name
            );
            report.wrong(&["page", key], Wrong::accepts(message, "one of the two"));
        }
    }
}

/// The parameters of `page` and the keys that name them.
fn parameters(page: &Page) -> Vec<(&'static str, &Param)> {
    let way = match &page.way {
        Way::Number { param, .. } | Way::Offset { param, .. } | Way::Cursor { param, .. } => {
            Some(("param", param))
        }
        Way::None | Way::Link | Way::Url { .. } => None,
    };
    let size = page.size.param.as_ref().map(|param| ("size_param", param));
    way.into_iter().chain(size).collect()
}

/// Whether a member can be put into `body` at `pointer`.
fn fits(body: &JsonTemplate, pointer: &Pointer, name: &str) -> Result<(), Wrong> {
    let mut at = body;
    for token in &pointer.0 {
        let JsonTemplate::Object(members) = at else {
            return Err(Wrong::accepts(
                format!("`{name}` leads into what is no table of `body`"),
                "a member of `body`, or a pointer through its tables: /page/size",
            ));
        };
        match members.iter().find(|(member, _)| member == token) {
            Some((_, member)) => at = member,
            None => return Ok(()),
        }
    }
    Err(Wrong::accepts(
        format!("`{name}` is in `body` already, and paging sends it"),
        "one of the two",
    ))
}
