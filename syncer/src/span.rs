//! Which part of an upstream a walk asks for: pure decisions from the mark of the last complete run.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::source::plan::{CursorKind, Incremental, Mark, Step, TimeFormat};

/// Where reading begins: behind the mark of the last complete run by the lookback, and never before the start.
///
/// A mark behind `end` was written by a clock that was ahead: all is known up to there at most.
pub(crate) fn begin(cursor: &Incremental, mark: Option<Mark>, end: Option<Mark>) -> Option<Mark> {
    let mark = mark.map(|mark| clamped(mark, end));
    let behind = mark.map(|mark| match cursor.lookback {
        Some(step) => moved(mark, step, -1),
        None => mark,
    });
    behind.max(cursor.start)
}

/// Where the span that begins at `from` ends: one window on, and not behind `end`.
pub(crate) fn until(cursor: &Incremental, from: Option<Mark>, end: Option<Mark>) -> Option<Mark> {
    let (Some(window), Some(from)) = (cursor.window, from) else {
        return end;
    };
    let next = moved(from, window, 1);
    Some(end.map_or(next, |end| end.min(next)))
}

/// Where the last span ends: at the run's start, for times.
pub(crate) fn end(cursor: &Incremental, started_at: DateTime<Utc>) -> Option<Mark> {
    match cursor.kind {
        CursorKind::Timestamp(_) => Some(Mark::Time(started_at)),
        CursorKind::Integer => None,
    }
}

/// A mark that no later run may begin behind: what came is known up to the run's start, which is where its spans `end`.
/// Neither a process that goes on with the run later nor an upstream whose clock is ahead may hide what changes from then on.
pub(crate) fn clamped(mark: Mark, end: Option<Mark>) -> Mark {
    end.map_or(mark, |end| mark.min(end))
}

/// A mark as the upstream writes it.
pub(crate) fn written(cursor: &Incremental, mark: Mark) -> String {
    match (mark, &cursor.kind) {
        (Mark::Time(time), CursorKind::Timestamp(_)) => time_as(&cursor.request_format, time),
        (Mark::Time(time), CursorKind::Integer) => time.timestamp().to_string(),
        (Mark::Number(number), _) => number.to_string(),
    }
}

fn time_as(format: &TimeFormat, time: DateTime<Utc>) -> String {
    match format {
        TimeFormat::Standard => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        TimeFormat::EpochSeconds => time.timestamp().to_string(),
        TimeFormat::EpochMillis => time.timestamp_millis().to_string(),
        TimeFormat::Pattern(pattern) => time.format(pattern).to_string(),
    }
}

fn moved(mark: Mark, step: Step, sign: i32) -> Mark {
    match (mark, step) {
        (Mark::Time(time), Step::Time(step)) => {
            let step = chrono::Duration::from_std(step).unwrap_or(chrono::Duration::MAX);
            Mark::Time(time.checked_add_signed(step * sign).unwrap_or(time))
        }
        (Mark::Number(number), Step::Number(step)) => {
            Mark::Number(number.saturating_add(step.saturating_mul(i64::from(sign))))
        }
        _ => mark,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::plan::{Order, Pointer};

    fn at(text: &str) -> Mark {
        Mark::Time(DateTime::parse_from_rfc3339(text).expect("a time").to_utc())
    }

    fn cursor() -> Incremental {
        Incremental {
            field: Pointer(vec!["updated_at".into()]),
            kind: CursorKind::Timestamp(TimeFormat::Standard),
            request_format: TimeFormat::Standard,
            start: Some(at("2026-01-01T00:00:00Z")),
            lookback: Some(Step::Time(Duration::from_secs(60))),
            window: Some(Step::Time(Duration::from_secs(86_400))),
            order: Order::Any,
        }
    }

    #[test]
    fn reading_begins_behind_the_mark_and_never_before_the_start() {
        let check = |mark: Option<&str>, expected: &str| {
            let end = Some(at("2026-03-01T00:00:00Z"));
            assert_eq!(begin(&cursor(), mark.map(at), end), Some(at(expected)));
        };
        check(Some("2036-02-01T00:01:00Z"), "2026-02-28T23:59:00Z");
        check(None, "2026-01-01T00:00:00Z");
        check(Some("2026-02-01T00:01:00Z"), "2026-02-01T00:00:00Z");
        check(Some("2026-01-01T00:00:30Z"), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn windows_end_at_the_runs_start() {
        let end = Some(at("2026-01-02T12:00:00Z"));
        let first = until(&cursor(), Some(at("2026-01-01T00:00:00Z")), end);
        assert_eq!(first, Some(at("2026-01-02T00:00:00Z")));
        assert_eq!(until(&cursor(), first, end), end);
    }

    #[test]
    fn a_mark_is_written_as_the_upstream_does() {
        let check = |format, expected: &str| {
            let cursor = Incremental {
                request_format: format,
                ..cursor()
            };
            assert_eq!(written(&cursor, at("2026-01-01T00:00:01.5Z")), expected);
        };
        check(TimeFormat::Standard, "2026-01-01T00:00:01.500Z");
        check(TimeFormat::EpochSeconds, "1767225601");
        check(TimeFormat::EpochMillis, "1767225601500");
        check(TimeFormat::Pattern("%Y-%m-%d".into()), "2026-01-01");
    }

    #[test]
    fn a_mark_in_the_future_is_one_of_now() {
        let now = at("2026-01-01T00:00:00Z");
        assert_eq!(clamped(at("2031-01-01T00:00:00Z"), Some(now)), now);
        assert_eq!(
            clamped(at("2025-01-01T00:00:00Z"), Some(now)),
            at("2025-01-01T00:00:00Z")
        );
        assert_eq!(clamped(Mark::Number(7), None), Mark::Number(7));
    }
}
