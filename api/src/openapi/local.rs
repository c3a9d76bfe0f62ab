//! The operations that write the rows of local resources, with the schema of what each takes.

use entity::{
    definition::{Definition, Field, Kind, Rule, TimeFormat},
    local,
};
use serde_json::{Map, Value, json};

use super::{act::Act, tag};
use crate::{identity::Need, writing::IMPORTED};

/// Adds the operations of each local resource to `paths`.
pub(super) fn lay(paths: &mut Map<String, Value>, definitions: &[&Definition]) {
    for definition in definitions.iter().filter(|of| of.local.is_some()) {
        let base = format!("/api/v1/{}/{}", definition.source, definition.resource);
        let one = format!("{base}/{{key}}");
        let import = format!("{base}/-/import");
        let tag = tag(definition);
        let of = Of {
            definition,
            tag: &tag,
        };
        for (path, (method, operation)) in [
            (&base, of.create()),
            (&one, of.replace()),
            (&one, of.change()),
            (&one, of.delete()),
            (&import, of.import()),
        ] {
            let item = paths.entry(path.clone()).or_insert_with(|| json!({}));
            item[method] = operation;
        }
    }
}

/// A local resource.
struct Of<'a> {
    definition: &'a Definition,
    tag: &'a str,
}

impl Of<'_> {
    fn create(&self) -> (String, Value) {
        let once = json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Of a request that may come again: within 24 hours it is answered as it was the first time.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        });
        self.act(Asked {
            method: "post",
            verb: "create",
            summary: "Adds a record; its path is in `Location`",
            parameters: vec![once],
            body: Some(json!({ "application/json": { "schema": self.record(true) } })),
            statuses: &[(201, "The record, as it is read from now on.")],
            problems: &["Conflict"],
        })
    }

    fn replace(&self) -> (String, Value) {
        self.act(Asked {
            method: "put",
            verb: "replace",
            summary: "Replaces the record of a key, or makes it",
            parameters: with_conditions(self.key()),
            body: Some(json!({ "application/json": { "schema": self.record(true) } })),
            statuses: &[
                (200, "The record, as it is read from now on."),
                (201, "The record, which is new."),
            ],
            problems: &["PreconditionFailed"],
        })
    }

    fn change(&self) -> (String, Value) {
        let schema = self.record(false);
        self.act(Asked {
            method: "patch",
            verb: "change",
            summary: "Changes some members of a record (RFC 7396): null takes one away",
            parameters: with_conditions(self.key()),
            body: Some(json!({
                "application/merge-patch+json": { "schema": schema.clone() },
                "application/json": { "schema": schema },
            })),
            statuses: &[(200, "The record, as it is read from now on.")],
            problems: &["PreconditionFailed"],
        })
    }

    fn delete(&self) -> (String, Value) {
        self.act(Asked {
            method: "delete",
            verb: "delete",
            summary: "Deletes a record",
            parameters: with_conditions(self.key()),
            body: None,
            statuses: &[(204, "It is gone.")],
            problems: &["PreconditionFailed"],
        })
    }

    fn import(&self) -> (String, Value) {
        let choice = |name: &str, values: [&str; 2], description: &str| {
            json!({
                "name": name,
                "in": "query",
                "description": description,
                "schema": { "type": "string", "enum": values, "default": values[0] },
            })
        };
        let mode = "What becomes of a record whose key is there already: it replaces the old one, or does not fit.";
        let on_bad =
            "What becomes of the others if a record does not fit: nothing is written, or they are.";
        let bodies =
            IMPORTED.map(|form| (form.to_owned(), json!({ "schema": { "type": "string" } })));
        let (method, mut operation) = self.act(Asked {
            method: "post",
            verb: "import",
            summary: "Writes many records at once",
            parameters: vec![
                choice("mode", ["upsert", "insert"], mode),
                choice("on_bad", ["refuse", "skip"], on_bad),
            ],
            body: Some(Value::Object(bodies.into_iter().collect())),
            statuses: &[(200, "What came of it.")],
            problems: &[],
        });
        operation["responses"]["200"]["content"]["application/json"]["schema"] = counts();
        if let Some(headers) = operation["responses"]["200"]["headers"].as_object_mut() {
            headers.remove("ETag");
        }
        (method, operation)
    }

    fn act(&self, asked: Asked<'_>) -> (String, Value) {
        let name = &self.definition.resource;
        let id = format!("{}_{}", asked.verb, self.definition.table);
        let body = json!({ "application/json": { "schema": self.answer() } });
        let answers = asked.statuses.iter().map(|(status, description)| {
            let body = match status {
                204 => Value::Null,
                _ => body.clone(),
            };
            (*status, *description, body)
        });
        let act = Act {
            method: asked.method,
            tag: self.tag,
            id: &id,
            summary: &format!("{name}: {}", asked.summary),
            need: Need::Write,
            parameters: asked.parameters,
            body: asked.body,
            answers: answers.collect(),
            problems: &[asked.problems, &["NotFound"]].concat(),
        };
        let (method, mut operation) = act.member();
        for (status, _) in asked.statuses {
            let headers = &mut operation["responses"][status.to_string()]["headers"];
            let mut names = vec!["Catchment-Version", "Catchment-Synced-At"];
            names.extend((*status != 204).then_some("ETag"));
            names.extend((*status == 201).then_some("Location"));
            for name in names {
                headers[name] = json!({ "$ref": format!("#/components/headers/{name}") });
            }
        }
        (method, operation)
    }

    /// What is answered: the record, and where it comes from.
    fn answer(&self) -> Value {
        let record = format!("#/components/schemas/{}", self.tag);
        json!({
            "type": "object",
            "required": ["data", "meta"],
            "properties": {
                "data": { "$ref": record },
                "meta": { "$ref": "#/components/schemas/Meta" },
            },
        })
    }

    fn key(&self) -> Value {
        json!({
            "name": "key",
            "in": "path",
            "required": true,
            "description": "The key's value; of a key of several fields, their values joined by commas, with `%` and `,` in them percent-encoded.",
            "schema": { "type": "string" },
        })
    }

    /// What a caller sends: a whole record, or some members of one.
    fn record(&self, whole: bool) -> Value {
        let definition = self.definition;
        let rules = definition.local.iter().flat_map(|local| &local.rules);
        let fields: Vec<(&Field, &Rule)> = definition.fields.iter().zip(rules).collect();
        let properties = fields.iter().map(|(field, rule)| {
            let mut schema = member(definition, field, rule);
            schema["description"] = json!(local::accepted(field.kind, rule));
            (field.name.clone(), schema)
        });
        let mut schema = json!({
            "type": "object",
            "properties": properties.collect::<Map<_, _>>(),
            "additionalProperties": false,
        });
        // The path has the key, and who is counted gets a number.
        let required = fields
            .iter()
            .filter(|(field, rule)| rule.required && !definition.key.contains(&field.name));
        let required: Vec<&str> = required.map(|(field, _)| field.name.as_str()).collect();
        if whole && !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    }
}

/// An operation, as far as it is not like the others.
struct Asked<'a> {
    method: &'a str,
    verb: &'a str,
    summary: &'a str,
    parameters: Vec<Value>,
    body: Option<Value>,
    statuses: &'a [(u16, &'a str)],
    problems: &'a [&'a str],
}

fn with_conditions(key: Value) -> Vec<Value> {
    let header = |name: &str, description: &str| {
        let schema = json!({ "type": "string" });
        json!({ "name": name, "in": "header", "description": description, "schema": schema })
    };
    vec![
        key,
        header(
            "If-Match",
            "The `ETag` that the record was read with; it is left alone if it is another by now.",
        ),
        header("If-None-Match", "`*`: it is left alone if it is there."),
    ]
}

/// What a caller writes for a field.
fn member(definition: &Definition, field: &Field, rule: &Rule) -> Value {
    let is_epoch = matches!(
        rule.format,
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis
    );
    let is_standard = rule.format == TimeFormat::Standard;
    let text = |format: Option<&str>| match format {
        Some(format) => json!({ "type": "string", "format": format }),
        None => json!({ "type": "string" }),
    };
    let mut schema = match field.kind {
        Kind::Text => text(None),
        Kind::Integer => json!({ "type": "integer", "format": "int64" }),
        Kind::Decimal { .. } | Kind::Float => json!({ "type": "number" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Timestamp | Kind::Date if is_epoch => json!({ "type": "number" }),
        Kind::Timestamp => text(is_standard.then_some("date-time")),
        Kind::Date => text(is_standard.then_some("date")),
        Kind::List => json!({ "type": "array", "items": text(None) }),
        Kind::Json => json!({}),
    };
    if let Some(most) = definition.text_limit(field) {
        match field.kind {
            Kind::List => schema["items"]["maxLength"] = json!(most),
            _ => schema["maxLength"] = json!(most),
        }
    }
    for (name, bound) in [("minimum", &rule.min), ("maximum", &rule.max)] {
        let number = bound
            .as_ref()
            .and_then(|bound| bound.to_string().parse::<f64>().ok());
        if let Some(number) = number {
            schema[name] = json!(number);
        }
    }
    let values: Vec<Value> = rule
        .values
        .iter()
        .map(|value| listed(field.kind, value))
        .collect();
    if !values.is_empty() {
        match field.kind {
            Kind::List => schema["items"]["enum"] = json!(values),
            _ => schema["enum"] = json!(values),
        }
    }
    or_null(schema, rule.required)
}

fn listed(kind: Kind, value: &str) -> Value {
    match kind {
        Kind::Integer => value.parse::<i64>().map_or(json!(value), Value::from),
        _ => json!(value),
    }
}

fn or_null(mut schema: Value, required: bool) -> Value {
    if required {
        return schema;
    }
    if let Some(of_type) = schema.get("type").cloned() {
        schema["type"] = json!([of_type, "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}

/// What came of an import.
fn counts() -> Value {
    let count =
        |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
    let reject = json!({
        "type": "object",
        "required": ["line", "errors"],
        "properties": {
            "line": { "type": "integer", "minimum": 1 },
            "errors": { "type": "array", "items": { "$ref": "#/components/schemas/Fault" } },
        },
    });
    let properties = json!({
        "inserted": count("Records that are new."),
        "updated": count("Records that are others now."),
        "unchanged": count("Records that were as they came."),
        "rejected": count("Records that do not fit, and were passed by."),
        "rejects": {
            "type": "array",
            "description": "The first 100 of these, with what is wrong.",
            "items": reject,
        },
    });
    let data = json!({
        "type": "object",
        "required": ["inserted", "updated", "unchanged", "rejected", "rejects"],
        "properties": properties,
    });
    json!({ "type": "object", "required": ["data"], "properties": { "data": data } })
}
