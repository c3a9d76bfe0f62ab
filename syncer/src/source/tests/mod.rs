//! Definitions as a whole: what they become, and what is said of those that are wrong.

mod access;
mod answers;
mod credentials;
mod cursors;
mod faces;
mod fields;
mod files;
mod fingerprints;
mod history;
mod incremental;
mod manual;
mod orders;
mod pages;
mod parents;
mod plans;
mod relations;
mod requests;
mod rows;
mod search;
mod settings;
mod shape;
mod shipped;
mod slips;
mod sources;
mod tables;
mod together;
mod written;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use secrecy::SecretString;

use super::{
    Environment, Fault, Faults, File, load,
    plan::{Plan, Pointer, Source},
};

/// The secrets that the tests have.
fn secret(name: &str) -> Result<Option<SecretString>, String> {
    match name {
        "KEY" => Ok(Some("s3cret-value".into())),
        "file:/run/secrets/key" => Ok(Some("s3cret-file".into())),
        _ => Ok(None),
    }
}

fn environment() -> Environment<'static> {
    Environment {
        secret: &secret,
        overrides: BTreeMap::new(),
        enabled: None,
    }
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// What `text`, a definition without faults, becomes.
fn source(text: &str) -> Arc<Source> {
    let catalog = load(&[file("a.toml", text)], &environment());
    catalog.unwrap_or_else(|faults| panic!("{faults}")).sources[0].clone()
}

/// The plan of `text`'s breeds.
fn breeds(text: &str) -> Arc<Plan> {
    source(text).resource("breeds").expect("breeds").clone()
}

fn pointer(tokens: &[&str]) -> Pointer {
    Pointer(tokens.iter().map(|token| (*token).to_owned()).collect())
}

/// What is wrong with `text`.
fn faults(text: &str) -> Vec<Fault> {
    faults_of(&[file("a.toml", text)], &environment()).0
}

fn faults_of(files: &[File], environment: &Environment<'_>) -> Faults {
    load(files, environment).expect_err("a faulty definition")
}

fn enabled(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

/// A definition without faults; `resource` is what more its only resource says.
fn cats(resource: &str) -> String {
    format!(
        r#"[source]
name = "cats"
base_url = "https://cats.example/v1"
[resource.breeds]
path = "/breeds"
key = "id"
page = {{ kind = "none" }}
{resource}"#
    )
}

/// A definition without faults; `source` is what more its source says.
fn with_source(source: &str) -> String {
    cats("").replace("[resource.breeds]", &format!("{source}\n[resource.breeds]"))
}

/// Expects one fault in `text`, at the place of its mark `¦`, whose message has the parts of `said` that `…` separates.
fn check(text: &str, said: &str) {
    let mark = text.find('¦').expect("a mark");
    let before = &text[..mark];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    let text = text.replace('¦', "");
    let found = faults(&text);
    let [fault] = found.as_slice() else {
        panic!("one fault expected in\n{text}\nfound {found:#?}");
    };
    let shown = fault.to_string();
    let mut rest = shown.as_str();
    for part in said.split('…').map(str::trim) {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("`{part}` is missing from\n{shown}");
        };
        rest = after;
    }
    assert_eq!(
        (fault.line, fault.column),
        (Some(line), Some(column)),
        "{shown}"
    );
}

/// A fault in a line of a good resource.
fn in_resource(line: &str, said: &str) {
    check(&cats(line), said);
}

/// A fault in a line of a good source.
fn in_source(line: &str, said: &str) {
    check(&with_source(line), said);
}
