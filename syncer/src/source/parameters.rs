//! Parameters that two would send, and those that have no place to be sent in.

use super::{
    document::Document,
    fault::Wrong,
    plan::{JsonTemplate, Method, Page, Param, Pointer, Way, Within},
    report::Report,
    request::Request,
    spec::AuthSpec,
};

/// Reports parameters that two would send, and those that have no place to be sent in.
pub(crate) fn check(report: &mut Report<'_>, request: &Request, page: &Page, document: &Document) {
    check_query(report, request, page, document);
    check_each_other(report, page);
    for (key, param) in sent(page) {
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
    let paging = sent(page);
    let paging = paging
        .iter()
        .filter(|(_, param)| param.within == Within::Query);
    for (name, _) in &request.query {
        let by_paging = paging.clone().any(|(_, param)| param.name == *name);
        let message = match by_source(document, name) {
            _ if by_paging => format!("paging sends `{name}` already"),
            Some(message) => message,
            None => continue,
        };
        report.wrong_key(&["query", name], Wrong::accepts(message, "one of the two"));
    }
    for (key, param) in paging {
        if let Some(message) = by_source(document, &param.name) {
            report.wrong(&["page", key], Wrong::accepts(message, "one of the two"));
        }
    }
}

/// What of the source sends the query parameter `name` already.
fn by_source(document: &Document, name: &str) -> Option<String> {
    let source = &document.source;
    let key = match &source.auth {
        _ if source.query.contains_key(name) => "query",
        Some(AuthSpec::Query { name: own, .. }) if own == name => "auth",
        _ => return None,
    };
    Some(format!(
        "`{name}` is in the source's `{key}` already, and would be sent twice"
    ))
}

/// Reports a `size_param` that goes where `param` does.
fn check_each_other(report: &mut Report<'_>, page: &Page) {
    let [(_, param), (key, size)] = sent(page)[..] else {
        return;
    };
    let clash = match (&param.within, &size.within) {
        (Within::Body(one), Within::Body(other)) => {
            one.0.starts_with(&other.0) || other.0.starts_with(&one.0)
        }
        _ => param.name == size.name,
    };
    if clash {
        let wrong = Wrong::accepts("`param` goes to the same place", "another parameter");
        report.wrong(&["page", key], wrong);
    }
}

/// The parameters of `page` and the keys that name them.
fn sent(page: &Page) -> Vec<(&'static str, &Param)> {
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
