//! Times and dates, in the form that the definition says the upstream writes them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::definition::{Cell, Decimal, Kind, TimeFormat};

/// The instant that `text` writes.
///
/// # Errors
/// It writes none: what would be one.
pub fn timestamp(format: &TimeFormat, text: &str) -> Result<Cell, String> {
    let instant = instant(format, text).and_then(Kind::timestamp);
    instant.ok_or_else(|| form("a time", format, "RFC 3339"))
}

/// The date that `text` writes; or what would be one.
pub(super) fn date(format: &TimeFormat, text: &str) -> Result<Cell, String> {
    let date = day(format, text).and_then(Kind::date);
    date.ok_or_else(|| form("a date", format, "YYYY-MM-DD"))
}

fn instant(format: &TimeFormat, text: &str) -> Option<DateTime<Utc>> {
    match format {
        TimeFormat::Standard => Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()),
        TimeFormat::EpochSeconds => micros(text, 6),
        TimeFormat::EpochMillis => micros(text, 3),
        TimeFormat::Pattern(pattern) => {
            if let Ok(zoned) = DateTime::parse_from_str(text, pattern) {
                return Some(zoned.to_utc());
            }
            let naive = NaiveDateTime::parse_from_str(text, pattern).ok();
            let midnight = || {
                NaiveDate::parse_from_str(text, pattern)
                    .ok()?
                    .and_hms_opt(0, 0, 0)
            };
            Some(naive.or_else(midnight)?.and_utc())
        }
    }
}

/// An instant so many units after 1970, where a microsecond has `digits` decimals of a unit. Finer digits are cut.
fn micros(text: &str, digits: usize) -> Option<DateTime<Utc>> {
    let fixed = Decimal::parse(text).ok()?.fixed(45, 30).ok()?;
    let (whole, fraction) = fixed.split_once('.')?;
    let micros: i64 = format!("{whole}{}", &fraction[..digits]).parse().ok()?;
    DateTime::from_timestamp_micros(micros)
}

fn day(format: &TimeFormat, text: &str) -> Option<NaiveDate> {
    let of_instant = || Some(instant(format, text)?.date_naive());
    match format {
        TimeFormat::Standard => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
        TimeFormat::Pattern(pattern) => NaiveDate::parse_from_str(text, pattern)
            .ok()
            .or_else(of_instant),
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis => of_instant(),
    }
}

fn form(what: &str, format: &TimeFormat, standard: &str) -> String {
    let name = match format {
        TimeFormat::Standard => standard,
        TimeFormat::EpochSeconds => "seconds since 1970",
        TimeFormat::EpochMillis => "milliseconds since 1970",
        TimeFormat::Pattern(pattern) => pattern,
    };
    format!("{what} of the form {name}")
}

#[cfg(test)]
mod tests {
    use super::{Kind, TimeFormat, date, timestamp};

    fn pattern(text: &str) -> TimeFormat {
        TimeFormat::Pattern(text.to_owned())
    }

    #[test]
    fn times_are_read_in_the_form_that_is_said() {
        let check = |format: &TimeFormat, text: &str, expected: Option<&str>| {
            let expected = expected.and_then(|text| Kind::Timestamp.parse(text).ok());
            assert_eq!(timestamp(format, text).ok(), expected, "{text}");
        };
        let standard = TimeFormat::Standard;
        check(
            &standard,
            "2026-11-21T10:00:00+02:00",
            Some("2026-11-21T08:00:00Z"),
        );
        check(&standard, "2026-11-21", None);
        check(&standard, "0000-00-00T00:00:00Z", None);
        check(
            &standard,
            "2016-12-31T23:59:60Z",
            Some("2016-12-31T23:59:59.999999Z"),
        );
        check(
            &TimeFormat::EpochSeconds,
            "1700000000.25",
            Some("2023-11-14T22:13:20.25Z"),
        );
        check(
            &TimeFormat::EpochSeconds,
            "-1",
            Some("1969-12-31T23:59:59Z"),
        );
        check(&TimeFormat::EpochSeconds, "99999999999999999999", None);
        check(
            &TimeFormat::EpochMillis,
            "1700000000250",
            Some("2023-11-14T22:13:20.25Z"),
        );
        check(
            &pattern("%d.%m.%Y %H:%M"),
            "21.11.2026 08:00",
            Some("2026-11-21T08:00:00Z"),
        );
        check(
            &pattern("%d.%m.%Y"),
            "21.11.2026",
            Some("2026-11-21T00:00:00Z"),
        );
    }

    #[test]
    fn dates_are_read_in_the_form_that_is_said() {
        let check = |format: &TimeFormat, text: &str, expected: Option<&str>| {
            let expected = expected.and_then(|text| Kind::Date.parse(text).ok());
            assert_eq!(date(format, text).ok(), expected, "{text}");
        };
        check(&TimeFormat::Standard, "2024-02-29", Some("2024-02-29"));
        check(&TimeFormat::Standard, "2023-02-29", None);
        check(&pattern("%m/%d/%Y"), "02/29/2024", Some("2024-02-29"));
        check(&TimeFormat::EpochSeconds, "1700000000", Some("2023-11-14"));
    }
}
