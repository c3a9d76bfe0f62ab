//! What an api said: the document that was asked for, or why there is none.

use anyhow::{Context, anyhow};
use axum::http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};

use super::Answer;
use crate::exit::Misuse;

/// Every good answer of the routes that are asked here.
#[derive(Deserialize)]
struct Body<T> {
    data: T,
}

/// What an api says of its errors, as far as it is printed.
#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    detail: String,
    #[serde(default)]
    allowed: Vec<String>,
    did_you_mean: Option<String>,
}

/// The document of a good answer.
///
/// # Errors
/// It is a refusal, or none of ours.
pub(super) fn document<T: DeserializeOwned>(answer: &Answer) -> anyhow::Result<T> {
    if answer.status.is_success() {
        let body: Body<T> = serde_json::from_slice(&answer.body)
            .context("the api's answer cannot be read; is it of another version?")?;
        return Ok(body.data);
    }
    Err(refusal(answer))
}

fn refusal(answer: &Answer) -> anyhow::Error {
    let Ok(problem) = serde_json::from_slice::<Problem>(&answer.body) else {
        let status = answer.status;
        return anyhow!("the answer is {status}, and none of an api of ours; is the URL right?");
    };
    let text = problem.text();
    match answer.status {
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {
            Misuse(text).into()
        }
        _ => anyhow!(text),
    }
}

impl Problem {
    fn text(&self) -> String {
        match self.errors.as_slice() {
            [] => self.detail.clone(),
            faults => {
                let lines = faults.iter().map(Fault::text);
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

impl Fault {
    fn text(&self) -> String {
        match (&self.did_you_mean, self.allowed.as_slice()) {
            (Some(name), _) => format!("{}; did you mean `{name}`?", self.detail),
            (None, []) => self.detail.clone(),
            (None, allowed) => format!("{}; there is {}", self.detail, allowed.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_with_all_its_faults() {
        let check = |status: u16, body: &str, expected: &str, is_misuse: bool| {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                body: body.into(),
            };
            let error = document::<u8>(&answer).unwrap_err();
            assert_eq!(error.to_string(), expected, "{body}");
            assert_eq!(error.is::<Misuse>(), is_misuse, "{body}");
        };
        let plain = r#"{"detail":"a run is under way","errors":[]}"#;
        check(409, plain, "a run is under way", false);
        let near = r#"{"detail":"no","errors":[{"detail":"there is no source `shpo`","allowed":["shop"],"did_you_mean":"shop"}]}"#;
        check(
            404,
            near,
            "there is no source `shpo`; did you mean `shop`?",
            true,
        );
        let two =
            r#"{"detail":"2 faults","errors":[{"detail":"a","allowed":["b","c"]},{"detail":"d"}]}"#;
        check(422, two, "a; there is b, c\nd", true);
        check(
            502,
            "<html>",
            "the answer is 502 Bad Gateway, and none of an api of ours; is the URL right?",
            false,
        );
    }

    #[test]
    fn a_document_is_what_stands_under_data() {
        let answer = Answer {
            status: StatusCode::ACCEPTED,
            body: br#"{"data":7,"page":{}}"#.into(),
        };
        assert_eq!(document::<u8>(&answer).unwrap(), 7);
    }
}
