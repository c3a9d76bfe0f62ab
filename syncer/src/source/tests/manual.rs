//! The manual, `doc/definition.md`: its examples load, and no key is missing from it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Environment, environment, file};
use crate::source::{load, schema};

/// The manual.
const MANUAL: &str = include_str!("../../../../doc/definition.md");

#[test]
fn its_examples_load() {
    let secret = |_: &str| Ok(Some("secret".into()));
    let examples: Vec<&str> = MANUAL
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let environment = Environment {
            secret: &secret,
            ..environment()
        };
        if let Err(faults) = load(&[file("example.toml", example)], &environment) {
            panic!("{faults}");
        }
    }
}

#[test]
fn it_tells_of_every_key() {
    let spans = MANUAL.split('`').skip(1).step_by(2);
    let told: BTreeSet<&str> = spans
        .flat_map(|span| span.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    for key in keys(&schema()) {
        assert!(
            told.contains(key.as_str()),
            "`{key}` is not in doc/definition.md"
        );
    }
}

/// The names of all properties in a schema.
fn keys(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => {
            let own = object.get("properties").and_then(Value::as_object);
            let own = own
                .into_iter()
                .flat_map(|properties| properties.keys().cloned());
            own.chain(object.values().flat_map(keys)).collect()
        }
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}
