//! The OpenAPI document is true: what it says is there answers, and in the shape that it says.

use serde_json::{Value, json};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, field, image, images, searched},
    mirror::{mirrored_breeds, mirrored_images},
    world::{Answer, World, settings},
};

#[tokio::test]
async fn every_documented_get_answers_as_documented() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[breed("abys", &[])]).await;
        world.mirrored(&images(), &[image("abys", "1", 3)]).await;
        let document = world.get("/api/openapi.json").await.json();
        let paths = document["paths"].as_object().expect("paths");
        assert_eq!(paths.len(), 21, "{:?}", paths.keys());
        for (path, item) in paths {
            let url = url_of(path) + &needed(&item["get"]);
            let answer = world.get(&url).await;
            assert_eq!(answer.status, 200, "{url}: {}", answer.body);
            conforms(&document, &item["get"], &answer);
        }
        let wrong = world.get("/api/v1/cats/breeds?nmae=x").await;
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        Check {
            document: &document,
        }
        .value(&wrong.json(), &schema, "problem");
    })
    .await;
}

#[tokio::test]
async fn every_documented_parameter_is_taken() {
    World::each(async |world| {
        world.mirrored(&searched(), &[breed("abys", &[])]).await;
        let document = world.get("/api/openapi.json").await.json();
        let list = &document["paths"]["/api/v1/cats/breeds"]["get"];
        let parameters = list["parameters"].as_array().expect("parameters");
        let examples: Vec<_> = parameters
            .iter()
            .filter_map(|parameter| example(resolved(&document, parameter)))
            .collect();
        assert_eq!(
            examples.len(),
            100,
            "the words, the operators of 11 fields, and all controls but the cursor"
        );
        for (name, value) in examples {
            let answer = world
                .get(&format!("/api/v1/cats/breeds?{name}={value}"))
                .await;
            assert_eq!(answer.status, 200, "{name}={value}: {}", answer.body);
            conforms(&document, list, &answer);
        }
    })
    .await;
}

#[tokio::test]
async fn every_documented_path_of_an_upstream_answers_as_documented() {
    World::each(async |world| {
        let (breeds, images) = (mirrored_breeds(), mirrored_images());
        world.mirrored(&breeds, &[breed("abys", &[])]).await;
        world.mirrored(&images, &[image("abys", "1", 3)]).await;
        let document = world.get("/api/openapi.json").await.json();
        let paths = document["paths"].as_object().expect("paths");
        let mirrored: Vec<_> = paths
            .iter()
            .filter(|(path, _)| path.starts_with("/mirror"))
            .collect();
        let names: Vec<&str> = mirrored.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(
            names,
            [
                "/mirror/cats/breeds",
                "/mirror/cats/breeds/{breed_id}/images"
            ]
        );
        for (path, item) in mirrored {
            let url = path.replace("{breed_id}", "abys");
            let parameters = item["get"]["parameters"].as_array().expect("parameters");
            let in_query = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "query");
            let given = in_query
                .filter_map(example)
                .map(|(name, value)| format!("{name}={value}"));
            let given: Vec<String> = given.filter(|pair| !pair.starts_with("page=")).collect();
            assert_eq!(
                given.len(),
                3 - usize::from(path.contains("images")),
                "{given:?}"
            );
            let answer = world.get(&format!("{url}?{}", given.join("&"))).await;
            assert_eq!(answer.status, 200, "{url}: {}", answer.body);
            conforms(&document, &item["get"], &answer);
        }
    })
    .await;
}

#[tokio::test]
async fn a_small_definition_makes_this_document() {
    let mut small = breeds();
    small.key = vec!["id".to_owned()];
    small.fields = vec![
        field("id", entity::definition::Kind::Text),
        field("weight", entity::definition::Kind::Integer),
        field("temperament", entity::definition::Kind::List),
    ];
    let world = World::with_schema(Kind::Sqlite, settings()).await;
    world.registered(&small).await;
    let served = world.get("/api/openapi.json").await.json();
    assert_eq!(served, api::document(&[&small], &settings()));
    insta::assert_json_snapshot!(served, { ".info.version" => "[version]" });
}

/// The path with something that is there in the place of each parameter.
fn url_of(path: &str) -> String {
    let key = if path.contains("/images/{key}") {
        "abys,1"
    } else {
        "abys"
    };
    path.replace("{key}", key).replace("{source}", "cats")
}

/// The parameters that have to be given.
fn needed(operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let in_query = parameters.filter(|parameter| parameter["in"] == "query");
    let needed = in_query.filter(|parameter| parameter["required"] == json!(true));
    let needed = needed.filter_map(example);
    let pairs: Vec<String> = needed
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("?{}", pairs.join("&"))
}

/// Whether the answer's type and body are those of the operation's good answer.
pub(crate) fn conforms(document: &Value, operation: &Value, answer: &Answer) {
    let content = operation["responses"]["200"]["content"]
        .as_object()
        .expect("content");
    let (media_type, content) = content.iter().next().expect("a media type");
    let sent = answer.header("content-type");
    assert!(
        sent.starts_with(media_type.as_str()),
        "{sent} is not {media_type}"
    );
    // Of lines, each is a document.
    if media_type.contains("json") && !media_type.contains("ndjson") {
        let id = operation["operationId"].as_str().expect("an id");
        Check { document }.value(&answer.json(), &content["schema"], id);
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference
                .strip_prefix('#')
                .expect("a reference into the document");
            document
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{reference} leads nowhere"))
        }
        None => value,
    }
}

/// A parameter's name, and a value that it must take; none for a cursor.
fn example(parameter: &Value) -> Option<(&str, String)> {
    let (name, schema) = (parameter["name"].as_str()?, &parameter["schema"]);
    let schema = match schema["type"].as_str()? {
        "array" => &schema["items"],
        _ => schema,
    };
    if let Some(first) = schema["enum"].get(0) {
        return Some((name, first.as_str()?.to_owned()));
    }
    let example = match (name, schema["type"].as_str()?, schema["format"].as_str()) {
        ("cursor", ..) => return None,
        ("max_staleness", ..) => "15m",
        (_, "array", _) => schema["items"]["enum"][0].as_str()?,
        (_, "integer" | "number", _) => "1",
        (_, "boolean", _) => "true",
        (_, _, Some("date")) => "2026-11-21",
        (_, _, Some("date-time")) => "2026-11-21T08:00:00Z",
        _ => "id",
    };
    Some((name, example.to_owned()))
}

/// As much of JSON Schema as the document uses.
struct Check<'a> {
    document: &'a Value,
}

impl Check<'_> {
    fn value(&self, value: &Value, schema: &Value, at: &str) {
        if let Err(fault) = self.fault(value, schema, at) {
            panic!("{fault}");
        }
    }

    fn fault(&self, value: &Value, schema: &Value, at: &str) -> Result<(), String> {
        let schema = resolved(self.document, schema);
        if let Some(choices) = schema["oneOf"].as_array() {
            let good = choices
                .iter()
                .filter(|choice| self.fault(value, choice, at).is_ok());
            return if good.count() == 1 {
                Ok(())
            } else {
                Err(format!("{at}: not one of the choices: {value}"))
            };
        }
        if schema["enum"]
            .as_array()
            .is_some_and(|allowed| !allowed.contains(value))
        {
            return Err(format!("{at}: {value} is not in {schema}"));
        }
        let types = match &schema["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => vec![type_of(value)],
        };
        if !types.contains(&type_of(value)) {
            return Err(format!("{at}: {value} is no {types:?}"));
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let name = required.as_str().expect("a name");
            value
                .get(name)
                .ok_or_else(|| format!("{at}: no {name} in {value}"))?;
        }
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(member) = value.get(name) {
                self.fault(member, schema, &format!("{at}.{name}"))?;
            }
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.fault(item, &schema["items"], &format!("{at}[{index}]"))?;
        }
        Ok(())
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
