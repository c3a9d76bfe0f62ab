//! The operations that answer lists, as resources: plain ones first, then those that are asked for with a parent's id.

use serde_json::Value;

use super::{
    document::{Document, Parameter},
    fields,
    list::{self, List},
    paging,
};
use crate::draft::{
    self, Field, Line, Names, Page, PageKind, Role, Table, UNLIKE, id_rank, resource_name, role,
};

/// A resource as it is drafted.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) name: String,
    /// The path as the document writes it.
    path: String,
    lines: Vec<Line>,
    /// For each parameter of the path the field that holds its value in a row.
    bound: Vec<(String, String)>,
    key: Vec<String>,
    fields: Vec<Field>,
}

/// A GET operation that answers a list.
struct Operation<'a> {
    path: &'a str,
    value: &'a Value,
    parameters: Vec<Parameter<'a>>,
    headers: Vec<String>,
    list: List<'a>,
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
    let parent = parent(operation.path, known)?;
    let taken: Vec<String> = known.iter().map(|resource| resource.name.clone()).collect();
    let name = name(operation.path, parent, &taken);
    let mut names = Names::new(source, &name);
    names.take("hash");
    let child = parent.map(|parent| child(operation.path, parent, &mut names));
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
    let mut lines = described(operation);
    let path = child
        .as_ref()
        .map_or(operation.path, |child| child.path.as_str());
    lines.push(Line::entry("path", draft::quoted(path)));
    lines.extend(child.as_ref().map(Child::line));
    lines.extend(request(operation));
    lines.extend(answer(operation, keyed_by.as_deref(), &key));
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

/// What a child takes from its parent.
struct Child {
    parent: String,
    path: String,
    /// Names of the copies, and the parent's fields that they are of.
    copies: Vec<(String, String)>,
    bound: Vec<(String, String)>,
}

impl Child {
    fn line(&self) -> Line {
        let copies: Vec<(&str, String)> = self
            .copies
            .iter()
            .map(|(copy, field)| (copy.as_str(), draft::quoted(field)))
            .collect();
        Line::entry(
            "for_each",
            draft::inline(&[
                ("resource", draft::quoted(&self.parent)),
                ("copy", draft::inline(&copies)),
            ]),
        )
    }
}

/// The parent by whose rows `path` is asked for: `/x` for `/x/{id}/y`.
fn parent<'r>(path: &str, known: &'r [Resource]) -> Result<Option<&'r Resource>, String> {
    let Some(last) = parameters_in(path).pop() else {
        return Ok(None);
    };
    let before = path
        .split(&format!("{{{last}}}"))
        .next()
        .unwrap_or_default();
    let wanted = shape(before.trim_end_matches('/'));
    let parent = known
        .iter()
        .find(|resource| shape(resource.path.trim_end_matches('/')) == wanted);
    let parent =
        parent.ok_or_else(|| format!("it is asked for with `{last}`, and no list has that"))?;
    if parent.key.is_empty() {
        return Err(format!(
            "it is asked for with `{last}`, and `{}` has no key",
            parent.name
        ));
    }
    Ok(Some(parent))
}

/// A path whatever its parameters are called.
fn shape(path: &str) -> String {
    let mut shape = path.to_owned();
    for name in parameters_in(path) {
        shape = shape.replace(&format!("{{{name}}}"), "{}");
    }
    shape
}

fn child(path: &str, parent: &Resource, names: &mut Names) -> Child {
    let parameters = parameters_in(path);
    let own = parent.key.last().cloned().unwrap_or_default();
    let mut child = Child {
        parent: parent.name.clone(),
        path: path.to_owned(),
        copies: Vec::new(),
        bound: Vec::new(),
    };
    for (at, parameter) in parameters.iter().enumerate() {
        let above = parent.bound.get(at).map(|(_, field)| field.clone());
        let field = above.unwrap_or_else(|| own.clone());
        let singular = parent.name.strip_suffix('s').unwrap_or(&parent.name);
        let wished = if field == own && at + 1 == parameters.len() {
            format!("{singular}_{field}")
        } else {
            field.clone()
        };
        let copy = names.give(&wished);
        child.path = child
            .path
            .replace(&format!("{{{parameter}}}"), &format!("{{parent.{field}}}"));
        child.copies.push((copy.clone(), field));
        child.bound.push((parameter.clone(), copy));
    }
    child
}

/// The names of the parameters in a path, in order.
fn parameters_in(path: &str) -> Vec<String> {
    let after = path.split('{').skip(1);
    after
        .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
        .collect()
}

fn last_word(path: &str) -> &str {
    let words = path
        .rsplit('/')
        .filter(|word| !word.is_empty() && !word.contains('{'));
    words.into_iter().next().unwrap_or_default()
}

fn name(path: &str, parent: Option<&Resource>, taken: &[String]) -> String {
    let word = last_word(path).split('.').next().unwrap_or_default();
    let name = resource_name(word, &[]);
    match parent {
        Some(parent) if taken.contains(&name) => {
            let singular = parent.name.strip_suffix('s').unwrap_or(&parent.name);
            resource_name(&format!("{singular}_{name}"), taken)
        }
        _ => resource_name(&name, taken),
    }
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

fn described(operation: &Operation<'_>) -> Vec<Line> {
    let text = |key: &str| operation.value.get(key).and_then(Value::as_str);
    let summary = text("summary").or_else(|| text("description")?.lines().next());
    let mut lines: Vec<Line> = Vec::new();
    if let Some(summary) = summary.map(str::trim).filter(|summary| !summary.is_empty()) {
        let summary: String = summary.chars().take(200).collect();
        lines.push(Line::entry("description", draft::quoted(&summary)));
    }
    if operation.value.get("deprecated") == Some(&Value::Bool(true)) {
        lines.push(Line::remark("deprecated"));
    }
    lines
}

/// Parameters and headers that the request must have.
fn request(operation: &Operation<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let is_paging = |name: &str| {
        matches!(
            role(name),
            Some(Role::Page | Role::Offset | Role::Size | Role::Cursor)
        )
    };
    for (within, key) in [("query", "query"), ("header", "headers")] {
        let required = operation.parameters.iter().filter(|parameter| {
            let own =
                parameter.within == within && parameter.is_required && !parameter.name.is_empty();
            own && match within {
                "query" => !is_paging(parameter.name),
                _ => is_own_header(parameter.name),
            }
        });
        let mut given = Vec::new();
        for parameter in required {
            match parameter
                .value()
                .filter(|value| !value.chars().any(char::is_control))
            {
                Some(value) => given.push((parameter.name, draft::quoted(&draft::escaped(&value)))),
                None => lines.push(Line::remark(format!(
                    "WARNING: `{}` must be in `{key}`, and the document gives no value",
                    parameter.name
                ))),
            }
        }
        if !given.is_empty() {
            lines.push(Line::noted(
                key,
                draft::inline(&given),
                "required; the value is the document's",
            ));
        }
    }
    lines
}

/// Whether a definition may send the header: some belong to the connection, and some to `auth`.
fn is_own_header(name: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
    ];
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain && !OTHERS.contains(&name.to_ascii_lowercase().as_str())
}

/// Where in the answer what is.
fn answer(operation: &Operation<'_>, keyed_by: Option<&str>, key: &[String]) -> Vec<Line> {
    let mut lines = Vec::new();
    if !operation.list.path.is_empty() {
        lines.push(Line::entry(
            "records",
            draft::quoted(&draft::place(&operation.list.path)),
        ));
    }
    if let Some(name) = keyed_by {
        let note = "the records are an object's members; each gets its name there as this";
        lines.push(Line::noted("keyed_by", draft::quoted(name), note));
    }
    lines.push(match key {
        [] => Line::noted(
            "key",
            draft::quoted("hash"),
            "no member looks like an id; a record that changes is then another record",
        ),
        names => Line::entry("key", draft::names(names)),
    });
    let (page, notes) = paging::page(&operation.parameters, &operation.headers, &operation.list);
    lines.extend(notes.into_iter().map(Line::Remark));
    lines.push(Line::entry("page", page.to_toml()));
    lines.extend(sizes(operation, &page));
    lines
}

/// A size that is asked for though there are no pages: the upstream may cut the list.
fn sizes(operation: &Operation<'_>, page: &Page) -> Option<Line> {
    let is_size = |parameter: &&Parameter<'_>| {
        parameter.within == "query" && role(parameter.name) == Some(Role::Size)
    };
    let parameter = operation.parameters.iter().find(is_size)?;
    (page.kind == PageKind::None).then(|| {
        Line::remark(format!(
            "parameter `{}` may cut the list: query = {{ {} = \"…\" }}",
            parameter.name, parameter.name
        ))
    })
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
