//! What means nothing for a source that is a folder of files.

use super::{
    address,
    fault::Wrong,
    report::Report,
    spec::{MethodSpec, PageKind, ResourceSpec, SourceSpec},
};

/// Reports what only requests to a server have.
pub(crate) fn source(report: &mut Report<'_>, spec: &SourceSpec) {
    if !address::is_folder(&spec.base_url) {
        return;
    }
    let server = [
        "auth", "headers", "query", "timeout", "proxy", "limits", "retry",
    ];
    for key in server {
        if report.root.has(&[key]) {
            means_nothing(report, &[key]);
        }
    }
}

/// Reports what only requests to a server have.
pub(crate) fn resource(report: &mut Report<'_>, spec: &ResourceSpec) {
    let posts = spec.method == Some(MethodSpec::Post);
    let given = [
        ("method", posts),
        ("query", !spec.query.is_empty()),
        ("headers", !spec.headers.is_empty()),
        ("body", spec.body.is_some()),
        ("status", !spec.status.is_empty()),
        ("cursor", spec.cursor.is_some()),
    ];
    for (key, given) in given {
        if given {
            means_nothing(report, &[key]);
        }
    }
    let kind = spec.page.as_ref().and_then(|page| page.kind);
    if kind.is_some_and(|kind| kind != PageKind::None) {
        report.wrong(
            &["page", "kind"],
            Wrong::accepts("a file is read as a whole", "none"),
        );
    }
}

fn means_nothing(report: &mut Report<'_>, path: &[&str]) {
    let key = path.join(".");
    let wrong = Wrong::accepts(
        format!("`{key}` means nothing for files, which are read without a request"),
        "no such key, or a `base_url` that is http or https",
    );
    report.wrong_key(path, wrong);
}
