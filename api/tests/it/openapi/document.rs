//! The document, and whether an answer is what it says.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use jsonschema::Validator;
use reqwest::{
    Method,
    header::{ACCEPT, HeaderName},
};
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// The document that a world serves.
pub(crate) struct Document {
    value: Value,
    /// By where in the document the schema stands: each is asked for again and again.
    validators: RefCell<HashMap<*const Value, Rc<Validator>>>,
}

/// One of its operations.
#[derive(Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) value: &'a Value,
}

impl<'a> Operation<'a> {
    /// Those of its good answers.
    pub(super) fn media_types(&self) -> impl Iterator<Item = &'a str> {
        let content = self.value["responses"]["200"]["content"].as_object();
        content.expect("content").keys().map(String::as_str)
    }

    pub(super) fn is_list(&self) -> bool {
        let id = self.value["operationId"].as_str().expect("an id");
        id.starts_with("list_")
    }
}

impl Document {
    pub(crate) async fn of(world: &World) -> Self {
        Self::for_caller(world, &[]).await
    }

    /// As somebody gets it who shows that.
    pub(crate) async fn for_caller(world: &World, shown: &[(HeaderName, &str)]) -> Self {
        Self::from(world.get_with("/api/openapi.json", shown).await.json())
    }

    /// The one that a world has served before.
    pub(crate) fn from(value: Value) -> Self {
        Self {
            value,
            validators: RefCell::default(),
        }
    }

    /// Those that read rows, or tell of them.
    pub(crate) fn operations<'a>(&'a self) -> impl Iterator<Item = Operation<'a>> {
        let paths = self.value["paths"].as_object().expect("paths");
        let of_path = |(path, item): (&'a String, &'a Value)| {
            let value = item.get("get").filter(|value| is_of_rows(value));
            value.map(|value| Operation { path, value })
        };
        paths.iter().filter_map(of_path)
    }

    /// Method and path of each, whatever it does.
    pub(crate) fn methods(&self) -> Vec<(String, &str)> {
        let paths = self.value["paths"].as_object().expect("paths");
        let of_path = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").keys();
            methods.map(move |method| (method.to_uppercase(), path.as_str()))
        });
        of_path.collect()
    }

    /// What answers that method at a path, if it is documented.
    pub(crate) fn operation(&self, method: &str, at: &str) -> Option<Operation<'_>> {
        let paths = self.value["paths"].as_object().expect("paths");
        let parts: Vec<&str> = at.split('/').collect();
        let is_it = |path: &str| {
            let path: Vec<&str> = path.split('/').collect();
            let mut both = path.iter().zip(&parts);
            path.len() == parts.len()
                && both.all(|(path, part)| path == part || path.starts_with('{'))
        };
        let mut found: Vec<(&str, &Value)> = Vec::new();
        for (path, item) in paths {
            if is_it(path) {
                found.extend(
                    item.get(method.to_lowercase())
                        .map(|value| (path.as_str(), value)),
                );
            }
        }
        // The path with the fewest parameters is the one that is asked.
        found.sort_by_key(|(path, _)| path.matches('{').count());
        let first = found.first();
        first.map(|(path, value)| Operation { path, value })
    }

    /// The operation's parameters that stand in `place`.
    pub(super) fn parameters<'a>(
        &'a self,
        operation: &Operation<'a>,
        place: &str,
    ) -> Vec<&'a Value> {
        let parameters = operation.value["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        let resolved = parameters.map(|parameter| self.resolved(parameter));
        resolved
            .filter(|parameter| parameter["in"] == place)
            .collect()
    }

    /// All that it may answer, by status and media type.
    pub(super) fn contents<'a>(&'a self, operation: &Operation<'a>) -> Vec<(String, &'a Value)> {
        let responses = operation.value["responses"].as_object().expect("responses");
        let contents = responses.iter().flat_map(|(status, response)| {
            let content = self.resolved(response)["content"].as_object();
            let of_response = content.into_iter().flatten();
            of_response.map(move |(kind, content)| (format!("{status} {kind}"), content))
        });
        contents.collect()
    }

    pub(super) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("one into the document");
                let found = self.value.pointer(pointer);
                found.unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }

    /// Asks for an answer of that media type; of a stream, what comes until all that there is was told.
    pub(super) async fn asked(
        &self,
        world: &World,
        (operation, url): (&Operation<'_>, &str),
        media_type: &str,
    ) -> Answer {
        let accept = [(ACCEPT, media_type)];
        if media_type != "text/event-stream" {
            return world.get_with(url, &accept).await;
        }
        let mut response = world
            .open(Method::GET, &format!("{url}since=0"), &accept)
            .await;
        let mut answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: String::new(),
        };
        while !answer.body.contains("event: version") {
            let chunk = response.chunk().await.expect("it goes on");
            let chunk = chunk.unwrap_or_else(|| panic!("{} ended", operation.path));
            answer
                .body
                .push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
        answer
    }

    /// Checks that status, media type, headers and body of `answer` are among what the operation may answer.
    pub(crate) fn conforms(&self, operation: &Operation<'_>, answer: &Answer, at: &str) {
        let status = answer.status.as_str();
        let response = operation.value["responses"].get(status);
        let response = response.unwrap_or_else(|| panic!("{at}: no {status}: {}", answer.body));
        let response = self.resolved(response);
        self.has_headers(response, answer, at);
        let Some(content) = response["content"].as_object() else {
            assert_eq!(answer.body, "", "{at}");
            return;
        };
        let sent = answer.header("content-type");
        let is_sent = |kind: &&String| sent.split(';').next() == Some(kind.as_str());
        let kind = content.keys().find(is_sent);
        let kind = kind.unwrap_or_else(|| panic!("{at}: {sent} is not documented"));
        let schema = &content[kind]["schema"];
        if kind.ends_with("json") && !kind.ends_with("ndjson") {
            self.valid(schema, &answer.json(), at);
            return;
        }
        self.valid(schema, &json!(answer.body), at);
        let items: Vec<&str> = match kind.as_str() {
            "text/event-stream" => {
                let lines = answer.body.lines();
                lines
                    .filter_map(|line| line.strip_prefix("data: "))
                    .collect()
            }
            "application/x-ndjson" => answer.body.lines().collect(),
            _ => return,
        };
        assert!(!items.is_empty(), "{at}: {}", answer.body);
        for item in items {
            let item: Value = serde_json::from_str(item).expect("JSON");
            self.valid(&schema["x-itemSchema"], &item, at);
        }
    }

    fn has_headers(&self, response: &Value, answer: &Answer, at: &str) {
        let headers = response["headers"].as_object().expect("headers");
        for (name, header) in headers {
            let header = self.resolved(header);
            let Some(sent) = answer.headers.get(name.to_lowercase()) else {
                assert!(header["required"] != json!(true), "{at}: no {name}");
                continue;
            };
            let sent = sent.to_str().expect("ASCII");
            let value = match header["schema"]["type"].as_str() {
                Some("integer") => serde_json::from_str(sent).expect("a number"),
                _ => json!(sent),
            };
            self.valid(&header["schema"], &value, &format!("{at} {name}"));
        }
    }

    /// Checks that `value` is as `schema` says.
    pub(super) fn valid(&self, schema: &Value, value: &Value, at: &str) {
        assert!(schema.is_object(), "{at}: no schema");
        let validator = self.validator(schema);
        let faults: Vec<String> = validator
            .iter_errors(value)
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{at}: {faults:#?} in {value}");
    }

    fn validator(&self, schema: &Value) -> Rc<Validator> {
        let mut validators = self.validators.borrow_mut();
        let known = validators.entry(std::ptr::from_ref(schema));
        let made = known.or_insert_with(|| {
            let whole = json!({ "allOf": [schema], "components": self.value["components"] });
            let options = jsonschema::draft202012::options().should_validate_formats(true);
            Rc::new(options.build(&whole).expect("a schema"))
        });
        Rc::clone(made)
    }
}

/// What everybody may ask who may read: the others say who has to be known.
fn is_of_rows(operation: &Value) -> bool {
    operation.get("security").is_none()
}
