//! The fingerprint of a plan: another one whenever what an earlier run left says nothing about the next.
//!
//! It stands beside the marks of complete runs, where an unfinished one stopped, and what is remembered of pages. So
//! all that decides which pages are asked for is in it, and which records they hold by which key and bytes; what the
//! database works out again from stored records, and what bounds a run or judges it, is not.

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::{
    document::Resource,
    plan::{Format, Incremental, Page, Plan, Pointer, Way},
    request,
    resource::Setting,
    rule,
    spec::Scalar,
    template,
};

/// The fingerprint of `plan`, whose own is not looked at.
pub(crate) fn of(plan: &Plan, resource: &Resource, setting: &Setting<'_>) -> String {
    let (source, spec) = (&setting.document.source, &resource.spec);
    let asked = serde_json::json!([
        source.base_url,
        source.query,
        source.headers,
        spec.path,
        spec.query,
        spec.headers,
        spec.body,
        format!("{:?}", plan.method),
        format!("{:?}", page(&plan.page)),
        format!("{:?}", plan.cursor.as_ref().map(cursor)),
        format!("{:?}", plan.for_each),
    ]);
    let read = serde_json::json!([
        format!("{:?}", plan.format),
        format!("{:?}", columns(plan)),
        plan.records.to_string(),
        plan.keyed_by,
        plan.single,
        plan.error_when.as_ref().map(Pointer::to_string),
        plan.deletes.flag.as_ref().map(Pointer::to_string),
        plan.deletes.values,
        format!("{:?}", plan.mode),
        format!("{:?}", plan.definition.identity),
        key(plan),
    ]);
    let values = values(resource, setting).map(serde_json::Value::from);
    let parts = [asked, read].into_iter().chain(values);
    rule::short_hash(&parts.collect())
}

/// Four digits for the values of all `${…}` in the request together; `None` if it has none.
///
/// Another value may be another account or another repository, of which an earlier run says nothing. What `auth` holds is
/// left out: it says who asks, and changes of itself. A fingerprint is stored where many may read it, so of the values it
/// has no more than 16 bits: too few to tell a secret by, or to try guesses at it, even for who knows the definition. One
/// change in 65,536 goes unseen. The salt keeps two resources with the same values from showing it.
fn values(resource: &Resource, setting: &Setting<'_>) -> Option<String> {
    let source = &setting.document.source;
    let own = source.query.values().chain(source.headers.values());
    let texts = own.map(Scalar::to_text).chain(request::texts(resource));
    let values: Vec<_> = texts
        .flat_map(|text| template::secrets_in(&text, setting.secrets))
        .collect();
    if values.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    let salt = [source.name.as_bytes(), resource.name.as_bytes()];
    let values = values.iter().map(|value| value.expose_secret().as_bytes());
    for part in salt.into_iter().chain(values) {
        // Where one ends and the next begins is in it.
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    Some(format!("{:02x}{:02x}", hash[0], hash[1]))
}

/// The paging without its bounds: they let a walk go on or not, and lead nowhere else.
fn page(page: &Page) -> Page {
    let way = match &page.way {
        Way::Url { next, .. } => Way::Url {
            next: next.clone(),
            origins: Vec::new(),
        },
        other => other.clone(),
    };
    Page {
        way,
        max: None,
        ..page.clone()
    }
}

/// The cursor without its lookback: a mark means the same whatever the next run goes back behind it.
fn cursor(cursor: &Incremental) -> Incremental {
    Incremental {
        lookback: None,
        ..cursor.clone()
    }
}

/// The key's fields, their types and where they stand.
fn key(plan: &Plan) -> Vec<[String; 3]> {
    let fields = plan.definition.fields.iter().zip(&plan.rules);
    let fields = fields.filter(|(field, _)| plan.definition.key.contains(&field.name));
    let parts = |(field, rule): (&entity::definition::Field, &super::plan::Rule)| {
        [
            field.name.clone(),
            field.kind.to_string(),
            rule.from.to_string(),
        ]
    };
    fields.map(parts).collect()
}

/// For CSV, what the columns are read as: it decides whether a record holds a number or a text.
fn columns(plan: &Plan) -> Vec<[String; 2]> {
    let Format::Csv { .. } = plan.format else {
        return Vec::new();
    };
    let fields = plan.definition.fields.iter().zip(&plan.rules);
    let columns = fields.map(|(field, rule)| [rule.from.to_string(), field.kind.to_string()]);
    columns.collect()
}
