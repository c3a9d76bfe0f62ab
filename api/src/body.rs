//! The JSON body of a request: bounded, of the right type, and read member by member, so that all that is wrong with it is
//! told at once.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use chrono::{DateTime, Utc};
use entity::nearest;
use futures::StreamExt;
use serde_json::{Map, Value};

use crate::{
    fault::{Code, Fault},
    problem::{Kind, Problem},
};

/// Most bytes of a body that is read into memory.
const LONGEST: usize = 64 * 1024;

/// What a body says. A handler takes it last:
///
/// ```ignore
/// struct Login { name: String }
///
/// impl FromMembers for Login {
///     fn from_members(members: &mut Members) -> Self {
///         Self { name: members.text("name") }
///     }
/// }
///
/// async fn login(Json(login): Json<Login>) -> Result<Response, Problem>
/// ```
///
/// It is refused with 400 if it is no JSON object, 413 if it is too long, 415 if its `Content-Type` is another, and 422,
/// with each fault, if members are missing, not known, or not what they have to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// What can be read from the members of a JSON object.
pub(crate) trait FromMembers: Sized {
    /// Asks `members` for each that there may be. What is missing or wrong it notes itself, and gives something empty:
    /// what is made then is never used.
    fn from_members(members: &mut Members) -> Self;
}

/// The members of a body, and what was found wrong with them.
#[derive(Debug)]
pub(crate) struct Members {
    given: Map<String, Value>,
    known: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<S: Send + Sync, T: FromMembers> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let media_type = is_json(request.headers());
        let bytes = bounded(request, LONGEST).await?;
        media_type?;
        read(&bytes).map(Self)
    }
}

/// Whether the body says that it is JSON.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers
        .get(CONTENT_TYPE)
        .and_then(|sent| sent.to_str().ok());
    let essence = sent.and_then(|sent| sent.split(';').next());
    if essence.is_some_and(|sent| sent.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let detail = "send the body as JSON, with `Content-Type: application/json`";
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

async fn bounded(request: Request, longest: usize) -> Result<Vec<u8>, Problem> {
    let mut stream = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let broken = |_| Problem::new(Kind::MalformedBody, "the body broke off");
        bytes.extend_from_slice(&chunk.map_err(broken)?);
        if bytes.len() > longest {
            let detail = format!("the body has more than {longest} bytes, which are read at most");
            return Err(Problem::new(Kind::TooLarge, detail));
        }
    }
    Ok(bytes)
}

fn read<T: FromMembers>(bytes: &[u8]) -> Result<T, Problem> {
    let given = match serde_json::from_slice(bytes) {
        Ok(Value::Object(given)) => given,
        Ok(_) => {
            let detail = "the body is JSON, but no object; write it in braces";
            return Err(Problem::new(Kind::MalformedBody, detail));
        }
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let detail = format!("the body is no JSON: see line {line}, column {column}");
            return Err(Problem::new(Kind::MalformedBody, detail));
        }
    };
    let mut members = Members {
        given,
        known: Vec::new(),
        faults: Vec::new(),
    };
    let made = T::from_members(&mut members);
    members.refuse_unknown();
    match members.faults.is_empty() {
        true => Ok(made),
        false => Err(Problem::of_body(members.faults)),
    }
}

impl Members {
    /// A text that has to be there.
    pub(crate) fn text(&mut self, name: &'static str) -> String {
        self.needed(name, Self::text_if_any).unwrap_or_default()
    }

    /// A text that may be there; null is none.
    pub(crate) fn text_if_any(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => self.wrong(name, "write a text"),
        }
    }

    /// An instant that may be there.
    pub(crate) fn time_if_any(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let text = self.text_if_any(name)?;
        match text.parse() {
            Ok(time) => Some(time),
            Err(_) => self.wrong(name, "write a time, like 2027-01-31T12:00:00Z"),
        }
    }

    /// True or false; false if it is not there.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => self.wrong(name, "write `true` or `false`").unwrap_or(false),
        }
    }

    /// A whole number that may be there.
    pub(crate) fn integer_if_any(&mut self, name: &'static str) -> Option<i64> {
        let value = self.take(name)?;
        match value.as_i64() {
            Some(number) => Some(number),
            None => self.wrong(name, "write a whole number"),
        }
    }

    /// A list of texts that has to be there.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<String> {
        let texts = self.needed(name, |members, name| {
            let value = members.take(name)?;
            match serde_json::from_value(value) {
                Ok(texts) => Some(texts),
                Err(_) => members.wrong(name, "write a list of texts"),
            }
        });
        texts.unwrap_or_default()
    }

    /// Notes that what was given for `name` is not what it has to be.
    pub(crate) fn fault(&mut self, name: &str, detail: impl Into<String>) {
        let fault = Fault::new(name, Code::InvalidValue, detail);
        self.faults.push(fault);
    }

    /// Notes that, and gives nothing.
    fn wrong<T>(&mut self, name: &str, detail: &str) -> Option<T> {
        self.fault(name, format!("`{name}`: {detail}"));
        None
    }

    /// What is there under that name; null is nothing.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.given.remove(name).filter(|value| !value.is_null())
    }

    fn needed<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<T> {
        let is_there = self.given.get(name).is_some_and(|value| !value.is_null());
        if !is_there {
            let detail = format!("`{name}` is missing");
            self.faults
                .push(Fault::new(name, Code::MissingMember, detail));
        }
        read(self, name)
    }

    fn refuse_unknown(&mut self) {
        let known = self.known.iter().map(|name| (*name).to_owned());
        let known: Vec<String> = known.collect();
        for name in self.given.keys() {
            let detail = match nearest(name, self.known.iter().copied()) {
                Some(likely) => format!("there is no member `{name}`; did you mean `{likely}`?"),
                None => format!("there is no member `{name}`"),
            };
            let fault = Fault::new(name, Code::UnknownMember, detail);
            self.faults.push(fault.or_one_of(name, known.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Order {
        what: String,
        count: Option<i64>,
        gift: bool,
        marks: Vec<String>,
    }

    impl FromMembers for Order {
        fn from_members(members: &mut Members) -> Self {
            Self {
                what: members.text("what"),
                count: members.integer_if_any("count"),
                gift: members.flag("gift"),
                marks: members.texts("marks"),
            }
        }
    }

    #[test]
    fn what_is_there_is_read() {
        let order: Order =
            read(br#"{ "what": "tea", "count": null, "marks": ["a"] }"#).expect("it is good");
        let expected = Order {
            what: "tea".to_owned(),
            count: None,
            gift: false,
            marks: vec!["a".to_owned()],
        };
        assert_eq!(order, expected);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let check = |body: &str, expected: &[&str]| {
            let problem = read::<Order>(body.as_bytes()).expect_err("it is refused");
            assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let faults = problem.into_faults().into_iter();
            let told: Vec<String> = faults.map(|fault| fault.detail).collect();
            assert_eq!(told, expected, "{body}");
        };
        check("{}", &["`what` is missing", "`marks` is missing"]);
        check(
            r#"{ "what": 1, "count": "x", "gift": 1, "marks": [1], "coumt": 2 }"#,
            &[
                "`what`: write a text",
                "`count`: write a whole number",
                "`gift`: write `true` or `false`",
                "`marks`: write a list of texts",
                "there is no member `coumt`; did you mean `count`?",
            ],
        );
    }

    #[test]
    fn what_is_no_object_cannot_be_read() {
        for body in ["", "{", "[]", "1", "{\"what\":\u{0}}"] {
            let problem = read::<Order>(body.as_bytes()).expect_err("it is refused");
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST, "{body}");
        }
    }
}
