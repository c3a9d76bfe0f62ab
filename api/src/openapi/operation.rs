//! One operation of the document: what it takes, and everything that it may answer.

use serde_json::{Map, Value, json};

use super::{headers, problems};

/// A path that can be read.
pub(super) struct Get<'a> {
    pub(super) tag: &'a str,
    pub(super) id: &'a str,
    pub(super) summary: &'a str,
    pub(super) parameters: Vec<Value>,
    /// The body of a good answer, by media type.
    pub(super) content: Value,
    pub(super) answers: Answers,
}

/// What kind of answers an operation has: that decides their headers, and what may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    /// Rows of a version, which may be kept while it lasts.
    Rows,
    /// The same, in the shape of their upstream.
    Mirrored,
    /// Rows that are read anew each time.
    Anew,
    /// A document about one resource.
    Document,
    /// A document about all of them.
    Catalogue,
    /// How the process is: it is told whatever happens.
    State,
}

impl Get<'_> {
    pub(super) fn path_item(self) -> Value {
        let responses = self.responses();
        json!({
            "get": {
                "tags": [self.tag],
                "operationId": self.id,
                "summary": self.summary,
                "parameters": self.parameters,
                "responses": responses,
            },
        })
    }

    fn responses(&self) -> Map<String, Value> {
        let good = json!({
            "description": "As asked.",
            "headers": headers::of(self.answers),
            "content": self.content,
        });
        let mut responses = Map::from_iter([("200".to_owned(), good)]);
        if self.is_kept() {
            let same = json!({ "$ref": "#/components/responses/NotModified" });
            responses.insert("304".to_owned(), same);
        }
        let problems = problems::RESPONSES.iter();
        for (name, kinds) in problems.filter(|(name, _)| self.may_answer(name)) {
            let response = json!({ "$ref": format!("#/components/responses/{name}") });
            responses.insert(kinds[0].status().as_u16().to_string(), response);
        }
        if self.id == "healthz" {
            let failed = json!({
                "description": "The database cannot be reached, or has no schema.",
                "headers": headers::of(self.answers),
                "content": self.content,
            });
            responses.insert("503".to_owned(), failed);
        }
        responses
    }

    fn is_kept(&self) -> bool {
        matches!(
            self.answers,
            Answers::Rows | Answers::Mirrored | Answers::Document | Answers::Catalogue
        )
    }

    /// Whether the operation may answer with the problems of that name.
    fn may_answer(&self, problems: &str) -> bool {
        let is_state = self.answers == Answers::State;
        let is_mirrored = self.answers == Answers::Mirrored;
        let is_of_rows = matches!(self.answers, Answers::Rows | Answers::Anew);
        let has_cursors = is_mirrored || self.takes("Cursor");
        match problems {
            "BadRequest" => !is_state && !has_cursors,
            "BadList" => has_cursors,
            "NotMirrored" => is_mirrored,
            "NotAcceptable" => !is_state && !is_mirrored,
            "BeforeHistory" => self.takes("AsOf"),
            "NotFound" if is_mirrored => false,
            "NotFound" => {
                is_of_rows || self.answers == Answers::Document || self.has_path_parameter()
            }
            "Gone" => self.takes("Since"),
            "NotReady" => (!is_state && !self.takes("MaxStaleness")) || self.id == "readyz",
            "NotReadyOrStale" => self.takes("MaxStaleness"),
            // What both tell depends on who asks.
            "Unauthenticated" => !is_state || matches!(self.id, "healthz" | "metrics"),
            // Of what changes something, or is for some only.
            "BadBody"
            | "InvalidBody"
            | "UnsupportedMediaType"
            | "Forbidden"
            | "Conflict"
            | "PreconditionFailed"
            | "LoginThrottled"
            | "MethodNotAllowed" => false,
            "QueryTimeout" => is_of_rows || is_mirrored,
            // Of every URL and of every fault of ours.
            _ => true,
        }
    }

    fn takes(&self, parameter: &str) -> bool {
        let reference = super::paths::parameter(parameter);
        self.parameters.contains(&reference)
    }

    fn has_path_parameter(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter["in"] == "path")
    }
}
