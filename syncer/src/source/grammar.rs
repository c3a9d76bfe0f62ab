//! Holds a file against the published schema: unknown keys, wrong types, wrong words, missing keys, all of them at once.
//!
//! What is wrong is reported and then marked as faulty (unknown keys are taken out, missing ones put in), so that the checks
//! behind this one see a well-formed rest and neither stop here nor report the same thing twice.

use serde_json::{Map, Value as Json};

use super::{
    accepted::{Alternative, bounds, fits, read_setting, word, wrong_type},
    fault::{Fault, Wrong},
    tree::{Entry, Node, Value},
};

/// Checks `node` against `schema`, a schema or a part of one in the document `root`.
pub(crate) fn check(file: &str, root: &Json, node: &mut Node, faults: &mut Vec<Fault>) {
    let mut walk = Walk { file, root, faults };
    walk.node(node, &[root]);
}

struct Walk<'a> {
    file: &'a str,
    root: &'a Json,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Walk<'a> {
    /// `schemas`: what may stand here, any of them.
    fn node(&mut self, node: &mut Node, schemas: &[&'a Json]) {
        let mut options = Vec::new();
        for schema in schemas {
            match self.options(schema, &mut options) {
                Known::Anything => return,
                Known::Listed => {}
            }
        }
        if node.at.position.is_none() {
            read_setting(&mut node.value, &options);
        }
        let fitting: Vec<&Alternative> = options
            .iter()
            .copied()
            .filter(|option| fits(option, &node.value))
            .collect();
        let verdict = match &mut node.value {
            Value::Faulty => Ok(()),
            _ if fitting.is_empty() => Err(wrong_type(&node.value, &options)),
            Value::Text(text) => word(text, &fitting),
            Value::Integer(integer) => bounds(*integer, &fitting),
            Value::Array(items) => {
                let schemas: Vec<&Json> = fitting
                    .iter()
                    .filter_map(|option| option.get("items"))
                    .collect();
                items.iter_mut().for_each(|item| self.node(item, &schemas));
                Ok(())
            }
            Value::Table(_) => self.tables(node, &fitting),
            Value::Float(_) | Value::Boolean(_) | Value::Time => Ok(()),
        };
        if let Err(wrong) = verdict {
            self.faults.push(wrong.at(self.file, &node.at));
            node.value = Value::Faulty;
        }
    }

    /// The alternatives of `schema`, references followed.
    fn options(&self, schema: &'a Json, found: &mut Vec<&'a Alternative>) -> Known {
        let Some(object) = schema.as_object() else {
            return Known::Anything;
        };
        if let Some(Json::String(reference)) = object.get("$ref") {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            return target.map_or(Known::Anything, |target| self.options(target, found));
        }
        let branches = object
            .get("anyOf")
            .or_else(|| object.get("oneOf"))
            .and_then(Json::as_array);
        match branches {
            Some(branches) => {
                let known: Vec<Known> = branches
                    .iter()
                    .map(|branch| self.options(branch, found))
                    .collect();
                if known.contains(&Known::Anything) {
                    Known::Anything
                } else {
                    Known::Listed
                }
            }
            None if object.contains_key("type") => {
                found.push(object);
                Known::Listed
            }
            None => Known::Anything,
        }
    }

    /// A table, whose schema a tag may have to choose.
    fn tables(&mut self, node: &mut Node, fitting: &[&'a Alternative]) -> Result<(), Wrong> {
        let [first, rest @ ..] = fitting else {
            return Ok(());
        };
        if rest.is_empty() {
            self.table(node, first);
            return Ok(());
        }
        let tags: Vec<&str> = fitting.iter().filter_map(|option| tag(option)).collect();
        match node.get("kind").map(|kind| kind.value.clone()) {
            Some(Value::Text(kind)) => {
                match fitting.iter().find(|option| tag(option) == Some(&kind)) {
                    Some(option) => {
                        self.table(node, option);
                        Ok(())
                    }
                    None => {
                        let at = node.nearest(&["kind"]).at.clone();
                        let wrong =
                            Wrong::choice(format!("`{kind}` is no kind of it"), &kind, tags);
                        self.faults.push(wrong.at(self.file, &at));
                        node.value = Value::Faulty;
                        Ok(())
                    }
                }
            }
            _ => Err(Wrong::accepts(
                "`kind` is missing or no text",
                tags.join(", "),
            )),
        }
    }

    fn table(&mut self, node: &mut Node, schema: &'a Alternative) {
        let Value::Table(entries) = &mut node.value else {
            return;
        };
        let properties = schema.get("properties").and_then(Json::as_object);
        let others = schema
            .get("additionalProperties")
            .filter(|others| others.as_bool() != Some(false));
        let known: Vec<&str> = properties
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .collect();
        let present: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        for entry in entries.iter_mut() {
            match properties
                .and_then(|properties| properties.get(&entry.name))
                .or(others)
            {
                Some(schema) => self.node(&mut entry.node, &[schema]),
                None => self.unknown(entry, &known, &present),
            }
        }
        entries.retain(|entry| others.is_some() || known.contains(&entry.name.as_str()));
        let required = schema.get("required").and_then(Json::as_array);
        for key in required.into_iter().flatten().filter_map(Json::as_str) {
            if !entries.iter().any(|entry| entry.name == key) {
                self.faults
                    .push(Wrong::new(format!("`{key}` is missing")).at(self.file, &node.at));
                let faulty = Node {
                    at: node.at.clone(),
                    value: Value::Faulty,
                };
                entries.push(Entry {
                    name: key.to_owned(),
                    at: node.at.clone(),
                    node: faulty,
                });
            }
        }
    }

    /// Reports an unknown key. A mistyped one then stands for what was meant: that is not missing too.
    fn unknown(&mut self, entry: &mut Entry, known: &[&str], present: &[String]) {
        let wrong = Wrong::choice("unknown key", &entry.name, known.iter().copied());
        if let Some(meant) = wrong
            .nearest
            .as_ref()
            .filter(|meant| !present.contains(meant))
        {
            entry.name.clone_from(meant);
            entry.node.value = Value::Faulty;
        }
        self.faults.push(wrong.at(self.file, &entry.at));
    }
}

/// What a schema says about what may stand there.
#[derive(PartialEq, Eq)]
enum Known {
    Anything,
    Listed,
}

/// The value of `kind` that chooses this alternative.
fn tag(option: &Alternative) -> Option<&str> {
    option
        .get("properties")?
        .get("kind")?
        .get("const")?
        .as_str()
}
