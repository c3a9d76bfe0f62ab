//! Resources that are asked for with a parent's id: `/x/{id}/y` is fetched for each row of `/x`.

use super::resource::Resource;
use crate::draft::{self, Line, Names, resource_name};

/// What a child takes from its parent.
pub(super) struct Child {
    pub(super) parent: String,
    pub(super) path: String,
    /// Names of the copies, and the parent's fields that they are of.
    pub(super) copies: Vec<(String, String)>,
    /// For each parameter of the path the field that holds its value in a row.
    pub(super) bound: Vec<(String, String)>,
}

impl Child {
    pub(super) fn line(&self) -> Line {
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
pub(super) fn parent<'r>(
    path: &str,
    known: &'r [Resource],
) -> Result<Option<&'r Resource>, String> {
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

pub(super) fn child(path: &str, parent: &Resource, names: &mut Names) -> Child {
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
pub(super) fn parameters_in(path: &str) -> Vec<String> {
    let after = path.split('{').skip(1);
    after
        .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
        .collect()
}

pub(super) fn last_word(path: &str) -> &str {
    let words = path
        .rsplit('/')
        .filter(|word| !word.is_empty() && !word.contains('{'));
    words.into_iter().next().unwrap_or_default()
}

pub(super) fn name(path: &str, parent: Option<&Resource>, taken: &[String]) -> String {
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
