//! A schema without its detours: references followed, `allOf` put together, `nullable` in each version's way.

use serde_json::Value;

use super::document::Document;

/// How deep schemas are looked into; some lead back to themselves.
const DEPTH: usize = 12;

/// What a schema says, as far as a definition wants to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema<'a> {
    /// `object`, `array`, `string`, …; empty: it does not say, or says several.
    pub(super) kind: &'a str,
    pub(super) format: &'a str,
    /// The schema with what else stands beside the type.
    pub(super) own: Option<&'a Value>,
    pub(super) properties: Vec<(&'a str, &'a Value)>,
    pub(super) items: Option<&'a Value>,
    /// The schema of members that have no name in it.
    pub(super) others: Option<&'a Value>,
    pub(super) values: Vec<&'a Value>,
}

impl<'a> Schema<'a> {
    pub(super) fn read(document: Document<'a>, value: &'a Value) -> Self {
        let mut schema = Self::default();
        schema.take(document, value, DEPTH);
        if schema.kind.is_empty() && !schema.properties.is_empty() {
            schema.kind = "object";
        }
        if schema.kind.is_empty() && schema.items.is_some() {
            schema.kind = "array";
        }
        schema
    }

    pub(super) fn is_object(&self) -> bool {
        self.kind == "object"
    }

    /// The keys of the schema that hold a number, such as `maximum`.
    pub(super) fn number(&self, key: &str) -> Option<&'a serde_json::Number> {
        match self.own?.get(key)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.own.and_then(|own| own.get(key)) == Some(&Value::Bool(true))
    }

    fn take(&mut self, document: Document<'a>, value: &'a Value, depth: usize) {
        let (Some(value), Some(depth)) = (document.resolve(value), depth.checked_sub(1)) else {
            return;
        };
        for part in list(value, "allOf") {
            self.take(document, part, depth);
        }
        self.alternatives(document, value, depth);
        self.kinds(value);
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        if let Some(format) = text("format") {
            self.format = format;
        }
        let properties = value.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            self.properties.retain(|(known, _)| known != name);
            self.properties.push((name, property));
        }
        self.items = value.get("items").or(self.items);
        self.others = value
            .get("additionalProperties")
            .filter(|others| others.is_object())
            .or(self.others);
        let constant = value.get("const");
        self.values.extend(
            list(value, "enum")
                .iter()
                .chain(constant)
                .filter(|value| !value.is_null()),
        );
        if value.get("type").is_some() || self.own.is_none() {
            self.own = Some(value);
        }
    }

    /// `type: string`, and version 3.1's `type: [string, "null"]`.
    fn kinds(&mut self, value: &'a Value) {
        let kinds: Vec<&str> = match value.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        match kinds
            .iter()
            .filter(|kind| **kind != "null")
            .collect::<Vec<_>>()
            .as_slice()
        {
            [kind] => self.kind = kind,
            // As texts nothing of them is lost.
            several if several.iter().all(|kind| is_scalar(kind)) => self.kind = "string",
            _ => {}
        }
    }

    /// `oneOf` and `anyOf`: the only one that is not null; of several objects all their members.
    fn alternatives(&mut self, document: Document<'a>, value: &'a Value, depth: usize) {
        let mut all = Vec::new();
        for option in list(value, "oneOf").iter().chain(list(value, "anyOf")) {
            let mut schema = Self::default();
            schema.take(document, option, depth);
            let is_null = option.get("type").and_then(Value::as_str) == Some("null");
            if !is_null {
                all.push((option, schema));
            }
        }
        let objects = all
            .iter()
            .all(|(_, schema)| schema.kind == "object" || !schema.properties.is_empty());
        match all.as_slice() {
            [] => {}
            [(option, _)] => self.take(document, option, depth),
            several if objects => several
                .iter()
                .for_each(|(option, _)| self.take(document, option, depth)),
            several if several.iter().all(|(_, schema)| is_scalar(schema.kind)) => {
                self.kind = "string";
            }
            _ => {}
        }
    }
}

fn is_scalar(kind: &str) -> bool {
    ["string", "integer", "number", "boolean"].contains(&kind)
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
