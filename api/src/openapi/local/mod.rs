//! The operations that write the rows of local resources, with the schema of what each takes.

mod sent;

use entity::{definition::Definition, local};
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
            body: Some(
                json!({ "application/json": { "schema": sent::record(self.definition, true) } }),
            ),
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
            body: Some(
                json!({ "application/json": { "schema": sent::record(self.definition, true) } }),
            ),
            statuses: &[
                (200, "The record, as it is read from now on."),
                (201, "The record, which is new."),
            ],
            problems: &["PreconditionFailed"],
        })
    }

    fn change(&self) -> (String, Value) {
        let schema = sent::record(self.definition, false);
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
            headers: &[],
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
        let schema = match local::counted(self.definition) {
            Some(_) => json!({ "type": "integer", "format": "int64" }),
            None => json!({ "type": "string" }),
        };
        json!({
            "name": "key",
            "in": "path",
            "required": true,
            "description": "The key's value; of a key of several fields, their values joined by commas, with `%` and `,` in them percent-encoded.",
            "schema": schema,
        })
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
