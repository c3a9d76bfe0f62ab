//! What an answer says about the budget: read, and what follows from it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::value::RawValue;

use crate::{
    decode,
    fetch::dialect,
    source::plan::{Limits, Place},
};

/// What an answer says about the budget.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::fetch) struct Said {
    pub status: u16,
    /// Requests that are left.
    pub remaining: Option<f64>,
    /// When there are more.
    pub reset: Option<Duration>,
    /// What it asks to wait.
    pub wait: Option<Duration>,
}

impl Said {
    /// For how long it closes the budget to every request.
    ///
    /// On a success a time to wait is only information: some send it with every answer.
    pub(in crate::fetch) fn closed_for(self) -> Option<Duration> {
        match self.status {
            429 => self.wait.or(self.reset),
            503 => self.wait,
            _ => None,
        }
    }

    /// How many requests are left for how long. Without a time that cannot be kept.
    pub(super) fn left(self) -> Option<(f64, Duration)> {
        self.remaining.zip(self.reset.or(self.wait))
    }
}

/// Whether something of the budget stands in bodies.
pub(in crate::fetch) fn is_in_body(limits: &Limits) -> bool {
    let places = [&limits.remaining, &limits.reset, &limits.retry_after];
    places
        .into_iter()
        .any(|place| matches!(place, Some(Place::Body(_))))
}

/// What stands at a place where the definition says that the budget is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// The key under `source.limits` that names the place.
    pub key: &'static str,
    pub place: String,
    /// `None`: nothing stands there.
    pub value: Option<String>,
    /// Requests that are left, or seconds to wait; `None`: it is not understood.
    pub number: Option<f64>,
}

/// What an answer's `headers` and `body` tell at the places that `limits` names.
pub(crate) fn told(
    limits: &Limits,
    headers: &HeaderMap,
    body: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Vec<Told> {
    let now = upstream_time(headers, now);
    let root = body.and_then(|body| serde_json::from_slice(body).ok());
    let seconds = |value: &str| dialect::wait(value, now).map(|wait| wait.as_secs_f64());
    let tell = |key, place: &Option<Place>, read: &dyn Fn(&str) -> Option<f64>| {
        let place = place.as_ref()?;
        let value = value(place, headers, root);
        Some(Told {
            key,
            place: place.to_string(),
            number: value.as_deref().and_then(read),
            value,
        })
    };
    let all = [
        tell("remaining", &limits.remaining, &dialect::count),
        tell("reset", &limits.reset, &seconds),
        tell("retry_after", &limits.retry_after, &seconds),
    ];
    all.into_iter().flatten().collect()
}

/// What an answer with `status`, `headers` and, where that came already, `body` says.
pub(in crate::fetch) fn said(
    limits: &Limits,
    (status, headers): (u16, &HeaderMap),
    body: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Said {
    let now = upstream_time(headers, now);
    let root = body.and_then(|body| serde_json::from_slice(body).ok());
    let value = |place: &Option<Place>| value(place.as_ref()?, headers, root);
    let wait = |value: String| dialect::wait(&value, now);
    let standard = text(headers, RETRY_AFTER.as_str()).and_then(|value| dialect::wait(value, now));
    let own = value(&limits.retry_after).and_then(wait);
    Said {
        status,
        remaining: value(&limits.remaining).and_then(|value| dialect::count(&value)),
        reset: value(&limits.reset).and_then(wait),
        wait: standard.max(own),
    }
}

/// Times are the upstream's, so they are held against its own clock where it tells it.
fn upstream_time(headers: &HeaderMap, now: DateTime<Utc>) -> DateTime<Utc> {
    text(headers, DATE.as_str())
        .and_then(dialect::time)
        .unwrap_or(now)
}

fn value(place: &Place, headers: &HeaderMap, root: Option<&RawValue>) -> Option<String> {
    match place {
        Place::Header(name) => text(headers, name).map(str::to_owned),
        Place::Body(pointer) => plain(decode::at(root?, pointer)?),
        Place::Last(_) => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn plain(value: &RawValue) -> Option<String> {
    match value.get() {
        "null" => None,
        text => Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::plan::Pointer;

    const NOW: &str = "2023-10-29T04:23:17Z";

    fn limits() -> Limits {
        let header = |name: &str| Some(Place::Header(name.to_owned()));
        Limits {
            remaining: header("x-left"),
            reset: header("x-reset"),
            retry_after: header("retry-after-seconds"),
            ..Limits::default()
        }
    }

    fn heard(limits: &Limits, status: u16, headers: &[(&'static str, &str)], body: &str) -> Said {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    name.parse().expect("a name"),
                    value.parse().expect("a value"),
                )
            })
            .collect();
        let now = dialect::time(NOW).expect("a time");
        said(limits, (status, &headers), Some(body.as_bytes()), now)
    }

    #[test]
    fn an_answer_closes_the_budget_or_tells_what_is_left() {
        let check = |status, headers: &[_], closed: Option<f64>, left: Option<(f64, f64)>| {
            let said = heard(&limits(), status, headers, "");
            let seconds = |wait: Duration| wait.as_secs_f64();
            assert_eq!(said.closed_for().map(seconds), closed, "{headers:?}");
            let found = said.left().map(|(left, until)| (left, seconds(until)));
            assert_eq!(found, left, "{headers:?}");
        };
        check(429, &[("retry-after", "7")], Some(7.0), None);
        check(503, &[("retry-after", "7")], Some(7.0), None);
        check(500, &[("retry-after", "7")], None, None);
        check(200, &[("retry-after", "7")], None, None);
        check(
            429,
            &[("retry-after-seconds", "32.112")],
            Some(32.112),
            None,
        );
        check(
            429,
            &[("retry-after", "7"), ("retry-after-seconds", "8")],
            Some(8.0),
            None,
        );
        check(
            429,
            &[("x-reset", "2023-10-29T04:24:17Z")],
            Some(60.0),
            None,
        );
        check(503, &[("x-reset", "60")], None, None);
        check(429, &[], None, None);
        // An upstream whose clock is an hour ahead of ours.
        let ahead = ("date", "Sun, 29 Oct 2023 05:23:17 GMT");
        check(
            429,
            &[ahead, ("retry-after", "Sun, 29 Oct 2023 05:23:20 GMT")],
            Some(3.0),
            None,
        );
        check(
            200,
            &[("x-left", "5"), ("x-reset", "9")],
            None,
            Some((5.0, 9.0)),
        );
        // As the cat API answers, on successes too.
        let cats = [
            ("x-left", "118"),
            ("x-reset", "2023-10-29T04:24:17.564Z"),
            ("retry-after-seconds", "32.112"),
        ];
        check(200, &cats, None, Some((118.0, 60.564)));
        check(
            200,
            &[("x-left", "0"), ("retry-after-seconds", "32.112")],
            None,
            Some((0.0, 32.112)),
        );
        check(200, &[("x-left", "0")], None, None);
    }

    #[test]
    fn the_budget_may_stand_in_the_body() {
        let body = |name: &str| Some(Place::Body(Pointer(vec!["quota".into(), name.into()])));
        let limits = Limits {
            remaining: body("left"),
            reset: body("reset"),
            retry_after: body("wait"),
            ..Limits::default()
        };
        assert!(is_in_body(&limits) && !is_in_body(&Limits::default()));
        let said = heard(&limits, 200, &[], r#"{"quota":{"left":3,"reset":"1m"}}"#);
        assert_eq!(said.left(), Some((3.0, Duration::from_secs(60))));
        let said = heard(&limits, 429, &[], r#"{"quota":{"wait":64.5,"left":null}}"#);
        assert_eq!(said.closed_for(), Some(Duration::from_millis(64_500)));
        assert_eq!(heard(&limits, 429, &[], "<html>").closed_for(), None);
    }
}
