//! The document: what its references lead to, and where versions 2 and 3 keep the same thing.

use serde_json::{Map, Value};

use crate::draft::unescaped;

/// Longest chain of references.
const CHAIN: usize = 16;

/// An OpenAPI document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
    /// Swagger 2.0.
    pub(super) is_two: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Option<Self> {
        let version = |key: &str| match root.get(key) {
            Some(Value::String(version)) => version.clone(),
            // YAML reads `2.0` as a number.
            Some(Value::Number(version)) => version.to_string(),
            _ => String::new(),
        };
        let is_two = version("swagger").starts_with('2');
        (is_two || version("openapi").starts_with('3')).then_some(Self { root, is_two })
    }

    /// What `value` stands for, if it is a reference; `None`: it leads nowhere in this document.
    pub(super) fn resolve(self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        for _ in 0..CHAIN {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
                return Some(value);
            };
            value = self
                .root
                .pointer(&unescaped(reference.strip_prefix('#')?))?;
        }
        None
    }

    pub(super) fn at(self, path: &[&str]) -> Option<&'a Value> {
        path.iter()
            .try_fold(self.root, |value, key| self.resolve(value.get(key)?))
    }

    pub(super) fn text(self, path: &[&str]) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    /// The paths with their items.
    pub(super) fn paths(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let paths = self.root.get("paths").and_then(Value::as_object);
        let items = paths.into_iter().flatten();
        items.filter_map(move |(path, item)| Some((path.as_str(), self.resolve(item)?)))
    }

    /// The parameters of an operation, those of its path item included; of two with one name its own counts.
    pub(super) fn parameters(self, item: &'a Value, operation: &'a Value) -> Vec<Parameter<'a>> {
        let written = [operation, item].into_iter().flat_map(|owner| {
            let own = owner.get("parameters").and_then(Value::as_array);
            own.into_iter().flatten()
        });
        let read = written.filter_map(|value| self.parameter(self.resolve(value)?));
        let mut parameters: Vec<Parameter<'a>> = Vec::new();
        for new in read {
            let is_new = |old: &Parameter<'_>| (old.name, old.within) != (new.name, new.within);
            if parameters.iter().all(is_new) {
                parameters.push(new);
            }
        }
        parameters
    }

    fn parameter(self, value: &'a Value) -> Option<Parameter<'a>> {
        Some(Parameter {
            name: value.get("name")?.as_str()?,
            within: value.get("in")?.as_str()?,
            is_required: value.get("required") == Some(&Value::Bool(true)),
            // Version 2 has no `schema` here: its keys stand in the parameter itself.
            schema: value
                .get("schema")
                .and_then(|schema| self.resolve(schema))
                .unwrap_or(value),
            example: value.get("example"),
        })
    }

    /// The answer of an operation that went well.
    pub(super) fn success(self, operation: &'a Value) -> Option<&'a Value> {
        let responses = operation.get("responses")?;
        let statuses = ["200", "2XX", "2xx", "203", "206", "default"];
        let response = statuses.iter().find_map(|status| responses.get(status))?;
        self.resolve(response)
    }

    /// The schema of a JSON answer.
    pub(super) fn schema(self, response: &'a Value) -> Option<&'a Value> {
        if self.is_two {
            return response.get("schema");
        }
        let content = response.get("content")?.as_object()?;
        let is_json = |kind: &str| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.ends_with("json") || kind == "*/*"
        };
        let (_, media) = content.iter().find(|(kind, _)| is_json(kind))?;
        self.resolve(media)?.get("schema")
    }

    /// The names of an answer's headers, in small letters.
    pub(super) fn headers(self, response: &'a Value) -> Vec<String> {
        let headers = response.get("headers").and_then(Value::as_object);
        let names = headers.into_iter().flat_map(Map::keys);
        names.map(|name| name.to_ascii_lowercase()).collect()
    }
}

/// A parameter of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    /// `query`, `path`, `header`, `cookie`.
    pub(super) within: &'a str,
    pub(super) is_required: bool,
    pub(super) schema: &'a Value,
    pub(super) example: Option<&'a Value>,
}

impl Parameter<'_> {
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        self.schema.get(key)?.as_u64()
    }

    /// A value that the document gives for it.
    pub(super) fn value(&self) -> Option<String> {
        let first = |key: &str| self.schema.get(key)?.as_array()?.first();
        let given = [
            self.schema.get("default"),
            self.example,
            self.schema.get("example"),
            first("examples"),
            first("enum"),
        ];
        let given = given.into_iter().flatten().find(|value| !value.is_null())?;
        match given {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(given.to_string()),
            _ => None,
        }
    }
}
