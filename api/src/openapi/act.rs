//! One operation of the document that does not tell of rows: logins, users, keys, the syncer, and writes.

use serde_json::{Map, Value, json};

use super::{headers, operation::Answers, problems};
use crate::identity::Need;

/// What a method of a path does.
pub(super) struct Act<'a> {
    /// As the document writes it: `post`.
    pub(super) method: &'a str,
    pub(super) tag: &'a str,
    pub(super) id: &'a str,
    pub(super) summary: &'a str,
    pub(super) need: Need,
    pub(super) parameters: Vec<Value>,
    /// What it takes, by media type; `None`: no body.
    pub(super) body: Option<Value>,
    /// Its good answers: status, what it means, and the body by media type; null: none.
    pub(super) answers: Vec<(u16, &'a str, Value)>,
    /// The names of headers that its good answers have, beside those of each.
    pub(super) headers: &'a [&'a str],
    /// The names of what else may go wrong, of those in `problems::RESPONSES`, beside what may of every request.
    pub(super) problems: &'a [&'a str],
}

/// What may go wrong with every request.
const ALWAYS: [&str; 7] = [
    "BadBody",
    "TooLarge",
    "UriTooLong",
    "HeadersTooLarge",
    "NotAcceptable",
    "Internal",
    "NotReady",
];

impl Act<'_> {
    /// Its member of the path's item.
    pub(super) fn member(&self) -> (String, Value) {
        let mut operation = Map::from_iter([
            ("tags".to_owned(), json!([self.tag])),
            ("operationId".to_owned(), json!(self.id)),
            ("summary".to_owned(), json!(self.summary)),
            ("parameters".to_owned(), json!(self.parameters)),
            ("responses".to_owned(), Value::Object(self.responses())),
            ("security".to_owned(), self.security()),
        ]);
        if let Some(body) = &self.body {
            let body = json!({ "required": true, "content": body });
            operation.insert("requestBody".to_owned(), body);
        }
        (self.method.to_owned(), Value::Object(operation))
    }

    /// How whoever asks can be known.
    fn security(&self) -> Value {
        match self.need {
            Need::Open => json!([]),
            Need::Read => json!([{}, { "bearer": [] }, { "key": [] }]),
            Need::Login => json!([{ "bearer": [] }]),
            Need::Known | Need::Write | Need::Sync | Need::Admin => {
                json!([{ "bearer": [] }, { "key": [] }])
            }
        }
    }

    fn responses(&self) -> Map<String, Value> {
        let good = self.answers.iter().map(|(status, description, content)| {
            let mut told = headers::of(Answers::State);
            told.extend(headers::named(self.headers));
            let mut answer = json!({ "description": description, "headers": told });
            if !content.is_null() {
                answer["content"] = content.clone();
            }
            (status.to_string(), answer)
        });
        let mut responses: Map<String, Value> = good.collect();
        for (name, kinds) in problems::RESPONSES.iter() {
            if self.may_answer(name) {
                let response = json!({ "$ref": format!("#/components/responses/{name}") });
                responses.insert(kinds[0].status().as_u16().to_string(), response);
            }
        }
        responses
    }

    fn may_answer(&self, problems: &str) -> bool {
        let is_known = match problems {
            "Unauthenticated" => self.need != Need::Open,
            "Forbidden" => !matches!(self.need, Need::Open | Need::Read | Need::Known),
            "InvalidBody" | "UnsupportedMediaType" => self.body.is_some(),
            // A list's 400 says more.
            "BadBody" if self.problems.contains(&"BadList") => return false,
            _ => false,
        };
        is_known || ALWAYS.contains(&problems) || self.problems.contains(&problems)
    }
}
