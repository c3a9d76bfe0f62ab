//! Runs that go on where another one ended, however much moved meanwhile: nothing that came is forgotten, nothing that changed is missed.

use std::sync::{Arc, Mutex};

use chrono::Duration;
use entity::run::Outcome;
use syncer::Report;

use crate::{
    upstream::{Reply, Request},
    world::{World, assert_outcome, on_each_database},
};

/// Pages of two records, those that changed last at the end.
const CHANGES: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1, max_wait = "5s" }

[resource.events]
path   = "/events"
query  = { since = "{cursor}" }
key    = "id"
page   = { kind = "page", param = "page", start = 0, size = 2, size_param = "limit" }
cursor = { field = "/at", start = "2026-11-01T00:00:00Z", order = "asc" }
[resource.events.fields]
at = "text"
"#;

/// Records that change, as id and time.
type Events = Arc<Mutex<Vec<(u32, String)>>>;

/// One event on each of so many days of November, from the second on.
fn daily(count: u32) -> Events {
    let all = (0..count).map(|n| (n, format!("2026-11-{:02}T00:00:00Z", n + 2)));
    Arc::new(Mutex::new(all.collect()))
}

fn change(events: &Events, id: u32, at: &str) {
    let mut events = events.lock().expect("no test panicked here");
    events.retain(|(known, _)| *known != id);
    events.push((id, at.to_owned()));
}

/// The page of `events` between `since` and `until`, oldest first, that `request` asks for.
fn page_of(events: &Events, request: &Request) -> Reply {
    let since = request.parameter("since").unwrap_or("");
    let until = request.parameter("until").unwrap_or("9");
    let mut came = events.lock().expect("no test panicked here").clone();
    came.retain(|(_, at)| at.as_str() >= since && at.as_str() <= until);
    came.sort_by(|(_, a), (_, b)| a.cmp(b));
    let came: Vec<String> = came
        .iter()
        .map(|(id, at)| format!(r#"{{"id":"k{id:02}","at":"{at}"}}"#))
        .collect();
    let size = request.number_in("limit").max(1);
    let start = (request.number_in("page") * size).min(came.len());
    let page = &came[start..(start + size).min(came.len())];
    Reply::json(format!("[{}]", page.join(",")))
}

/// An upstream that is well.
fn well(events: &Events) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let events = Arc::clone(events);
    move |request| page_of(&events, request)
}

/// One that answers with 500 where `is_broken` says so.
fn breaks(
    events: &Events,
    is_broken: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let well = well(events);
    move |request| match is_broken(request) {
        true => Reply::status(500, "broken"),
        false => well(request),
    }
}

#[tokio::test]
async fn windows_that_were_read_are_not_forgotten_when_a_later_one_begins_anew() {
    let windowed = CHANGES
        .replace(
            "since = \"{cursor}\"",
            "since = \"{cursor}\", until = \"{cursor.until}\"",
        )
        .replace("order = \"asc\"", "window = \"8d\"");
    on_each_database(&windowed, async |world| {
        let events = daily(15);
        world.upstream.answers(breaks(&events, |request| {
            request.number_in("page") == 2 && request.parameter("since") > Some("2026-11-09")
        }));
        assert_outcome(&world.sync("events").await, Outcome::Partial);
        // The second window is another meanwhile, so that it is read from its first page again.
        change(&events, 8, "2026-11-20T00:00:00Z");
        world.upstream.answers(well(&events));
        let report = world.sync("events").await;
        assert_all_kept(&world, &report, 15).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_goes_on_much_later_still_knows_what_it_saw() {
    on_each_database(&by_time(), async |world| {
        let events = daily(12);
        let all = Arc::clone(&events);
        world
            .upstream
            .answers(move |request| match request.parameter("after") {
                Some("2026-11-07T00:00:00Z") => Reply::status(500, "broken"),
                _ => behind_the_last(&all, request),
            });
        assert_outcome(&world.sync("events").await, Outcome::Partial);
        assert_eq!(world.live("events").await.len(), 6);
        world.pass(Duration::hours(1));
        // It is refused once where it goes on, and so begins there again: not where the run began.
        let all = Arc::clone(&events);
        world.upstream.asked();
        world.upstream.answers(move |request| match request.number {
            0 => Reply::status(410, "gone"),
            _ => behind_the_last(&all, request),
        });
        let report = world.sync("events").await;
        assert_all_kept(&world, &report, 12).await;
        let asked = world.upstream.asked();
        assert_eq!(asked[1].parameter("since"), Some("2026-11-07T00:00:00Z"));
    })
    .await;
}

#[tokio::test]
async fn counted_pages_that_were_left_long_ago_are_read_from_the_start() {
    on_each_database(CHANGES, async |world| {
        let events = daily(12);
        let all = Arc::clone(&events);
        world.upstream.answers(move |request| {
            // One of the first page changes, and whichever stands behind it moves up.
            if request.number == 2 {
                change(&all, 0, "2026-11-20T00:00:00Z");
            }
            match request.number {
                3 => Reply::status(500, "broken"),
                _ => page_of(&all, request),
            }
        });
        assert_outcome(&world.sync("events").await, Outcome::Partial);
        world.pass(Duration::hours(1));
        world.upstream.answers(well(&events));
        let report = world.sync("events").await;
        assert_all_kept(&world, &report, 12).await;
    })
    .await;
}

/// That a run was complete, deleted nothing, and that all `count` events are there.
async fn assert_all_kept(world: &World, report: &Report, count: usize) {
    assert_outcome(report, Outcome::Complete);
    assert_eq!(report.counts.deleted, 0);
    assert_eq!(world.live("events").await.len(), count);
}

/// Pages that go on behind the time of the last record.
fn by_time() -> String {
    CHANGES.replace(
        r#"page   = { kind = "page", param = "page", start = 0, size = 2, size_param = "limit" }"#,
        r#"page   = { kind = "cursor", param = "after", next = "last:/at", size = 2, size_param = "limit" }"#,
    )
}

fn behind_the_last(events: &Events, request: &Request) -> Reply {
    let after = request.parameter("after").unwrap_or("");
    let mut later = events.lock().expect("no test panicked here").clone();
    later.retain(|(_, at)| at.as_str() > after);
    page_of(&Arc::new(Mutex::new(later)), request)
}

#[tokio::test]
async fn a_record_that_changes_while_pages_are_counted_moves_another_past_us() {
    on_each_database(CHANGES, async |world| {
        let events = daily(6);
        let answers = well(&events);
        let all = Arc::clone(&events);
        world.upstream.answers(move |request| {
            if request.number == 1 {
                change(&all, 0, "2026-11-20T00:00:00Z");
            }
            answers(request)
        });
        let report = world.sync("events").await;
        assert_outcome(&report, Outcome::Partial);
        assert!(
            report
                .error
                .expect("a reason")
                .starts_with("1 records changed while the pages were read and came again")
        );
        assert_eq!(world.live("events").await.len(), 5, "one has slipped past");
        // The mark is where it was.
        world.upstream.answers(well(&events));
        world.upstream.asked();
        let report = world.sync("events").await;
        assert_eq!(
            (report.outcome, report.counts.inserted),
            (Outcome::Complete, 1)
        );
        let since = world.upstream.asked()[0]
            .parameter("since")
            .map(str::to_owned);
        assert_eq!(since.as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(world.live("events").await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn the_last_records_time_leads_on_whatever_changes() {
    on_each_database(&by_time(), async |world| {
        let events = daily(6);
        let all = Arc::clone(&events);
        world.upstream.answers(move |request| {
            if request.number == 1 {
                change(&all, 0, "2026-11-20T00:00:00Z");
            }
            behind_the_last(&all, request)
        });
        let report = world.sync("events").await;
        assert_eq!(
            (
                report.outcome,
                report.counts.inserted,
                report.counts.updated
            ),
            (Outcome::Complete, 6, 1)
        );
    })
    .await;
}

#[tokio::test]
async fn what_changes_while_a_run_waits_to_go_on_is_not_skipped() {
    let by_id = CHANGES
        .replace(
            r#"page   = { kind = "page", param = "page", start = 0, size = 2, size_param = "limit" }"#,
            r#"page   = { kind = "cursor", param = "after", next = "last:/id" }"#,
        )
        .replace(", order = \"asc\"", "");
    on_each_database(&by_id, async |world| {
        let events = daily(4);
        let answers = by_number(&events);
        world
            .upstream
            .answers(move |request| match request.parameter("after") {
                Some(_) => Reply::status(429, "").with("retry-after", 60),
                None => answers(request),
            });
        assert_outcome(&world.sync("events").await, Outcome::Deferred);
        // Behind us, and then before us.
        change(&events, 0, "2026-11-21T08:00:30Z");
        world.pass(Duration::seconds(60));
        change(&events, 3, "2026-11-21T08:01:00Z");
        world.upstream.answers(by_number(&events));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        let at = world
            .column("SELECT at FROM fake_events ORDER BY record_key")
            .await;
        let expected = [
            "2026-11-21T08:00:30Z",
            "2026-11-03T00:00:00Z",
            "2026-11-04T00:00:00Z",
            "2026-11-21T08:01:00Z",
        ];
        assert_eq!(at, expected.map(|at| Some(at.to_owned())));
    })
    .await;
}

/// An upstream that gives two events a page, by their number.
fn by_number(events: &Events) -> impl Fn(&Request) -> Reply + Send + Sync + use<> {
    let events = Arc::clone(events);
    move |request| {
        let since = request.parameter("since").unwrap_or("");
        let after = request.parameter("after").unwrap_or("");
        let mut all = events.lock().expect("no test panicked here").clone();
        all.sort_unstable();
        let came = all
            .iter()
            .map(|(id, at)| (format!("k{id:02}"), at))
            .filter(|(key, at)| at.as_str() >= since && key.as_str() > after)
            .take(2);
        let came: Vec<String> = came
            .map(|(key, at)| format!(r#"{{"id":"{key}","at":"{at}"}}"#))
            .collect();
        Reply::json(format!("[{}]", came.join(",")))
    }
}
