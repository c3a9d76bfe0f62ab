//! How much a caller may ask for in a time, in units, and the headers that tell it
//! (draft-ietf-httpapi-ratelimit-headers).
//!
//! What was used comes back evenly, so there is no instant at which all callers begin anew. What an answer costs is known
//! when it is there: who has a unit may ask, and who owes some may not until they have come back. The headers are still
//! a draft: they are written here and nowhere else.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    str::FromStr,
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};

use super::{
    caller::caller,
    cost::{Cost, Metered},
    is_watched,
    table::Table,
};
use crate::{
    AppState,
    problem::{Kind, Problem},
    routes,
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// So many units in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    units: NonZeroU32,
    window: Duration,
}

impl Rate {
    /// So many units, or one, in that time.
    pub fn new(units: u32, window: Duration) -> Self {
        let units = NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN);
        Self { units, window }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write units and a time: s, min or h, like 600/min".to_owned();
        let (units, time) = text.split_once('/').ok_or_else(wrong)?;
        let window = match time.trim() {
            "s" => Duration::from_secs(1),
            "min" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return Err(wrong()),
        };
        let units = units.trim().parse().map_err(|_| wrong())?;
        Ok(Self { units, window })
    }
}

/// What each caller has left.
#[derive(Debug)]
pub(crate) struct Quota {
    rate: Rate,
    began: Instant,
    used: Table,
}

/// What a caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    units: u32,
    /// How long until all is there again.
    full_in: Duration,
    /// How long until there is a unit; zero: there is one.
    pub(super) next_in: Duration,
}

impl Quota {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            began: Instant::now(),
            used: Table::new(),
        }
    }

    /// Takes one unit, which each request costs at least while it is answered; `Err`: there is none.
    fn enter(&self, caller: IpAddr) -> Result<(), Left> {
        let now = self.began.elapsed();
        self.used.change(caller, |was| {
            let left = left(self.rate, was, now);
            match left.next_in.is_zero() {
                true => (used(self.rate, was, now, 1), Ok(())),
                false => (was, Err(left)),
            }
        })
    }

    /// Takes what the request cost beside the unit that it took when it came, or gives that back.
    fn settle(&self, caller: IpAddr, units: u32) -> Left {
        let now = self.began.elapsed();
        self.used.change(caller, |was| {
            let is = match units.checked_sub(1) {
                Some(more) => used(self.rate, was, now, more),
                None => was.saturating_sub(each(self.rate)),
            };
            (is, left(self.rate, is, now))
        })
    }

    /// Takes more for an answer that is under way, whether there is so much or not.
    pub(super) fn charge(&self, caller: IpAddr, units: u32) {
        let now = self.began.elapsed();
        self.used
            .change(caller, |was| (used(self.rate, was, now, units), ()));
    }

    fn write(&self, response: &mut Response, left: Left) {
        let Rate { units, window } = self.rate;
        let policy = format!("\"caller\";q={units};w={}", window.as_secs());
        let rest = left.units;
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
    (request, route): (Request, &str),
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let quota = match &state.quota {
        Some(quota) if !is_watched(request.uri().path()) => quota,
        _ => return answer(request).await,
    };
    let trusted = state.settings.client_header.as_ref();
    let caller = caller((request.headers(), request.extensions()), trusted);
    if let Err(left) = quota.enter(caller) {
        let mut response = exceeded(left);
        quota.write(&mut response, left);
        return response;
    }
    let mut response = answer(request).await;
    let left = quota.settle(caller, Cost::of(route, &response));
    quota.write(&mut response, left);
    match route {
        routes::EXPORT => response.map(|body| Metered::body(body, state, caller)),
        _ => response,
    }
}

fn exceeded(left: Left) -> Response {
    let problem = Problem::new(
        Kind::QuotaExceeded,
        "you asked for more than one caller may; `Retry-After` says when to go on",
    );
    let mut response = problem.into_response();
    let seconds = HeaderValue::from(whole_seconds(left.next_in));
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// When all will be there again, where it would have been at `was` and so many units are taken.
pub(super) fn used(rate: Rate, was: Duration, now: Duration, units: u32) -> Duration {
    was.max(now)
        .saturating_add(each(rate).saturating_mul(units))
}

/// What is left where all will be there again at `full`.
pub(super) fn left(rate: Rate, full: Duration, now: Duration) -> Left {
    let each = each(rate);
    // The division to get `each` may have lost some nanoseconds of the window.
    let latest = now.saturating_add(each.saturating_mul(rate.units.get()));
    let rest = latest.saturating_sub(full.max(now)).as_nanos() / each.as_nanos().max(1);
    Left {
        units: u32::try_from(rest).unwrap_or(u32::MAX),
        full_in: full.saturating_sub(now),
        next_in: full.saturating_add(each).saturating_sub(latest),
    }
}

/// The time in which one unit comes back.
pub(super) fn each(rate: Rate) -> Duration {
    (rate.window / rate.units.get()).max(Duration::from_nanos(1))
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
        let mut full = Duration::ZERO;
        let mut check = |at: u64, units: u32, expected: (u32, u64, u64)| {
            let now = Duration::from_secs(at);
            full = used(rate, full, now, units);
            let left = left(rate, full, now);
            let found = (left.units, left.full_in.as_secs(), left.next_in.as_secs());
            assert_eq!(found, expected, "at {at}");
        };
        check(100, 1, (2, 20, 0));
        check(100, 1, (1, 40, 0));
        check(101, 1, (0, 59, 19));
        check(119, 0, (0, 41, 1));
        check(120, 0, (1, 40, 0));
        // What is owed comes back, too.
        check(120, 5, (0, 140, 100));
        check(230, 0, (1, 30, 0));
        check(1000, 1, (2, 20, 0));
        check(2000, 0, (3, 0, 0));
    }

    #[test]
    fn who_has_a_unit_may_ask_and_pays_when_it_is_known() {
        let quota = Quota::new("3/h".parse().expect("a rate"));
        let caller = IpAddr::from([192, 0, 2, 1]);
        assert!(quota.enter(caller).is_ok());
        assert_eq!(quota.settle(caller, 0).units, 3);
        assert!(quota.enter(caller).is_ok());
        assert_eq!(quota.settle(caller, 1).units, 2);
        assert!(quota.enter(caller).is_ok());
        assert_eq!(quota.settle(caller, 5).units, 0);
        let owes = quota.enter(caller).expect_err("there is none");
        assert_eq!(whole_seconds(owes.next_in), 4 * 1200);
        assert!(quota.enter(IpAddr::from([192, 0, 2, 2])).is_ok());
    }

    #[test]
    fn a_rate_is_units_in_a_time() {
        let check = |text: &str, expected: Option<(u32, u64)>| {
            let rate = text.parse::<Rate>().ok();
            let found = rate.map(|rate| (rate.units.get(), rate.window.as_secs()));
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
