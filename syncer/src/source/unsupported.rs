//! What a definition may say and the engine cannot do yet. It is refused by name, never ignored.

use super::{
    report::Report,
    spec::{
        AuthSpec, FormatSpec, MethodSpec, ModeSpec, PageKind, ResourceSpec, SourceSpec, WithinSpec,
    },
};

/// Refuses what the engine cannot do yet with a source.
pub(crate) fn source(report: &mut Report<'_>, spec: &SourceSpec) {
    if spec.base_url.starts_with("file:") {
        report.unsupported(&["base_url"], "reading a local file", "http://…, https://…");
    }
    if spec.proxy.is_some() {
        report.unsupported(
            &["proxy"],
            "`proxy`",
            "no such key: the proxy of the variables HTTPS_PROXY and HTTP_PROXY is used",
        );
    }
    let kind = match spec.auth {
        Some(AuthSpec::Oauth2 { .. }) => "oauth2",
        Some(AuthSpec::Login { .. }) => "login",
        _ => return,
    };
    report.unsupported(
        &["auth", "kind"],
        &format!("auth of the kind `{kind}`"),
        "none, header, query, basic, bearer",
    );
}

/// Refuses what the engine cannot do yet with a resource.
pub(crate) fn resource(report: &mut Report<'_>, spec: &ResourceSpec) {
    if spec.method == Some(MethodSpec::Post) {
        report.unsupported(&["method"], "the method `POST`", "GET");
    }
    if spec.body.is_some() {
        report.unsupported(
            &["body"],
            "a request with a body",
            "no such key: requests are GET",
        );
    }
    match spec.format {
        Some(FormatSpec::Ndjson) => report.unsupported(&["format"], "the format `ndjson`", "json"),
        Some(FormatSpec::Csv) => report.unsupported(&["format"], "the format `csv`", "json"),
        Some(FormatSpec::Json) | None => {}
    }
    if spec.mode == Some(ModeSpec::Append) {
        report.unsupported(&["mode"], "the mode `append`", "mirror, upsert");
    }
    if spec.deletes.flag.is_some() {
        report.unsupported(&["deletes", "flag"], "`deletes.flag`", "how, max");
    }
    if spec.cursor.is_some() {
        report.unsupported(
            &["cursor"],
            "incremental reading",
            "no such key: each run reads everything",
        );
    }
    if spec.full_every.is_some() {
        report.unsupported(
            &["full_every"],
            "incremental reading",
            "no such key: each run reads everything",
        );
    }
    if spec.search.is_some() {
        report.unsupported(
            &["search"],
            "full text search",
            "no such key: the api filters by the values of fields",
        );
    }
    page(report, spec);
    for_each(report, spec);
}

fn page(report: &mut Report<'_>, spec: &ResourceSpec) {
    let Some(page) = &spec.page else {
        return;
    };
    let kind = match page.kind {
        Some(PageKind::Cursor) => Some("cursor"),
        Some(PageKind::Url) => Some("url"),
        _ => None,
    };
    if let Some(kind) = kind {
        report.unsupported(
            &["page", "kind"],
            &format!("paging of the kind `{kind}`"),
            "none, page, offset, link",
        );
        return;
    }
    if page.within == Some(WithinSpec::Body) {
        report.unsupported(&["page", "in"], "paging in the request's body", "query");
    }
    for (key, given) in [("next", page.next.is_some()), ("more", page.more.is_some())] {
        if given {
            report.unsupported(
                &["page", key],
                &format!("`page.{key}`"),
                "total, or a page without records as the end",
            );
        }
    }
}

fn for_each(report: &mut Report<'_>, spec: &ResourceSpec) {
    let Some(for_each) = &spec.for_each else {
        return;
    };
    let given = [
        ("where", !for_each.only.is_empty()),
        ("batch", for_each.batch.is_some()),
        ("changed_only", for_each.changed_only.is_some()),
    ];
    for (key, given) in given {
        if given {
            report.unsupported(
                &["for_each", key],
                &format!("`for_each.{key}`"),
                "resource, copy",
            );
        }
    }
}
