//! Where in an answer's schema the records are, and what stands beside them.

use serde_json::Value;

use super::{document::Document, schema::Schema};
use crate::draft::list_rank;

/// How deep records are looked for.
const DEPTH: usize = 3;

/// The list that an operation answers.
#[derive(Clone, Debug)]
pub(super) struct List<'a> {
    pub(super) path: Vec<String>,
    /// The records are the members of an object.
    pub(super) is_keyed: bool,
    pub(super) record: Schema<'a>,
    /// The members beside the records, with their types.
    pub(super) beside: Vec<(Vec<String>, &'a str)>,
}

/// The list in an answer of the schema `value`; `hint` is what it may be called.
pub(super) fn find<'a>(document: Document<'a>, value: &'a Value, hint: &str) -> Option<List<'a>> {
    let root = Schema::read(document, value);
    if let Some(list) = of_array(document, &root, Vec::new()) {
        return Some(list);
    }
    let mut lists = Vec::new();
    let mut beside = Vec::new();
    look(
        document,
        &root,
        &mut Vec::new(),
        &mut (&mut lists, &mut beside),
    );
    let rank = |list: &List<'_>| {
        let name = list.path.last().map_or("", String::as_str);
        (list_rank(name, hint), list.path.len())
    };
    // An object of one thing has arrays, too: only what is called like a list, or stands alone, is one.
    let known = list_rank("", "x");
    let is_list = |list: &&List<'_>| rank(list).0 < known || is_wrapper(&root);
    let best = lists.iter().filter(is_list).min_by_key(|list| rank(list));
    let keyed = || keyed(document, &root);
    let list = best.cloned().or_else(keyed)?;
    Some(List { beside, ..list })
}

/// Whether an object has nothing but one array and what pages are about.
fn is_wrapper(root: &Schema<'_>) -> bool {
    let names = root.properties.iter().map(|(name, _)| *name);
    !names.clone().any(|name| name == "id" || name == "name") && names.count() <= 8
}

fn of_array<'a>(
    document: Document<'a>,
    schema: &Schema<'a>,
    path: Vec<String>,
) -> Option<List<'a>> {
    let record = Schema::read(document, schema.items.filter(|_| schema.kind == "array")?);
    record.is_object().then_some(List {
        path,
        is_keyed: false,
        record,
        beside: Vec::new(),
    })
}

type Found<'f, 'a> = (&'f mut Vec<List<'a>>, &'f mut Vec<(Vec<String>, &'a str)>);

fn look<'a>(
    document: Document<'a>,
    schema: &Schema<'a>,
    path: &mut Vec<String>,
    found: &mut Found<'_, 'a>,
) {
    for (name, value) in &schema.properties {
        path.push((*name).to_owned());
        let member = Schema::read(document, value);
        match of_array(document, &member, path.clone()) {
            Some(list) => found.0.push(list),
            None if member.is_object() && path.len() < DEPTH => {
                look(document, &member, path, found);
            }
            None if member.kind != "array" => found.1.push((path.clone(), member.kind)),
            None => {}
        }
        path.pop();
    }
}

/// An object whose members have no names in the schema, and are objects.
fn keyed<'a>(document: Document<'a>, root: &Schema<'a>) -> Option<List<'a>> {
    let record = Schema::read(document, root.others?);
    let has_members = !record.properties.is_empty();
    (root.properties.is_empty() && has_members).then(|| List {
        path: Vec::new(),
        is_keyed: true,
        record,
        beside: Vec::new(),
    })
}
