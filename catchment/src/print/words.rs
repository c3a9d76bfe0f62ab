//! Numbers and times as a person says them.

use chrono::{DateTime, TimeDelta, Utc};

/// With a comma before each three digits.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 {
        "-".to_owned()
    } else {
        String::new()
    };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long ago a time was.
pub(crate) fn ago(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", span(now - time))
}

/// How long until a time; `now` if it is past.
pub(crate) fn until(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if time <= now {
        return "now".to_owned();
    }
    format!("in {}", span(time - now))
}

/// A duration of milliseconds: exactly while short, with a tenth of a second while it may matter.
pub(crate) fn took(millis: i64) -> String {
    match millis {
        ..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => span(TimeDelta::milliseconds(millis)),
    }
}

/// In the largest unit that leaves at least two of it, one for seconds.
fn span(delta: TimeDelta) -> String {
    let seconds = delta.num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::{ago, count, took, until};

    #[test]
    fn numbers_have_commas() {
        let check = |number, expected| assert_eq!(count(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(-12_345_678, "-12,345,678");
    }

    #[test]
    fn times_are_rounded_down_to_a_unit() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let check = |seconds, past: &str, future: &str| {
            let delta = TimeDelta::seconds(seconds);
            assert_eq!(ago(now - delta, now), past);
            assert_eq!(until(now + delta, now), future);
        };
        check(0, "0 s ago", "now");
        check(119, "119 s ago", "in 119 s");
        check(120, "2 min ago", "in 2 min");
        check(7_199, "119 min ago", "in 119 min");
        check(86_400, "24 h ago", "in 24 h");
        check(864_000, "10 d ago", "in 10 d");
        assert_eq!(ago(now + TimeDelta::seconds(5), now), "0 s ago");
        assert_eq!(until(now - TimeDelta::seconds(5), now), "now");
    }

    #[test]
    fn durations_are_finer_while_short() {
        let check = |millis, expected| assert_eq!(took(millis), expected);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_250, "1.2 s");
        check(12_900, "12 s");
        check(180_000, "3 min");
    }
}
