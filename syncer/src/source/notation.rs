//! The small notations of a definition: durations, sizes, rates, shares, totals, schedules.
//!
//! Each is a pure function from text to value that says what it accepts.

use std::time::Duration;

use chrono::DateTime;

use super::{
    fault::Wrong,
    plan::{Rate, Total},
    schedule::{Schedule, cron},
};

/// `30s`, `5m`, `1h30m`, `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, Wrong> {
    let wrong = || {
        Wrong::accepts(
            format!("`{text}` is no duration"),
            "numbers with ms, s, m, h or d: 30s, 5m, 1h30m",
        )
    };
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let after = &rest[digits..];
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let millis: u64 = match &after[..unit] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let span = number.checked_mul(millis).map(Duration::from_millis);
        total = span
            .and_then(|span| total.checked_add(span))
            .ok_or_else(wrong)?;
        rest = &after[unit..];
    }
    // A century: beyond it dates overflow.
    if total.is_zero() || total > Duration::from_secs(100 * 366 * 86_400) {
        return Err(wrong());
    }
    Ok(total)
}

/// `10MB`, `64MiB`: bytes.
pub(crate) fn size(text: &str) -> Result<u64, Wrong> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let unit: Option<u64> = match text[digits..].trim_start() {
        "B" => Some(1),
        "kB" | "KB" => Some(1_000),
        "MB" => Some(1_000_000),
        "GB" => Some(1_000_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number: Option<u64> = text[..digits].parse().ok();
    let bytes = number
        .zip(unit)
        .and_then(|(number, unit)| number.checked_mul(unit))
        .filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| {
        Wrong::accepts(
            format!("`{text}` is no size"),
            "a number with B, KB, MB, GB, KiB, MiB or GiB: 10MB, 64MiB",
        )
    })
}

/// `120/min`, `3/s`, `1000/h`.
pub(crate) fn rate(text: &str) -> Result<Rate, Wrong> {
    let wrong = || {
        Wrong::accepts(
            format!("`{text}` is no rate"),
            "requests in a time: 3/s, 120/min, 1000/h, 5000/day",
        )
    };
    let (requests, unit) = text.split_once('/').ok_or_else(wrong)?;
    let requests = requests
        .trim()
        .parse()
        .ok()
        .filter(|requests| *requests > 0)
        .ok_or_else(wrong)?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3_600,
        "d" | "day" => 86_400,
        _ => return Err(wrong()),
    };
    Ok(Rate {
        requests,
        per: Duration::from_secs(seconds),
    })
}

/// `20%`: 0.2.
pub(crate) fn share(text: &str) -> Result<f64, Wrong> {
    let number = text
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok());
    let share = number
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0);
    share.ok_or_else(|| Wrong::accepts(format!("`{text}` is no share"), "0% to 100%"))
}

/// `exact`, `within 2`, `off`.
pub(crate) fn total(text: &str) -> Result<Total, Wrong> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["exact"] => Some(Total::Within(0)),
        ["off"] => Some(Total::Off),
        ["within", number] => number.parse().ok().map(Total::Within),
        _ => None,
    }
    .ok_or_else(|| {
        Wrong::accepts(
            format!("`{text}` is no demand on the total"),
            "exact, within N (a whole number), off",
        )
    })
}

/// A cron expression with six fields, or `every 30m`.
pub(crate) fn schedule(text: &str) -> Result<Schedule, Wrong> {
    const ACCEPTED: &str = "six fields, seconds first, in UTC (`0 */30 * * * *`), or `every 30m`";
    if let Some(pace) = text.strip_prefix("every ") {
        let pace = duration(pace.trim())?;
        if pace < Duration::from_secs(1) {
            return Err(Wrong::accepts(
                format!("`{text}` is too often"),
                "every 1s or longer",
            ));
        }
        return Ok(Schedule::Every(pace));
    }
    let schedule = Schedule::Cron(text.to_owned());
    match cron(text) {
        Err(_) if text.split_whitespace().count() == 5 => Err(Wrong::accepts(
            format!("`{text}` has five fields"),
            ACCEPTED,
        )
        .meant(format!("0 {text}"))),
        Err(error) => {
            let reason = error.to_string().to_lowercase();
            Err(Wrong::accepts(
                format!(
                    "`{text}` is no cron expression: {}",
                    reason.trim_end_matches('.')
                ),
                ACCEPTED,
            ))
        }
        // Any time will do to see whether there is a next one at all.
        Ok(_) if schedule.next(DateTime::UNIX_EPOCH).is_none() => {
            Err(Wrong::accepts(format!("`{text}` is never due"), ACCEPTED))
        }
        Ok(_) => Ok(schedule),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_add_up() {
        let millis = |text: &str| duration(text).ok().map(|span| span.as_millis());
        assert_eq!(millis("30s"), Some(30_000));
        assert_eq!(millis("1h30m"), Some(5_400_000));
        assert_eq!(millis("500ms"), Some(500));
        assert_eq!(millis("1d"), Some(86_400_000));
        for wrong in [
            "",
            "30",
            "s",
            "30 s",
            "-1s",
            "1.5h",
            "30x",
            "0s",
            "99999999999999999999s",
            "999999999d",
            "é",
        ] {
            assert_eq!(millis(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_and_rates_and_shares() {
        assert_eq!(size("10MB").ok(), Some(10_000_000));
        assert_eq!(size("64 MiB").ok(), Some(64 << 20));
        for wrong in ["", "10", "MB", "0MB", "10mb", "-1MB", "99999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            rate("120/min").ok(),
            Some(Rate {
                requests: 120,
                per: Duration::from_secs(60)
            })
        );
        for wrong in ["", "120", "0/s", "x/s", "3/fortnight", "-3/s"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        assert_eq!(share("20%").ok(), Some(0.2));
        assert_eq!(share("0%").ok(), Some(0.0));
        for wrong in ["", "20", "101%", "-1%", "NaN%", "x%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        assert_eq!(total("within 2").ok(), Some(Total::Within(2)));
        assert!(total("within").is_err());
        assert!(total("about 2").is_err());
    }

    #[test]
    fn schedules_say_how_they_are_meant() {
        let meant = |text: &str| schedule(text).expect_err(text).nearest;
        assert_eq!(meant("*/30 * * * *").as_deref(), Some("0 */30 * * * *"));
        assert!(schedule("0 */30 * * * *").is_ok());
        assert!(schedule("every 30m").is_ok());
        for wrong in [
            "",
            "every",
            "every 30",
            "every 10ms",
            "hourly",
            "0 61 * * * *",
            "0 0 0 30 2 *",
        ] {
            assert!(schedule(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_notation_panic(text in "\\PC{0,12}") {
            let _ = (duration(&text).is_ok(), size(&text).is_ok(), rate(&text).is_ok(), share(&text).is_ok());
            let _ = (total(&text).is_ok(), schedule(&text).is_ok());
        }
    }
}
