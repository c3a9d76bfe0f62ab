//! The keys that somebody set, each with where it was set, laid over the defaults.

use std::collections::BTreeMap;

use config::{Config, ConfigError, FileFormat};
use entity::nearest;
use toml::{Table, Value};

use super::{File, Settings, Variables};

const SOURCE: &str = "source.";

/// A key that somebody set.
pub(super) struct Given {
    key: String,
    /// The file or variable that says so.
    origin: String,
    value: Value,
}

impl Given {
    fn new(key: String, origin: &str, value: Value) -> Self {
        let origin = origin.to_owned();
        Self { key, origin, value }
    }

    /// Source and key, if it is one of a definition.
    fn of_source(&self) -> Option<(&str, &str)> {
        self.key.strip_prefix(SOURCE)?.split_once('.')
    }
}

/// The keys that are set, in the order in which they count, and the faults of the texts.
pub(super) fn given(
    default: &str,
    file: Option<File<'_>>,
    variables: &Variables,
) -> (Vec<Given>, Vec<String>) {
    let (mut given, mut faults) = (Vec::new(), Vec::new());
    if let Some(File { name, text }) = file {
        match leaves(text) {
            Ok(found) => given.extend(
                found
                    .into_iter()
                    .map(|(key, value)| Given::new(key, name, value)),
            ),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    let known = leaves(default).unwrap_or_default();
    for (key, name, value) in variables.settings() {
        let value = match known.get(&key) {
            Some(Value::Array(_)) => listed(value),
            _ => Value::String(value.to_owned()),
        };
        given.push(Given::new(key, name, value));
    }
    (given, faults)
}

/// What is wrong with each key by itself.
pub(super) fn faults(default: &str, given: &[Given]) -> Vec<String> {
    let known = match leaves(default) {
        Ok(known) => known,
        Err(error) => return vec![error],
    };
    let fault = |given: &Given| {
        let Given { key, origin, value } = given;
        let why = if key.starts_with(SOURCE) {
            given.of_source().is_none().then(|| {
                format!("`{key}` is no key of a source; write KEY = ... under [source.NAME]")
            })?
        } else if known.contains_key(key) {
            format!("`{key}`: {}", misfit(default, key, value)?)
        } else if is_section(key, value, &known) {
            return None;
        } else {
            format!("there is no setting `{key}`; {}", hint(key, &known))
        };
        Some(format!("{origin}: {why}"))
    };
    given.iter().filter_map(fault).collect()
}

/// A section's heading with nothing under it.
fn is_section(key: &str, value: &Value, known: &BTreeMap<String, Value>) -> bool {
    let prefix = format!("{key}.");
    value.is_table() && (prefix == SOURCE || known.keys().any(|name| name.starts_with(&prefix)))
}

fn hint(key: &str, known: &BTreeMap<String, Value>) -> String {
    match nearest(key, known.keys().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`catchment settings` prints those that exist".to_owned(),
    }
}

/// Why the value does not fit the key.
fn misfit(default: &str, key: &str, value: &Value) -> Option<String> {
    Some(match merged(default, [(key, value)]).err()? {
        ConfigError::Type {
            unexpected,
            expected,
            ..
        } => {
            format!("expected {expected}, found {unexpected}")
        }
        ConfigError::At { error, .. } => error.to_string(),
        other => other.to_string(),
    })
}

/// The defaults with what is given over them.
pub(super) fn settings(default: &str, given: Vec<Given>) -> Result<Settings, ConfigError> {
    let plain = given.iter().filter(|given| !given.key.starts_with(SOURCE));
    let plain = plain.filter(|given| !given.value.is_table());
    let mut settings = merged(
        default,
        plain.map(|given| (given.key.as_str(), &given.value)),
    )?;
    for given in given {
        if let Some((source, key)) = given.of_source() {
            settings.overrides.set(source, key, given.value.clone());
        }
    }
    Ok(settings)
}

fn merged<'a>(
    default: &str,
    given: impl IntoIterator<Item = (&'a str, &'a Value)>,
) -> Result<Settings, ConfigError> {
    let default = config::File::from_str(default, FileFormat::Toml);
    let mut config = Config::builder().add_source(default);
    for (key, value) in given {
        config = config.set_override(key, as_config(value))?;
    }
    config.build()?.try_deserialize()
}

fn as_config(value: &Value) -> config::Value {
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Boolean(flag) => (*flag).into(),
        Value::Array(items) => items.iter().map(as_config).collect::<Vec<_>>().into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

/// The values of a TOML text by dotted key. A table without keys counts as a value, so that nothing is passed over.
fn leaves(text: &str) -> Result<BTreeMap<String, Value>, String> {
    let table: Table = text.parse().map_err(|error| place(text, &error))?;
    let mut found = BTreeMap::new();
    let mut open: Vec<(String, Value)> = table.into_iter().collect();
    while let Some((key, value)) = open.pop() {
        match value {
            Value::Table(table) if !table.is_empty() => {
                open.extend(
                    table
                        .into_iter()
                        .map(|(name, value)| (format!("{key}.{name}"), value)),
                );
            }
            value => drop(found.insert(key, value)),
        }
    }
    Ok(found)
}

/// Where and why a text is no TOML: without the line itself, as the error would print it, for that may hold a secret.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = text
        .get(..error.span().map_or(0, |span| span.start))
        .unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!(
        "line {line}, column {column}: {}",
        error.message().replace('\n', ", ")
    )
}

fn listed(text: &str) -> Value {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}
