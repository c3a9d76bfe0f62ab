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
    /// On a success a time to wait is only information: some send it with every answer. A 403 may be about who asks, or
    /// about how often, as GitHub means it when nothing is left.
    pub(in crate::fetch) fn closed_for(self) -> Option<Duration> {
        let is_spent = self.remaining.is_some_and(|left| left < 1.0);
        match self.status {
            429 => self.wait.or(self.reset),
            403 if is_spent => self.wait.or(self.reset),
            403 | 503 => self.wait,
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
    let body = body.filter(|_| is_in_body(limits));
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
    fn a_refusal_closes_the_budget() {
        let check = |status, headers: &[_], closed: Option<f64>| {
            let said = heard(&limits(), status, headers, "");
            let seconds = said.closed_for().map(|wait| wait.as_secs_f64());
            assert_eq!(seconds, closed, "{status} {headers:?}");
        };
        let (after, own) = (("retry-after", "7"), ("retry-after-seconds", "8.125"));
        for status in [403, 429, 503] {
            check(status, &[after], Some(7.0));
            check(status, &[own], Some(8.125));
            check(status, &[after, own], Some(8.125));
            check(status, &[], None);
        }
        check(200, &[after], None);
        check(500, &[after], None);
        let reset = ("x-reset", "2023-10-29T04:24:17Z");
        check(429, &[reset], Some(60.0));
        check(403, &[reset], None);
        check(403, &[reset, ("x-left", "0")], Some(60.0));
        check(503, &[reset], None);
        // An upstream whose clock is an hour ahead of ours.
        let ahead = ("date", "Sun, 29 Oct 2023 05:23:17 GMT");
        let after = ("retry-after", "Sun, 29 Oct 2023 05:23:20 GMT");
        check(429, &[ahead, after], Some(3.0));
    }

    #[test]
    fn an_answer_tells_what_is_left() {
        let check = |headers: &[_], left: Option<(f64, f64)>| {
            let said = heard(&limits(), 200, headers, "");
            let found = said.left().map(|(left, until)| (left, until.as_secs_f64()));
            assert_eq!((found, said.closed_for()), (left, None), "{headers:?}");
        };
        let wait = ("retry-after-seconds", "32.112");
        check(&[("x-left", "5"), ("x-reset", "9")], Some((5.0, 9.0)));
        // As the cat API answers, on successes too.
        let reset = ("x-reset", "2023-10-29T04:24:17.564Z");
        check(&[("x-left", "118"), reset, wait], Some((118.0, 60.564)));
        check(&[("x-left", "0"), wait], Some((0.0, 32.112)));
        check(&[("x-left", "0")], None);
        check(&[reset], None);
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
