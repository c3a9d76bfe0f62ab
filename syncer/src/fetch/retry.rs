//! Whether to wait before a request is sent again, and how long: pure decisions.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The first wait; each further one may be twice as long.
const BASE: Duration = Duration::from_millis(500);
/// No upstream is believed that asks for more: clocks would overflow.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 3600);
/// No wait of our own choice is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait before sending number `attempt` + 1, where `random` is between 0 and 1.
///
/// Exponential with full jitter: many clients that fail together must not come back together.
pub(super) fn backoff(attempt: u32, random: f64) -> Duration {
    let most = BASE.saturating_mul(
        1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    most.min(LONGEST).mul_f64(random.clamp(0.0, 1.0))
}

/// The wait that a header asks for, in any form that upstreams use: seconds, whole or not, seconds
/// or milliseconds since 1970, an HTTP date (RFC 9110) or RFC 3339.
pub(super) fn wait_asked(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    asked(value.trim(), now).map(|wait| wait.min(FARTHEST))
}

fn asked(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(number) = value.parse::<f64>() {
        return from_number(number, now);
    }
    let at = DateTime::parse_from_rfc2822(value)
        .or_else(|_| DateTime::parse_from_rfc3339(value))
        .ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or(Duration::ZERO))
}

fn from_number(number: f64, now: DateTime<Utc>) -> Option<Duration> {
    // No upstream asks to wait for 30 years: such a number counts from 1970.
    const EPOCH_SECONDS: f64 = 1e9;
    const EPOCH_MILLIS: f64 = 1e12;
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are exact in a double"
    )]
    let now_ms = now.timestamp_millis() as f64;
    let seconds = match number {
        _ if number >= EPOCH_MILLIS => (number - now_ms) / 1000.0,
        _ if number >= EPOCH_SECONDS => number - now_ms / 1000.0,
        _ => number,
    };
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(FARTHEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_of_waiting_is_understood() {
        let now = DateTime::parse_from_rfc3339("2023-10-29T04:23:17Z")
            .expect("a time")
            .to_utc();
        let check = |value: &str, seconds: Option<f64>| {
            assert_eq!(
                wait_asked(value, now).map(|wait| wait.as_secs_f64()),
                seconds,
                "{value}"
            );
        };
        check("120", Some(120.0));
        check("32.112", Some(32.112));
        check("0", Some(0.0));
        check("1698553457", Some(60.0));
        check("1698553457000", Some(60.0));
        check("Sun, 29 Oct 2023 04:24:17 GMT", Some(60.0));
        check("2023-10-29T04:24:17.000Z", Some(60.0));
        check("2023-10-29T04:00:00Z", Some(0.0));
        check("1e22", Some(366.0 * 86_400.0));
        check("10000000000000000", Some(366.0 * 86_400.0));
        check("-1", None);
        check("soon", None);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        assert_eq!(backoff(1, 1.0), Duration::from_millis(500));
        assert_eq!(backoff(3, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(3, 0.5), Duration::from_secs(1));
        assert_eq!(backoff(40, 1.0), Duration::from_secs(30));
        assert_eq!(backoff(1, 0.0), Duration::ZERO);
    }
}
