//! What changed since: the bounds that a request names, as values of the field that grows with each change.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use entity::definition::{Cell, Kind, face::MarkFormat};

/// Which end of a span a request names. Both belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    From,
    Until,
}

/// The value that `text` writes; `None`: it is of another form.
pub(super) fn bound(format: &MarkFormat, kind: Kind, (end, text): (End, &str)) -> Option<Cell> {
    if *format == MarkFormat::Integer {
        return text.parse().map(Cell::Integer).ok();
    }
    let (begin, unit) = instant(format, text)?;
    let at = match end {
        End::From => begin,
        // What is written by whole days means the last one to its end.
        End::Until => begin.checked_add_signed(unit - TimeDelta::microseconds(1))?,
    };
    match kind {
        Kind::Date => Kind::date(at.date_naive()),
        _ => Kind::timestamp(at),
    }
}

/// How the format is described to people.
pub(super) fn described(format: &MarkFormat) -> String {
    match format {
        MarkFormat::Integer => "a whole number".to_owned(),
        MarkFormat::Standard => "an RFC 3339 time such as `2026-11-21T08:00:00Z`".to_owned(),
        MarkFormat::EpochSeconds => "seconds since 1970".to_owned(),
        MarkFormat::EpochMillis => "milliseconds since 1970".to_owned(),
        MarkFormat::Pattern(pattern) => format!("a time of the form {pattern}"),
    }
}

/// The instant, and the time that its text stands for from there on.
fn instant(format: &MarkFormat, text: &str) -> Option<(DateTime<Utc>, TimeDelta)> {
    let exact = TimeDelta::microseconds(1);
    match format {
        MarkFormat::Integer => None,
        MarkFormat::Standard => {
            let unit = if text.contains('.') {
                exact
            } else {
                TimeDelta::seconds(1)
            };
            Some((DateTime::parse_from_rfc3339(text).ok()?.to_utc(), unit))
        }
        MarkFormat::EpochSeconds => {
            let at = DateTime::from_timestamp(text.parse().ok()?, 0)?;
            Some((at, TimeDelta::seconds(1)))
        }
        MarkFormat::EpochMillis => {
            let at = DateTime::from_timestamp_millis(text.parse().ok()?)?;
            Some((at, TimeDelta::milliseconds(1)))
        }
        MarkFormat::Pattern(pattern) => {
            let seconds = ["%S", "%T", "%X", "%s", "%c", "%+", "%r"];
            let unit = match seconds.iter().any(|one| pattern.contains(one)) {
                true => TimeDelta::seconds(1),
                false => TimeDelta::minutes(1),
            };
            if let Ok(zoned) = DateTime::parse_from_str(text, pattern) {
                return Some((zoned.to_utc(), unit));
            }
            if let Ok(naive) = NaiveDateTime::parse_from_str(text, pattern) {
                return Some((naive.and_utc(), unit));
            }
            let day = NaiveDate::parse_from_str(text, pattern).ok()?;
            Some((day.and_hms_opt(0, 0, 0)?.and_utc(), TimeDelta::days(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_read_as_requests_write_it() {
        let check = |format: MarkFormat, text: &str, from: &str, until: &str| {
            for (end, expected) in [(End::From, from), (End::Until, until)] {
                let cell = bound(&format, Kind::Timestamp, (end, text));
                let expected = Kind::Timestamp.parse(expected).ok();
                assert_eq!(cell, expected, "{text} {end:?}");
            }
        };
        let day = ("2026-11-21T00:00:00Z", "2026-11-21T23:59:59.999999Z");
        let pattern = MarkFormat::Pattern("%Y-%m-%d".to_owned());
        check(pattern.clone(), "2026-11-21", day.0, day.1);
        check(pattern, "21.11.2026", "", "");
        let second = ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00.999999Z");
        check(
            MarkFormat::Standard,
            "2026-11-21T10:00:00+02:00",
            second.0,
            second.1,
        );
        check(MarkFormat::EpochSeconds, "1795248000", second.0, second.1);
        check(MarkFormat::EpochSeconds, "soon", "", "");
        let fine = "2026-11-21T08:00:00.5Z";
        check(MarkFormat::Standard, fine, fine, fine);
        let milli = ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000999Z");
        check(MarkFormat::EpochMillis, "1795248000000", milli.0, milli.1);
        let number = bound(&MarkFormat::Integer, Kind::Integer, (End::Until, "7"));
        assert_eq!(number, Some(Cell::Integer(7)));
    }
}
