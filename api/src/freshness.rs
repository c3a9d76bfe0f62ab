//! How far the rows of a resource are to be trusted now, and for how long an answer may be kept.

use chrono::{DateTime, Duration, Utc};
use entity::{resource, run::Outcome};

/// A run may be this late before its resource is stale: it takes its time, and clocks differ.
const LATE: Duration = Duration::seconds(60);
/// Longest time that an answer may be kept: a run can be started at any moment.
const KEEP_AT_MOST: Duration = Duration::seconds(60);

/// Whether the rows may be behind the upstream: never synced, last run not complete, next run overdue, or a database
/// out of reach, which may know more by now.
pub(crate) fn is_stale(resource: &resource::Model, is_in_touch: bool, now: DateTime<Utc>) -> bool {
    why_stale(resource, is_in_touch, now).is_some()
}

/// Why the rows may be behind the upstream; `None`: they are not.
pub(crate) fn why_stale(
    resource: &resource::Model,
    is_in_touch: bool,
    now: DateTime<Utc>,
) -> Option<&'static str> {
    let is_overdue = resource.next_run_at.is_some_and(|due| now > due + LATE);
    if !is_in_touch {
        Some("the database cannot be read, and may know more by now")
    } else if resource.synced_at.is_none() {
        Some("no run of it was complete yet")
    } else if resource.last_outcome != Some(Outcome::Complete) {
        Some("its last run was not complete")
    } else if is_overdue {
        Some("its next run is overdue: perhaps no syncer runs")
    } else {
        None
    }
}

/// For how many seconds an answer may be kept: until the next run, or not at all if that is overdue.
pub(crate) fn max_age(resource: &resource::Model, now: DateTime<Utc>) -> i64 {
    let until_next = resource
        .next_run_at
        .map_or(KEEP_AT_MOST, |due| due - now)
        .clamp(Duration::zero(), KEEP_AT_MOST);
    until_next.num_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
    }

    fn resource(
        synced: Option<i64>,
        outcome: Option<Outcome>,
        due_in: Option<i64>,
    ) -> resource::Model {
        let at = |seconds| now() + Duration::seconds(seconds);
        resource::Model {
            id: 1,
            source_id: 1,
            name: "breeds".to_owned(),
            table_name: "cats_breeds".to_owned(),
            definition: String::new(),
            projection: String::new(),
            enabled: true,
            version: 1,
            live_rows: 0,
            complete: true,
            last_outcome: outcome,
            last_run_at: None,
            synced_at: synced.map(at),
            changed_at: None,
            next_run_at: due_in.map(at),
            filling: None,
            filled: None,
            indexed: true,
            last_rowno: 0,
            horizon: 0,
            history_version: None,
            history_at: None,
            steered_by: None,
            steered_at: None,
        }
    }

    #[test]
    fn stale_is_never_synced_or_not_complete_or_overdue() {
        let check = |synced, outcome, due_in, expected| {
            let resource = resource(synced, outcome, due_in);
            assert_eq!(is_stale(&resource, true, now()), expected, "{resource:?}");
            assert!(is_stale(&resource, false, now()));
        };
        check(Some(-10), Some(Outcome::Complete), Some(10), false);
        check(Some(-10), Some(Outcome::Complete), None, false);
        check(None, None, Some(10), true);
        check(None, Some(Outcome::Complete), Some(10), true);
        for outcome in [Outcome::Partial, Outcome::Suspect] {
            check(Some(-10), Some(outcome), Some(10), true);
        }
        for outcome in [Outcome::Deferred, Outcome::Failed] {
            check(Some(-10), Some(outcome), Some(10), true);
        }
        check(Some(-10), Some(Outcome::Complete), Some(-60), false);
        check(Some(-10), Some(Outcome::Complete), Some(-61), true);
    }

    #[test]
    fn an_answer_is_kept_until_the_next_run() {
        let check = |due_in, expected| {
            assert_eq!(
                max_age(&resource(None, None, due_in), now()),
                expected,
                "{due_in:?}"
            );
        };
        check(Some(10), 10);
        check(Some(3600), 60);
        check(Some(-1), 0);
        check(None, 60);
    }
}
