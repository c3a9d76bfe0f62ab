//! What the parameters ask for: since when, how much, and for how long to wait.

use std::time::Duration;

use axum::http::HeaderMap;
use entity::record::{Seq, SeqError};

use super::LONGEST_WAIT;
use crate::{
    accept,
    fault::{Code, Fault},
    parameters::{Parameters, repeated_parameter},
    problem::Problem,
    records,
    settings::Settings,
};

const PARAMETERS: [&str; 3] = ["since", "limit", "wait"];
const LAST_EVENT_ID: &str = "Last-Event-ID";
pub(crate) const FORMS: [&str; 2] = ["application/json", "text/event-stream"];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// What is known already; `None`: all that there is now.
    pub(super) since: Option<Seq>,
    pub(super) how: How,
}

/// How it is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Some changes, after waiting for them for so long.
    Poll { limit: u64, wait: Duration },
    /// All of them, as they come.
    Stream,
}

impl Asked {
    /// Checks the query and the headers.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(super) fn parse(
        query: Option<&str>,
        request: &HeaderMap,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        let parameters = Parameters::decode(query)?;
        let mut faults = parameters.unknown(&PARAMETERS);
        let is_stream = accept::preferred(request, &FORMS) == 1;
        let (mut since, mut limit, mut wait) = (None, settings.default_limit, Duration::ZERO);
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in parameters.iter() {
            if PARAMETERS.contains(&name) && seen.contains(&name) {
                faults.push(repeated_parameter(name));
                continue;
            }
            seen.push(name);
            let taken = match name {
                "since" => seq(name, value).map(|seq| since = Some(seq)),
                "limit" | "wait" if is_stream => Err(vec![of_poll(name)]),
                "limit" => {
                    records::number(name, value, settings.max_limit).map(|most| limit = most)
                }
                "wait" => waiting(value).map(|time| wait = time),
                _ => Ok(()),
            };
            faults.extend(taken.err().into_iter().flatten());
        }
        if is_stream && let Some(id) = request.get(LAST_EVENT_ID) {
            // A client that was cut off asks the same URL again: what it knows now goes before what it knew then.
            match seq(LAST_EVENT_ID, id.to_str().unwrap_or_default()) {
                Ok(seq) => since = Some(seq),
                Err(wrong) => faults.extend(wrong),
            }
        }
        if !faults.is_empty() {
            return Err(Problem::refused(faults));
        }
        let how = match is_stream {
            true => How::Stream,
            false => How::Poll { limit, wait },
        };
        Ok(Self { since, how })
    }
}

fn seq(name: &str, value: &str) -> Result<Seq, Vec<Fault>> {
    value.parse().map_err(|error: SeqError| {
        let detail = format!("{error} for `{name}`");
        vec![Fault::new(name, Code::InvalidValue, detail)]
    })
}

fn of_poll(name: &str) -> Fault {
    let detail = format!("`{name}` is for answers in JSON: a stream tells everything as it comes");
    Fault::new(name, Code::InvalidValue, detail)
}

/// Whole seconds; more than the longest wait is that.
pub(crate) fn waiting(value: &str) -> Result<Duration, Vec<Fault>> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        let longest = LONGEST_WAIT.as_secs();
        let detail = format!("expected a number of seconds up to {longest} for `wait`");
        return Err(vec![Fault::new("wait", Code::InvalidValue, detail)]);
    }
    let seconds = value.parse().unwrap_or(u64::MAX);
    Ok(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header::ACCEPT};

    use super::*;

    fn asked(query: &str, headers: &[(&'static str, &'static str)]) -> Result<Asked, Vec<String>> {
        let mut request = HeaderMap::new();
        for (name, value) in headers {
            request.insert(*name, HeaderValue::from_static(value));
        }
        let settings = Settings::new("secret");
        let asked = Asked::parse(Some(query), &request, &settings);
        asked.map_err(|problem| {
            let faults = problem.into_faults().into_iter();
            faults.map(|fault| fault.parameter).collect()
        })
    }

    #[test]
    fn a_poll_knows_how_much_and_how_long() {
        let check = |query, since: Option<Seq>, limit, seconds| {
            let wait = Duration::from_secs(seconds);
            let how = How::Poll { limit, wait };
            assert_eq!(asked(query, &[]), Ok(Asked { since, how }), "{query}");
        };
        check("", None, 50, 0);
        check("since=7&limit=3&wait=9", Some(Seq::whole(7)), 3, 9);
        check("since=7.12", Some(Seq::within(7, 12)), 50, 0);
        check("wait=61&limit=9999999999999999999999", None, 1000, 60);
        check("wait=9999999999999999999999", None, 50, 60);
        check("wait=0", None, 50, 0);
    }

    #[test]
    fn a_stream_goes_on_behind_the_last_event() {
        let stream = (ACCEPT.as_str(), "text/event-stream");
        let check = |query, id: Option<&'static str>, since| {
            let mut headers = vec![stream];
            headers.extend(id.map(|id| ("last-event-id", id)));
            let how = How::Stream;
            assert_eq!(asked(query, &headers), Ok(Asked { since, how }), "{query}");
        };
        check("", None, None);
        check("since=3", None, Some(Seq::whole(3)));
        check("since=3", Some("4.5"), Some(Seq::within(4, 5)));
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let check = |query, headers: &[_], expected: &[&str]| {
            let faults = asked(query, headers).expect_err("there are some");
            assert_eq!(faults, expected, "{query}");
        };
        let all = "snice=1&since=x&limit=0&wait=-1&wait=2";
        check(all, &[], &["snice", "since", "limit", "wait", "wait"]);
        let stream = ("accept", "text/event-stream");
        let id = ("last-event-id", "yesterday");
        check(
            "limit=5&wait=1",
            &[stream, id],
            &["limit", "wait", LAST_EVENT_ID],
        );
    }
}
