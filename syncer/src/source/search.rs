//! The fields that full text search reads.

use entity::definition::{Definition, Field, Kind};

use super::{document::Resource, fault::Wrong, report::Report, spec::Names};

/// The names of the fields whose words rows of `definition` are found by.
pub(crate) fn search(
    report: &mut Report<'_>,
    resource: &Resource,
    definition: &Definition,
) -> Vec<String> {
    let Some(names) = resource.spec.search.as_ref().map(Names::to_vec) else {
        return Vec::new();
    };
    if names.is_empty() {
        let message = "no field is named, so that there is nothing to search";
        let accepted = "one field or more, or no `search`";
        report.wrong(&["search"], Wrong::accepts(message, accepted));
    }
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            let wrong = Wrong::new(format!("`{name}` is named twice"));
            report.wrong(&["search"], wrong);
        } else if let Some(wrong) = wrong(definition, name) {
            report.wrong(&["search"], wrong);
        }
    }
    names
}

fn wrong(definition: &Definition, name: &str) -> Option<Wrong> {
    let has_words = |field: &Field| matches!(field.kind, Kind::Text | Kind::List);
    match definition.field(name) {
        None => {
            let fields = definition.fields.iter().filter(|field| has_words(field));
            let names = fields.map(|field| field.name.as_str());
            let message = format!("there is no field `{name}`");
            Some(Wrong::choice(message, name, names))
        }
        Some(field) if !has_words(field) => Some(Wrong::accepts(
            format!("`{name}` is of type `{}`, which has no words", field.kind),
            "fields of type text or list",
        )),
        Some(_) => None,
    }
}
