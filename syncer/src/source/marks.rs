//! What a `cursor` table says of its values: where reading starts, and distances between them.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    fault::Wrong,
    notation,
    plan::{CursorKind, Mark, Step, TimeFormat},
    spec::{Distance, Scalar},
};

/// Where reading starts.
pub(crate) fn start(start: &Scalar, kind: &CursorKind) -> Result<Mark, Wrong> {
    let text = start.to_text();
    match kind {
        CursorKind::Integer => text.parse().map(Mark::Number).map_err(|_| {
            Wrong::accepts(
                format!("`{text}` is no whole number of 64 bits"),
                "a whole number: 0",
            )
        }),
        CursorKind::Timestamp(format) => match start {
            Scalar::Text(text) => time(text),
            Scalar::Integer(number) => epoch(*number, format),
            Scalar::Boolean(_) => None,
        }
        .map(Mark::Time)
        .ok_or_else(|| {
            let accepted = match format {
                TimeFormat::EpochSeconds => {
                    "an RFC 3339 time, a date (\"2020-01-01\"), or seconds since 1970"
                }
                TimeFormat::EpochMillis => {
                    "an RFC 3339 time, a date (\"2020-01-01\"), or milliseconds since 1970"
                }
                TimeFormat::Standard | TimeFormat::Pattern(_) => {
                    "an RFC 3339 time (\"2020-01-01T00:00:00Z\") or a date (\"2020-01-01\")"
                }
            };
            Wrong::accepts(format!("`{text}` is no time"), accepted)
        }),
    }
}

/// How far to go back, or on.
pub(crate) fn step(distance: &Distance, kind: &CursorKind) -> Result<Step, Wrong> {
    match (kind, distance) {
        (CursorKind::Timestamp(_), Distance::Time(text)) => {
            notation::duration(text).map(Step::Time)
        }
        (CursorKind::Integer, Distance::Number(number)) => i64::try_from(*number)
            .ok()
            .filter(|number| *number > 0)
            .map(Step::Number)
            .ok_or_else(|| Wrong::accepts(format!("{number} is out of range"), "1 or more")),
        (CursorKind::Timestamp(_), Distance::Number(number)) => Err(Wrong::accepts(
            format!("{number} is no duration"),
            "numbers with ms, s, m, h or d: 30s, 5m, 1h30m",
        )),
        (CursorKind::Integer, Distance::Time(text)) => Err(Wrong::accepts(
            format!("`{text}` is no whole number"),
            "a whole number, as the cursor's values",
        )),
    }
}

/// An RFC 3339 time, or the first instant of a day.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let midnight = || {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_hms_opt(0, 0, 0)?.and_utc())
    };
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
        .or_else(midnight)
}

fn epoch(number: i64, format: &TimeFormat) -> Option<DateTime<Utc>> {
    match format {
        TimeFormat::EpochSeconds => DateTime::from_timestamp(number, 0),
        TimeFormat::EpochMillis => DateTime::from_timestamp_millis(number),
        TimeFormat::Standard | TimeFormat::Pattern(_) => None,
    }
}
