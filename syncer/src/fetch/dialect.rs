//! What upstreams write to say "so many" and "then", in every form that they use: pure functions.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

/// No upstream is believed that asks for more: clocks would overflow.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// How long it is from `now` to what `value` names.
///
/// Understood are seconds, whole or not; seconds or milliseconds since 1970; durations with units (`6m0s`); HTTP
/// dates (RFC 9110, the two old forms too); RFC 3339, also without a zone; and the `RateLimit` header of the IETF's drafts.
pub(super) fn wait(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(number) = value.parse::<f64>() {
        return from_number(number, now);
    }
    let found = with_units(value)
        .or_else(|| Some((time(value)? - now).to_std().unwrap_or(Duration::ZERO)))
        .or_else(|| from_number(standing(value)?.1, now));
    found.map(|wait| wait.min(FARTHEST))
}

/// How many requests are left.
pub(super) fn count(value: &str) -> Option<f64> {
    // Some say it per window: `118, 118;window=60`.
    let first = value.split([',', ';']).next().unwrap_or(value).trim();
    let number = first.parse::<f64>().ok();
    let left = number.or_else(|| standing(value).map(|(left, _)| left));
    left.filter(|left| left.is_finite())
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
    let wait = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(FARTHEST);
    Some(wait.min(FARTHEST))
}

/// `1h30m`, `6m0s`, `1.5s`, `20ms`.
fn with_units(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(digits);
        let end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let unit = match &after[..end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        seconds += number.trim().parse::<f64>().ok()? * unit;
        rest = after[end..].trim_start();
    }
    let some = !value.is_empty();
    some.then(|| Duration::try_from_secs_f64(seconds).ok())?
}

/// A date with its time, in UTC where it names no zone.
pub(super) fn time(value: &str) -> Option<DateTime<Utc>> {
    // RFC 850 and C's asctime, which a recipient must still read; and RFC 3339 without its zone.
    const FORMS: [&str; 5] = [
        "%A, %d-%b-%y %H:%M:%S GMT",
        "%a %b %e %H:%M:%S %Y",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S UTC",
    ];
    let zoned =
        DateTime::parse_from_rfc2822(value).or_else(|_| DateTime::parse_from_rfc3339(value));
    let plain = |form: &&str| NaiveDateTime::parse_from_str(value, form).ok();
    zoned
        .map(|time| time.to_utc())
        .ok()
        .or_else(|| FORMS.iter().find_map(plain).map(|time| time.and_utc()))
}

/// What is left and until when, of the narrowest window in a `RateLimit` header: `"day";r=50;t=30` or
/// `limit=100, remaining=50, reset=30` (draft-ietf-httpapi-ratelimit-headers, late and early).
fn standing(value: &str) -> Option<(f64, f64)> {
    let pairs = value
        .split([',', ';'])
        .filter_map(|pair| pair.trim().split_once('='));
    let mut windows: Vec<(f64, f64)> = Vec::new();
    let mut left = None;
    for (name, number) in pairs {
        let number = number.trim().parse::<f64>().ok();
        match name.trim() {
            "r" | "remaining" => left = number,
            "t" | "reset" => windows.extend(left.take().zip(number)),
            _ => {}
        }
    }
    let fewest = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1));
    windows.into_iter().min_by(fewest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_of_waiting_is_understood() {
        let now = time("2023-10-29T04:23:17Z").expect("a time");
        let check = |value: &str, seconds: Option<f64>| {
            assert_eq!(
                wait(value, now).map(|wait| wait.as_secs_f64()),
                seconds,
                "{value}"
            );
        };
        check("120", Some(120.0));
        check(" 32.112 ", Some(32.112));
        check("0", Some(0.0));
        check("1698553457", Some(60.0));
        check("1698553457.5", Some(60.5));
        check("1698553457000", Some(60.0));
        check("Sun, 29 Oct 2023 04:24:17 GMT", Some(60.0));
        check("Sunday, 29-Oct-23 04:24:17 GMT", Some(60.0));
        check("Sun Oct 29 04:24:17 2023", Some(60.0));
        check("2023-10-29T04:24:17.000Z", Some(60.0));
        check("2023-10-29T06:24:17.564+02:00", Some(60.564));
        check("2023-10-29T04:24:17", Some(60.0));
        check("2023-10-29 04:24:17 UTC", Some(60.0));
        check("2023-10-29T04:00:00Z", Some(0.0));
        check("6m0s", Some(360.0));
        check("1.5s", Some(1.5));
        check("20ms", Some(0.02));
        check(r#""burst";r=0;t=2, "day";r=400;t=3600"#, Some(2.0));
        check("limit=100, remaining=50, reset=5", Some(5.0));
        check("1e22", Some(366.0 * 86_400.0));
        check("10000000000000000", Some(366.0 * 86_400.0));
        check("9999-12-31T00:00:00Z", Some(366.0 * 86_400.0));
        check("-1", None);
        check("NaN", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn every_dialect_of_what_is_left_is_understood() {
        let check = |value: &str, left: Option<f64>| assert_eq!(count(value), left, "{value}");
        check("118", Some(118.0));
        check(" 0 ", Some(0.0));
        check("118, 118;window=60", Some(118.0));
        check(r#""burst";r=3;t=2, "day";r=400;t=3600"#, Some(3.0));
        check("limit=100, remaining=50, reset=5", Some(50.0));
        check("many", None);
        check("inf", None);
    }
}
