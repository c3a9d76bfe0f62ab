//! A file as the checks see it: held against the grammar, settings and defaults merged in, read by serde.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{
    Environment, File,
    fault::{Fault, Wrong},
    grammar, reading,
    spec::{ResourceSpec, SourceSpec},
    tree::{Node, Value},
};

/// A file, well-formed.
pub(crate) struct Document {
    pub(crate) file: String,
    pub(crate) node: Node,
    pub(crate) source: SourceSpec,
    /// In the order of the file.
    pub(crate) resources: Vec<Resource>,
}

/// A resource with the defaults under it.
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) node: Node,
    pub(crate) spec: ResourceSpec,
}

/// A file as a tree.
pub(crate) struct Parsed {
    pub(crate) file: String,
    pub(crate) node: Node,
    /// The source's name, if it is readable.
    pub(crate) name: Option<String>,
}

/// Reads `file` as TOML. `None`: it is none, which is reported.
pub(crate) fn parse(file: &File, faults: &mut Vec<Fault>) -> Option<Parsed> {
    let node = reading::tree(&file.path, &file.text, faults)?;
    let name = node
        .get("source")
        .and_then(|source| source.get("name"))
        .and_then(Node::text)
        .map(str::to_owned);
    Some(Parsed {
        file: file.path.clone(),
        node,
        name,
    })
}

/// Reports what is not as `schema` says, and reads the rest.
pub(crate) fn read(
    parsed: Parsed,
    schema: &Json,
    environment: &Environment<'_>,
    faults: &mut Vec<Fault>,
) -> Document {
    let Parsed {
        file,
        mut node,
        name,
    } = parsed;
    if let Some(settings) = name.and_then(|name| environment.overrides.get_key_value(&name)) {
        apply(&mut node, settings);
    }
    grammar::check(&file, schema, &mut node, faults);
    let mut reading = Reading {
        path: &file,
        faults,
    };
    let source = node
        .get("source")
        .and_then(|source| reading.spec(source))
        .unwrap_or_default();
    let nothing = Node {
        at: node.at.clone(),
        value: Value::Table(Vec::new()),
    };
    let defaults = node.get("defaults").unwrap_or(&nothing);
    let mut resources = Vec::new();
    for entry in node.get("resource").map_or(&[][..], Node::entries) {
        let merged = defaults.under(entry.node.clone());
        let Some(spec) = reading.spec(&merged) else {
            continue;
        };
        resources.push(Resource {
            name: entry.name.clone(),
            node: merged,
            spec,
        });
    }
    Document {
        file,
        source,
        resources,
        node,
    }
}

/// Puts the settings of a source over what its file says.
fn apply(node: &mut Node, (name, settings): (&String, &toml::Table)) {
    let Value::Table(entries) = &mut node.value else {
        return;
    };
    if let Some(entry) = entries.iter_mut().find(|entry| entry.name == "source") {
        entry.node = entry
            .node
            .under(Node::of_settings(&format!("source.{name}"), settings));
    }
}

struct Reading<'a> {
    path: &'a str,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn spec<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        if matches!(node.value, Value::Faulty) {
            return None;
        }
        match serde_json::from_value(node.to_json()) {
            Ok(spec) => Some(spec),
            Err(error) => {
                let wrong = Wrong::new(error.to_string());
                self.faults.push(wrong.at(self.path, &node.at));
                None
            }
        }
    }
}
