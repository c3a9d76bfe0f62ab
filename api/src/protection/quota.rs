//! How many requests a caller may make in a time, and the headers that tell it (draft-ietf-httpapi-ratelimit-headers).
//!
//! What was used comes back evenly, so there is no instant at which all callers begin anew. The headers are still a
//! draft: they are written here and nowhere else.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    str::FromStr,
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};

use super::{caller::caller, is_watched, table::Table};
use crate::{
    AppState,
    problem::{Kind, Problem},
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// So many requests in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    window: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write requests and a time: s, min or h, like 600/min".to_owned();
        let (requests, unit) = text.split_once('/').ok_or_else(wrong)?;
        let window = match unit.trim() {
            "s" => Duration::from_secs(1),
            "min" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return Err(wrong()),
        };
        let requests = requests.trim().parse().map_err(|_| wrong())?;
        Ok(Self { requests, window })
    }
}

/// What each caller has left.
#[derive(Debug)]
pub(crate) struct Quota {
    rate: Rate,
    began: Instant,
    used: Table,
}

/// What a caller has after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    /// `None`: the request was one too many.
    requests: Option<u32>,
    /// How long until all is there again.
    full_in: Duration,
    /// How long until another request may be made.
    next_in: Duration,
}

impl Quota {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            began: Instant::now(),
            used: Table::new(),
        }
    }

    fn take(&self, caller: IpAddr, now: Duration) -> Left {
        self.used.change(caller, |was| taken(self.rate, was, now))
    }

    /// The request cost nothing.
    fn give_back(&self, caller: IpAddr) {
        let each = each(self.rate);
        self.used
            .change(caller, |was| (was.saturating_sub(each), ()));
    }

    fn write(&self, response: &mut Response, left: Left) {
        let Rate { requests, window } = self.rate;
        let policy = format!("\"caller\";q={requests};w={}", window.as_secs());
        let rest = left.requests.unwrap_or(0);
        let limit = format!("\"caller\";r={rest};t={}", whole_seconds(left.full_in));
        for (name, text) in [(POLICY, policy), (LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.headers_mut().insert(name, value);
            }
        }
    }
}

pub(crate) async fn rate(
    state: &AppState,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let quota = match &state.quota {
        Some(quota) if !is_watched(request.uri().path()) => quota,
        _ => return answer(request).await,
    };
    let caller = caller(&request, state.settings.client_header.as_ref());
    let mut left = quota.take(caller, quota.began.elapsed());
    let mut response = match left.requests {
        Some(_) => answer(request).await,
        None => exceeded(left),
    };
    if let Some(rest) = left.requests
        && response.status() == StatusCode::NOT_MODIFIED
    {
        quota.give_back(caller);
        left.requests = Some(rest + 1);
        left.full_in = left.full_in.saturating_sub(each(quota.rate));
    }
    quota.write(&mut response, left);
    response
}

fn exceeded(left: Left) -> Response {
    let problem = Problem::new(
        Kind::QuotaExceeded,
        "you made more requests than one caller may; `Retry-After` says when to go on",
    );
    let mut response = problem.into_response();
    let seconds = HeaderValue::from(whole_seconds(left.next_in));
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// What is left after one more request, where all that was used would be there again at `was`; and when it will be.
fn taken(rate: Rate, was: Duration, now: Duration) -> (Duration, Left) {
    let each = each(rate);
    let would_be = was.max(now) + each;
    // The division to get `each` may have lost some nanoseconds of the window.
    let latest = now + each * rate.requests.get();
    if would_be > latest {
        let left = Left {
            requests: None,
            full_in: was.saturating_sub(now),
            next_in: would_be - latest,
        };
        return (was, left);
    }
    let rest = (latest - would_be).as_nanos() / each.as_nanos().max(1);
    let left = Left {
        requests: Some(u32::try_from(rest).unwrap_or(u32::MAX)),
        full_in: would_be - now,
        next_in: Duration::ZERO,
    };
    (would_be, left)
}

/// The time in which one request comes back.
fn each(rate: Rate) -> Duration {
    (rate.window / rate.requests.get()).max(Duration::from_nanos(1))
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_comes_back_evenly() {
        let rate: Rate = "3/min".parse().expect("a rate");
        let mut used = Duration::ZERO;
        let mut check = |at: u64, expected: (Option<u32>, u64, u64)| {
            let (now_used, left) = taken(rate, used, Duration::from_secs(at));
            used = now_used;
            let found = (
                left.requests,
                left.full_in.as_secs(),
                left.next_in.as_secs(),
            );
            assert_eq!(found, expected, "at {at}");
        };
        check(100, (Some(2), 20, 0));
        check(100, (Some(1), 40, 0));
        check(101, (Some(0), 59, 0));
        check(101, (None, 59, 19));
        check(119, (None, 41, 1));
        check(120, (Some(0), 60, 0));
        check(1000, (Some(2), 20, 0));
    }

    #[test]
    fn a_rate_is_requests_in_a_time() {
        let check = |text: &str, expected: Option<(u32, u64)>| {
            let rate = text.parse::<Rate>().ok();
            let found = rate.map(|rate| (rate.requests.get(), rate.window.as_secs()));
            assert_eq!(found, expected, "{text}");
        };
        check("600/min", Some((600, 60)));
        check("10 / s", Some((10, 1)));
        check("1/h", Some((1, 3600)));
        check("0/s", None);
        check("10", None);
        check("10/day", None);
        check("-1/s", None);
    }

    #[test]
    fn a_second_that_has_begun_counts() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
    }
}
