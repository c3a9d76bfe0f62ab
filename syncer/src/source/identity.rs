//! What a record is identified by: its key's fields, its bytes, or its place.

use entity::definition::Identity;

use super::{
    document::Resource,
    fault::Wrong,
    report::Report,
    spec::{Names, PageKind},
};

/// The key's fields, or the word that stands for something else.
pub(crate) fn identity(report: &mut Report<'_>, resource: &Resource) -> (Vec<String>, Identity) {
    let word = match &resource.spec.key {
        Some(Names::One(word)) if !is_field(resource, word) => word.as_str(),
        _ => "",
    };
    match word {
        "hash" => (Vec::new(), Identity::Hash),
        "line" => {
            check_line(report, resource);
            (Vec::new(), Identity::Line)
        }
        _ => (key(report, resource), Identity::Key),
    }
}

/// Whether the definition has a field of that name, which then is what is meant.
fn is_field(resource: &Resource, name: &str) -> bool {
    let spec = &resource.spec;
    let mut copied = spec
        .for_each
        .iter()
        .flat_map(|for_each| for_each.copy.keys());
    spec.fields.contains_key(name) || copied.any(|copy| copy == name)
}

fn key(report: &mut Report<'_>, resource: &Resource) -> Vec<String> {
    let key = resource
        .spec
        .key
        .as_ref()
        .map(Names::to_vec)
        .unwrap_or_default();
    if key.is_empty() {
        report.wrong(
            &["key"],
            Wrong::accepts(
                "`key` is missing",
                "the field or fields that identify a record: \"id\"; where there are none: \"hash\", \"line\"",
            ),
        );
    }
    for (index, name) in key.iter().enumerate() {
        if key[..index].contains(name) {
            report.wrong(&["key"], Wrong::new(format!("`{name}` is in it twice")));
        }
    }
    key
}

/// Reports walks in which a record has no place of its own.
fn check_line(report: &mut Report<'_>, resource: &Resource) {
    let spec = &resource.spec;
    let kind = spec.page.as_ref().and_then(|page| page.kind);
    let message = if spec.for_each.is_some() {
        "each parent's records would begin with line 1 again"
    } else if spec.cursor.is_some() {
        "each run would begin with line 1 again"
    } else if kind.is_some_and(|kind| kind != PageKind::None) {
        "a record that moves to another page while the pages are read would be missed or come twice, and nothing would tell"
    } else {
        return;
    };
    let accepted = "hash, or the field or fields that identify a record; a line is a place in one answer or file";
    report.wrong(&["key"], Wrong::accepts(message, accepted));
}
