//! The operations that answer lists, as resources: plain ones first, then those that are asked for with a parent's id.

use serde_json::Value;

use super::{
    child::{self, Child, last_word, parameters_in},
    document::{Document, Parameter},
    fields, lines,
    list::{self, List},
};
use crate::draft::{self, Field, Line, Names, Table, UNLIKE, id_rank};

/// A resource as it is drafted.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) name: String,
    /// The path as the document writes it.
    pub(super) path: String,
    lines: Vec<Line>,
    /// For each parameter of the path the field that holds its value in a row.
    pub(super) bound: Vec<(String, String)>,
    pub(super) key: Vec<String>,
    fields: Vec<Field>,
}

/// A GET operation that answers a list.
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
    pub(super) parameters: Vec<Parameter<'a>>,
    pub(super) headers: Vec<String>,
    pub(super) list: List<'a>,
}

/// The resources of `document`, parents before children, and the operations that are none.
pub(super) fn all(document: &Document<'_>, source: &str) -> (Vec<Resource>, Vec<String>) {
    let mut left_out = Vec::new();
    let mut operations = Vec::new();
    for (path, item) in document.paths() {
        let Some(value) = item.get("get") else {
            continue;
        };
        match operation(*document, (path, item), value) {
            Ok(operation) => operations.push(operation),
            // One thing by its id is what the list has already.
            Err(_) if path.ends_with('}') => {}
            Err(why) => left_out.push(format!("{path} ({why})")),
        }
    }
    // A child's parent has a shorter path.
    operations.sort_by_key(|operation| parameters_in(operation.path).len());
    let mut resources: Vec<Resource> = Vec::new();
    for operation in &operations {
        match resource(document, source, operation, &resources) {
            Ok(resource) => resources.push(resource),
            Err(why) => left_out.push(format!("{} ({why})", operation.path)),
        }
    }
    (resources, left_out)
}

fn operation<'a>(
    document: Document<'a>,
    (path, item): (&'a str, &'a Value),
    value: &'a Value,
) -> Result<Operation<'a>, &'static str> {
    let response = document.success(value).ok_or("no answer is documented")?;
    let schema = document
        .schema(response)
        .ok_or("its answer has no JSON schema")?;
    let list =
        list::find(document, schema, last_word(path)).ok_or("its answer is no list of objects")?;
    Ok(Operation {
        path,
        value,
        parameters: document.parameters(item, value),
        headers: document.headers(response),
        list,
    })
}

fn resource(
    document: &Document<'_>,
    source: &str,
    operation: &Operation<'_>,
    known: &[Resource],
) -> Result<Resource, String> {
    if operation.path.contains(['?', '#', ' ']) || !operation.path.starts_with('/') {
        return Err("its path is no plain one".to_owned());
    }
    if operation.path.ends_with('}') {
        return Err("its last part is a parameter".to_owned());
    }
    let parent = child::parent(operation.path, known)?;
    let taken: Vec<String> = known.iter().map(|resource| resource.name.clone()).collect();
    let name = child::name(operation.path, parent, &taken);
    let mut names = Names::new(source, &name);
    names.take("hash");
    let child = parent.map(|parent| child::child(operation.path, parent, &mut names));
    if child.is_none() && operation.path.contains(['{', '}']) {
        return Err("its path is no plain one".to_owned());
    }
    let mut fields = fields::fields(*document, &operation.list.record, &mut names);
    if let Some(child) = &child {
        // The copied member stands for the record's own of that name.
        fields.retain(|field| {
            field.path.len() > 1 || !child.copies.iter().any(|(copy, _)| *copy == field.path[0])
        });
    }
    let keyed_by = operation
        .list
        .is_keyed
        .then(|| keyed_by(operation, &mut names));
    let own_key = match &keyed_by {
        Some(name) => Some(name.clone()),
        None => own_key(document, operation, &fields, &name),
    };
    let copies = child.as_ref().map_or(&[][..], |child| &child.copies);
    let mut key: Vec<String> = copies.iter().map(|(copy, _)| copy.clone()).collect();
    match own_key.clone() {
        Some(own) => key.push(own),
        None => key.clear(),
    }
    draft::fit(&mut fields, &key);
    fields
        .iter_mut()
        .filter(|field| key.contains(&field.name))
        .for_each(|field| field.index = true);
    let mut lines = lines::described(operation);
    let path = child
        .as_ref()
        .map_or(operation.path, |child| child.path.as_str());
    lines.push(Line::entry("path", draft::quoted(path)));
    lines.extend(child.as_ref().map(Child::line));
    lines.extend(lines::request(operation));
    lines.extend(lines::answer(operation, keyed_by.as_deref(), &key));
    let bound = child.map_or_else(Vec::new, |child| child.bound);
    Ok(Resource {
        name,
        path: operation.path.to_owned(),
        lines,
        bound,
        key,
        fields,
    })
}

/// A free name for what the members of an object are told apart by.
fn keyed_by(operation: &Operation<'_>, names: &mut Names) -> String {
    let members = &operation.list.record.properties;
    let free = ["id", "key", "its_key"]
        .into_iter()
        .find(|name| !members.iter().any(|(member, _)| member == name));
    names.give(free.unwrap_or("its_name"))
}

/// The field that identifies a record: the one by which one of them is asked for, or one that looks like an id.
fn own_key(
    document: &Document<'_>,
    operation: &Operation<'_>,
    fields: &[Field],
    resource: &str,
) -> Option<String> {
    let usable = |field: &&Field| {
        use entity::definition::Kind;
        field.path.len() == 1 && matches!(field.kind, Kind::Text | Kind::Integer)
    };
    let one = document.paths().find_map(|(path, _)| {
        let rest = path
            .strip_prefix(operation.path.trim_end_matches('/'))?
            .strip_prefix("/{")?;
        rest.strip_suffix('}')
    });
    let asked = one.and_then(|name| {
        fields
            .iter()
            .filter(usable)
            .find(|field| field.path[0] == name)
    });
    let ranked = fields
        .iter()
        .filter(usable)
        .map(|field| (id_rank(&field.path[0], resource), field));
    let likely = ranked
        .filter(|(rank, _)| *rank < UNLIKE)
        .min_by_key(|(rank, _)| *rank);
    let field = asked.or_else(|| likely.map(|(_, field)| field))?;
    Some(field.name.clone())
}

impl Resource {
    pub(super) fn tables(&self) -> Vec<Table> {
        let fields = draft::lines(&self.fields);
        let name = format!("resource.{}", self.name);
        let mut tables = vec![Table {
            name: name.clone(),
            lines: self.lines.clone(),
        }];
        if !fields.is_empty() {
            tables.push(Table {
                name: format!("{name}.fields"),
                lines: fields,
            });
        }
        tables
    }
}
