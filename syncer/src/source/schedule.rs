//! When a source's runs are due.

use std::{fmt, ops::Range, time::Duration};

use chrono::{DateTime, SubsecRound, Utc};
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds},
};

/// A cron expression in UTC (six fields, seconds first), or a fixed pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    Cron(String),
    Every(Duration),
    /// Nothing is ever due: callers write the rows.
    Never,
}

impl Schedule {
    /// The first time after `after` at which a run is due.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Cron(expression) => {
                let next = cron(expression)
                    .ok()?
                    .find_next_occurrence(&after, false)
                    .ok()?;
                // It is otherwise as many milliseconds past the second as `after`.
                Some(next.trunc_subsecs(0))
            }
            Self::Every(pace) => after.checked_add_signed(chrono::Duration::from_std(*pace).ok()?),
            Self::Never => None,
        }
    }

    /// Between which times a run began if it is the one that a tick at `now` asks for: each process has ticks of its own,
    /// and a clock may be ahead of another, or be set back.
    pub(crate) fn around(&self, now: DateTime<Utc>) -> Option<Range<DateTime<Utc>>> {
        match self {
            Self::Cron(expression) => {
                let last = cron(expression)
                    .ok()?
                    .find_previous_occurrence(&now, true)
                    .ok()?;
                Some(last.trunc_subsecs(0)..self.next(now)?)
            }
            Self::Every(pace) => {
                let half = chrono::Duration::from_std(*pace / 2).ok()?;
                Some(now.checked_sub_signed(half)?..now.checked_add_signed(half)?)
            }
            Self::Never => None,
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pace = match self {
            Self::Cron(expression) => return f.write_str(expression),
            Self::Never => return f.write_str("never"),
            Self::Every(pace) => pace,
        };
        f.write_str("every ")?;
        let mut rest = pace.as_millis();
        for (size, unit) in [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
            (1, "ms"),
        ] {
            if rest >= size {
                write!(f, "{}{unit}", rest / size)?;
                rest %= size;
            }
        }
        Ok(())
    }
}

/// Reads a cron expression of six fields, seconds first.
pub(crate) fn cron(expression: &str) -> Result<Cron, CronError> {
    CronParser::builder()
        .seconds(Seconds::Required)
        // As tokio-cron-scheduler reads it: of a day of the month and one of the week both must fit.
        .dom_and_dow(true)
        .build()
        .parse(expression)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use crate::source::notation::schedule;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_next_run_is_after_now() {
        let check = |text: &str, now: &str, next: &str| {
            assert_eq!(
                schedule(text).expect(text).next(at(now)),
                Some(at(next)),
                "{text}"
            );
        };
        check(
            "0 */30 * * * *",
            "2026-11-21T08:00:00Z",
            "2026-11-21T08:30:00Z",
        );
        check(
            "0 */30 * * * *",
            "2026-11-21T08:29:59.5Z",
            "2026-11-21T08:30:00Z",
        );
        check(
            "0 0 3 * * MON",
            "2026-11-21T08:00:00Z",
            "2026-11-23T03:00:00Z",
        );
        // A Friday the 13th.
        check(
            "0 0 3 13 * FRI",
            "2026-11-21T08:00:00Z",
            "2027-08-13T03:00:00Z",
        );
        check("every 90m", "2026-11-21T08:00:00Z", "2026-11-21T09:30:00Z");
    }

    #[test]
    fn a_schedule_reads_back_as_it_is_shown() {
        for text in [
            "0 */30 * * * *",
            "every 1h30m",
            "every 30s",
            "every 1d",
            "every 1s500ms",
        ] {
            assert_eq!(schedule(text).expect(text).to_string(), text);
        }
    }
}
