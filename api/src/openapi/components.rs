//! The parts of the document that its paths share: schemas, parameters, the answer for every error.

use serde_json::{Map, Value, json};

use super::{
    Described, changes, directory, examples, export, headers, history, problems, record, tables,
    tap,
};
use crate::{
    problem::Kind,
    records::{facets, random},
    settings::Settings,
};

/// The components of an api that serves what is `described` under `paths`.
pub(super) fn components(
    described: &[Described<'_>],
    paths: &Map<String, Value>,
    settings: &Settings,
) -> Value {
    let mut schemas = envelope();
    schemas.extend(explanation());
    schemas.extend(catalogue());
    schemas.extend(errors());
    schemas.extend(members(changes::schemas()));
    schemas.extend(directory::schemas());
    let has_history = described.iter().any(|of| of.definition.history);
    if has_history {
        schemas.extend(members(history::schemas()));
    }
    schemas.extend(tap::schemas());
    schemas.extend(problems::schemas(paths));
    schemas.extend(described.iter().map(|of| record::schema(of, described)));
    let mut parameters = parameters(settings);
    // Each resource has its own, with an example.
    if let Some(key) = parameters.remove("Key") {
        parameters.extend(examples::keys(described, &key));
    }
    if has_history {
        parameters.insert("AsOf".to_owned(), history::parameter());
    }
    json!({
        "schemas": schemas,
        "parameters": parameters,
        "headers": headers::headers(),
        "responses": problems::responses(paths),
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "An access token, as a login gives it out; or an API key.",
            },
            "key": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "An API key.",
            },
        },
    })
}

fn envelope() -> Map<String, Value> {
    let schemas = json!({
        "Page": object(&[
            ("limit", json!({ "type": "integer", "description": "Rows of a page; may be less than was asked for." })),
            ("next", json!({ "type": ["string", "null"], "description": "The `cursor` of the next page." })),
            ("prev", json!({ "type": ["string", "null"], "description": "The `cursor` of the page before." })),
        ]),
        "Count": object(&[
            ("value", json!({ "type": "integer", "description": "Rows of the list over all pages." })),
            ("exact", json!({ "type": "boolean", "description": "Whether these are all; else there are at least so many." })),
        ]),
        "Facet": object(&[
            ("values", json!({
                "type": "array",
                "description": "The most frequent first; of those that are as frequent, the least.",
                "items": object(&[
                    ("value", json!({ "type": ["string", "number", "integer", "boolean"] })),
                    ("count", json!({ "type": "integer", "description": "Rows that have it." })),
                ]),
            })),
            ("truncated", json!({ "type": "boolean", "description": "Whether there are more values." })),
            ("without", json!({ "type": "integer", "description": "Rows without a value." })),
        ]),
        "Meta": object(&[
            ("source", json!({ "type": "string" })),
            ("resource", json!({ "type": "string" })),
            ("version", json!({ "type": "integer", "description": "Raised by each commit that changed rows." })),
            ("synced_at", time("When a run last ended complete.")),
            ("complete", json!({ "type": "boolean", "description": "Whether the rows are those of one complete run." })),
            ("stale", json!({ "type": "boolean", "description": "Whether they may be behind the upstream." })),
        ]),
    });
    members(schemas)
}

fn explanation() -> Map<String, Value> {
    let text = |values: &[&str]| json!({ "type": "string", "enum": values });
    let step = object(&[
        ("way", text(&["walk", "seek", "sort"])),
        (
            "index",
            json!({ "type": "array", "items": { "type": "string" }, "description": "Its fields; none: the rows' numbers." }),
        ),
        ("part", text(&["rows", "ties", "values", "nulls"])),
        (
            "at_most",
            json!({ "type": "integer", "description": "Most entries that are looked at." }),
        ),
        (
            "estimated_rows",
            json!({ "type": ["integer", "null"], "description": "What the database thinks that there are." }),
        ),
    ]);
    let count = object(&[(
        "free",
        json!({ "type": "boolean", "description": "Whether the count is known already." }),
    )]);
    let explain = object(&[
        ("steps", json!({ "type": "array", "items": step })),
        ("count", count),
    ]);
    let schemas = json!({
        "Explanation": object(&[
            ("explain", explain),
            ("meta", json!({ "$ref": "#/components/schemas/Meta" })),
        ]),
    });
    members(schemas)
}

fn catalogue() -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let schemas = json!({
        "Service": object(&[
            ("catalog", text()),
            ("openapi", text()),
            ("swagger", text()),
            ("health", text()),
            ("sources", json!({
                "type": "array",
                "items": object(&[
                    ("source", text()),
                    ("catalog", text()),
                    ("mirror", json!({ "type": ["string", "null"], "description": "What stands in the place of the upstream's base URL; null: it is not known yet what that looks like." })),
                ]),
            })),
        ]),
        "Source": object(&[
            ("source", text()),
            ("base_url", text()),
            ("schedule", text()),
            ("resources", json!({ "type": "array", "items": { "$ref": "#/components/schemas/Resource" } })),
        ]),
        "Resource": object(&[
            ("resource", text()),
            ("description", text()),
            ("path", text()),
            ("key", json!({ "type": "array", "items": { "type": "string" } })),
            ("children", json!({ "type": "array", "items": { "type": "string" } })),
            ("enabled", json!({ "type": "boolean" })),
            ("rows", json!({ "type": "integer" })),
            ("version", json!({ "type": "integer" })),
            ("synced_at", time("When a run last ended complete.")),
            ("changed_at", time("When a commit last changed rows.")),
            ("next_run_at", time("When the next run is due.")),
            ("last_run_at", time("When a run last ended.")),
            ("last_outcome", json!({ "type": ["string", "null"], "description": "How it ended." })),
            ("complete", json!({ "type": "boolean" })),
            ("stale", json!({ "type": "boolean" })),
            ("writable", json!({ "type": "boolean", "description": "Whether callers write its rows." })),
        ]),
        "Health": {
            "type": "object",
            "required": ["status"],
            "properties": { "status": { "type": "string", "enum": ["pass", "warn", "fail"] } },
        },
    });
    members(schemas)
}

fn errors() -> Map<String, Value> {
    let codes: Vec<String> = Kind::ALL.iter().map(|kind| kind.code()).collect();
    let schemas = json!({
        "Problem": object(&[
            ("type", json!({ "type": "string", "format": "uri-reference" })),
            ("title", json!({ "type": "string" })),
            ("status", json!({ "type": "integer" })),
            ("detail", json!({ "type": "string" })),
            ("instance", json!({ "type": "string", "format": "uri" })),
            ("code", json!({ "type": "string", "enum": codes })),
            ("request_id", json!({ "type": "string" })),
            ("retryable", json!({ "type": "boolean" })),
            ("errors", json!({ "type": "array", "items": { "$ref": "#/components/schemas/Fault" } })),
        ]),
        "Fault": {
            "type": "object",
            "required": ["parameter", "code", "detail"],
            "properties": {
                "parameter": { "type": "string" },
                "code": { "type": "string" },
                "detail": { "type": "string" },
                "allowed": { "type": "array", "items": { "type": "string" } },
                "did_you_mean": { "type": "string" },
                "line": { "type": "integer", "description": "The line of an imported file.", "minimum": 1 },
            },
        },
    });
    members(schemas)
}

fn parameters(settings: &Settings) -> Map<String, Value> {
    let most = settings.max_limit;
    let mut parameters = members(json!({
        "Key": {
            "name": "key",
            "in": "path",
            "required": true,
            "description": "The key's value; of a key of several fields, their values joined by commas, with `%` and `,` in them percent-encoded.",
            "schema": { "type": "string" },
        },
        "Fields": {
            "name": "fields",
            "in": "query",
            "description": "Members of the records to give, separated by commas; the key's are always given.",
            "style": "form",
            "explode": false,
            "schema": {
                "type": "array",
                "items": { "type": "string", "pattern": "^[^,]+$" },
                "minItems": 1,
            },
        },
        "Limit": query(
            "limit",
            &format!("Rows of a page; more than {most} is taken as {most}."),
            &json!({ "type": "integer", "minimum": 1, "default": settings.default_limit }),
        ),
        "Cursor": query(
            "cursor",
            "`page.next` or `page.prev` of another page of the same list.",
            &json!({ "type": "string" }),
        ),
        "Count": query(
            "count",
            "Counts what the filters leave: all, or up to 10,000. Without filters the count is always given.",
            &json!({ "type": "string", "enum": ["none", "capped", "exact"], "default": "none" }),
        ),
        "Shape": query(
            "shape",
            "`array`: only the rows; page, count and freshness are in the headers.",
            &json!({ "type": "string", "enum": ["envelope", "array"], "default": "envelope" }),
        ),
        "Explain": query(
            "explain",
            "`true`: what the list would do, instead of its rows.",
            &json!({ "type": "boolean", "default": false }),
        ),
    }));
    parameters.insert("TableCount".to_owned(), tables::count());
    parameters.extend(members(times(settings)));
    parameters.extend(members(of_other_routes()));
    parameters.extend(members(changes::parameters()));
    parameters.extend(members(export::parameters()));
    parameters
}

/// How old the rows may be, and how long they may take.
fn times(settings: &Settings) -> Value {
    let longest = settings.query_timeout.as_millis();
    json!({
        "MaxStaleness": query(
            "max_staleness",
            "How long ago the last complete run may have ended; else the answer is 503. A number and `s`, `m`, `h` or `d`.",
            &json!({ "type": "string", "pattern": "^[0-9]+[smhd]$" }),
        ),
        "TimeoutMs": query(
            "timeout_ms",
            &format!("Milliseconds that the request may take; more than {longest} is taken as {longest}."),
            &json!({ "type": "integer", "minimum": 1 }),
        ),
    })
}

fn of_other_routes() -> Value {
    json!({
        "FacetLimit": query(
            "facet_limit",
            &format!("Values of each facet; more than {} is taken as {0}.", facets::MAX_LIMIT),
            &json!({ "type": "integer", "minimum": 1, "default": facets::LIMIT }),
        ),
        "RandomLimit": query(
            "limit",
            &format!("Rows to draw; more than {} is taken as {0}.", random::MAX_LIMIT),
            &json!({ "type": "integer", "minimum": 1, "default": 1 }),
        ),
        "Seed": query(
            "seed",
            "Draws the rows that an answer with this `seed` had, while the version is the same.",
            &json!({ "type": "integer", "minimum": 0, "maximum": random::MAX_SEED }),
        ),
    })
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// An object that always has all of `members`.
fn object(members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = members
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn time(description: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": description })
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
