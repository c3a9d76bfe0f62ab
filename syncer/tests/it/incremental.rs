//! Reading only what changed: marks, spans, and what moves them.

use std::sync::{Arc, Mutex};

use chrono::Duration;
use entity::run::Outcome;
use syncer::How;

use crate::{
    upstream::{Reply, Request},
    world::{World, assert_outcome, on_each_database},
};

const EVENTS: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[resource.events]
path   = "/events"
query  = { since = "{cursor}" }
key    = "id"
mode   = "upsert"
page   = { kind = "none" }
cursor = { field = "/at", type = "timestamp", start = "2026-11-01T00:00:00Z" }
"#;

/// Answers with the events of `all` (id, time) that are not before `since` and not behind `until`.
fn events(
    all: &Arc<Mutex<Vec<(&'static str, &'static str)>>>,
) -> impl Fn(&Request) -> Reply + use<> {
    let all = Arc::clone(all);
    move |request| {
        let all = all.lock().expect("no test panicked here");
        let since = request.parameter("since").unwrap_or("");
        let until = request.parameter("until").unwrap_or("9");
        let wanted = all
            .iter()
            .filter(|(_, at)| at.is_empty() || (*at >= since && *at <= until));
        let records: Vec<String> = wanted
            .map(|(id, at)| match at.is_empty() {
                true => format!(r#"{{"id":"{id}","at":null}}"#),
                false => format!(r#"{{"id":"{id}","at":"{at}"}}"#),
            })
            .collect();
        Reply::json(format!("[{}]", records.join(",")))
    }
}

fn since(world: &World) -> Vec<Option<String>> {
    let asked = world.upstream.asked().into_iter();
    asked
        .map(|request| request.parameter("since").map(str::to_owned))
        .collect()
}

fn some(times: &[&str]) -> Vec<Option<String>> {
    times.iter().map(|time| Some((*time).to_owned())).collect()
}

#[tokio::test]
async fn a_run_asks_from_the_greatest_value_of_the_last_complete_one_inclusive() {
    on_each_database(EVENTS, async |world| {
        let all = Arc::new(Mutex::new(vec![
            ("a", "2026-11-02T00:00:00Z"),
            ("b", "2026-11-05T00:00:00Z"),
            ("null", ""),
        ]));
        world.upstream.answers(events(&all));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        assert_eq!(since(&world), some(&["2026-11-01T00:00:00Z"]));
        // One that ties with the mark, and one that had no value, come all the same.
        all.lock()
            .expect("no test panicked here")
            .push(("tie", "2026-11-05T00:00:00Z"));
        let report = world.sync("events").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(since(&world), some(&["2026-11-05T00:00:00Z"]));
        assert_eq!((report.counts.inserted, report.counts.deleted), (1, 0));
        assert_eq!(world.live("events").await, ["a", "b", "null", "tie"]);
        // Everything, when it is asked for.
        let full = How {
            full: true,
            ..How::default()
        };
        assert_outcome(&world.sync_how("events", full).await, Outcome::Complete);
        assert_eq!(since(&world), some(&["2026-11-01T00:00:00Z"]));
    })
    .await;
}

#[tokio::test]
async fn only_a_complete_run_moves_the_mark() {
    let bears = EVENTS.replace(
        "[resource.events]",
        "[resource.events]\nexpect = { min = 1 }\nbad_max = 0",
    );
    on_each_database(&bears, async |world| {
        let all = Arc::new(Mutex::new(vec![("a", "2026-11-02T00:00:00Z")]));
        world.upstream.answers(events(&all));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        let broken = r#"[{"id":"b","at":"2026-11-09T00:00:00Z"},{"at":"2026-11-10T00:00:00Z"}]"#;
        world.upstream.answers(move |_| Reply::json(broken));
        let report = world.sync("events").await;
        assert_outcome(&report, Outcome::Suspect);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("bad_max is 0 records")
        );
        assert_eq!(world.live("events").await, ["a", "b"]);
        world.upstream.asked();
        world.upstream.answers(events(&all));
        world.sync("events").await;
        assert_eq!(since(&world), some(&["2026-11-02T00:00:00Z"]));
    })
    .await;
}

#[tokio::test]
async fn a_value_in_the_future_hides_nothing() {
    on_each_database(EVENTS, async |world| {
        let all = Arc::new(Mutex::new(vec![("future", "2031-01-01T00:00:00Z")]));
        world.upstream.answers(events(&all));
        let started = world.ctx.clock.now() + Duration::seconds(1);
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        world.upstream.asked();
        world.sync("events").await;
        let mark = started.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        assert_eq!(since(&world), some(&[mark.as_str()]));
    })
    .await;
}

/// Channels with messages, which bear a number that runs over all channels.
const NUMBERED: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[resource.channels]
path = "/channels"
key  = "id"
page = { kind = "none" }

[resource.messages]
path     = "/channels/{parent.id}/messages"
query    = { after = "{cursor}" }
key      = "seq"
mode     = "append"
page     = { kind = "none" }
for_each = { resource = "channels" }
cursor   = { field = "/seq", type = "integer", start = 0 }
"#;

#[tokio::test]
async fn a_running_number_hides_nothing_that_comes_behind_us() {
    on_each_database(NUMBERED, async |world| {
        let all = Arc::new(Mutex::new(vec![("a", 1), ("b", 2), ("c", 3)]));
        let (told, asked) = (Arc::clone(&all), Arc::new(Mutex::new(Vec::new())));
        let since = Arc::clone(&asked);
        world.upstream.answers(move |request| {
            let mut all = told.lock().expect("no test panicked here");
            let Some(channel) = request.path.strip_prefix("/channels/") else {
                return Reply::json(r#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#);
            };
            let after = request.number_in("after");
            since.lock().expect("no test panicked here").push(after);
            // In the second run, when `a` has been read and `c` has not.
            if channel.starts_with('b') && all.len() == 3 && request.number > 4 {
                all.extend([("a", 11), ("c", 12)]);
            }
            let came = all
                .iter()
                .filter(|(of, seq)| channel.starts_with(of) && *seq >= after);
            let came: Vec<String> = came.map(|(_, seq)| format!(r#"{{"seq":{seq}}}"#)).collect();
            Reply::json(format!("[{}]", came.join(",")))
        });
        assert_outcome(&world.sync("channels").await, Outcome::Complete);
        for _ in 0..4 {
            assert_outcome(&world.sync("messages").await, Outcome::Complete);
        }
        assert_eq!(world.live("messages").await, ["1", "11", "12", "2", "3"]);
        // Each begins at the greatest number that was known when the one before it began.
        let asked = asked.lock().expect("no test panicked here").clone();
        assert_eq!(asked, [0, 0, 0, 0, 0, 0, 3, 3, 3, 12, 12, 12]);
    })
    .await;
}

#[tokio::test]
async fn the_lookback_goes_behind_the_mark_and_full_every_behind_everything() {
    let toml = EVENTS.replace(
        "start = \"2026-11-01T00:00:00Z\" }",
        "start = \"2026-11-01T00:00:00Z\", lookback = \"1d\" }\nfull_every = \"7d\"",
    );
    let toml = toml
        .replace("\"upsert\"", "\"mirror\"")
        .replace("key    =", "deletes = { max = \"100%\" }\nkey    =");
    on_each_database(&toml, async |world| {
        let all = Arc::new(Mutex::new(vec![
            ("a", "2026-11-02T00:00:00Z"),
            ("b", "2026-11-05T12:00:00Z"),
        ]));
        world.upstream.answers(events(&all));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        world.upstream.asked();
        // What an incremental run does not see is not gone.
        all.lock().expect("no test panicked here").remove(0);
        let report = world.sync("events").await;
        assert_eq!(
            (report.outcome, report.counts.deleted),
            (Outcome::Complete, 0)
        );
        assert_eq!(since(&world), some(&["2026-11-04T12:00:00Z"]));
        world.pass(Duration::days(7));
        let report = world.sync("events").await;
        assert_eq!(
            (report.outcome, report.counts.deleted),
            (Outcome::Complete, 1)
        );
        assert_eq!(since(&world), some(&["2026-11-01T00:00:00Z"]));
        assert_eq!(world.live("events").await, ["b"]);
    })
    .await;
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_wrote_down_says_nothing() {
    let toml = EVENTS.replace(
        "mode   = \"upsert\"",
        "full_every = \"7d\"\ndeletes = { max = \"100%\" }",
    );
    on_each_database(&toml, async |world| {
        let all = Arc::new(Mutex::new(vec![
            ("a", "2026-11-02T00:00:00Z"),
            ("b", "2031-11-05T00:00:00Z"),
        ]));
        world.upstream.answers(events(&all));
        world.pass(Duration::days(3650));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        world.pass(Duration::days(-3650));
        all.lock().expect("no test panicked here").remove(0);
        let report = world.sync("events").await;
        assert_eq!(
            (report.outcome, report.counts.deleted),
            (Outcome::Complete, 1)
        );
        let started = world.ctx.clock.now();
        world.upstream.asked();
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        let mark = started.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        assert_eq!(since(&world), some(&[mark.as_str()]));
    })
    .await;
}

#[tokio::test]
async fn a_mark_of_a_clock_that_was_ahead_hides_nothing() {
    on_each_database(EVENTS, async |world| {
        let all = Arc::new(Mutex::new(vec![("old", "2031-11-05T00:00:00Z")]));
        world.upstream.answers(events(&all));
        world.pass(Duration::days(3650));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        world.pass(Duration::days(-3650));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        // Since the clock is right again, the mark is as well.
        all.lock()
            .expect("no test panicked here")
            .push(("new", "2026-11-21T08:03:00Z"));
        world.pass(Duration::hours(1));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        assert_eq!(world.live("events").await, ["new", "old"]);
    })
    .await;
}

#[tokio::test]
async fn windows_are_asked_for_one_by_one_and_each_is_kept() {
    let toml = EVENTS
        .replace(
            "since = \"{cursor}\"",
            "since = \"{cursor}\", until = \"{cursor.until}\"",
        )
        .replace(
            "start = \"2026-11-01T00:00:00Z\" }",
            "start = \"2026-11-01T00:00:00Z\", window = \"8d\" }",
        );
    on_each_database(&toml, async |world| {
        let all = Arc::new(Mutex::new(vec![
            ("a", "2026-11-02T00:00:00Z"),
            ("edge", "2026-11-09T00:00:00Z"),
            ("z", "2026-11-20T00:00:00Z"),
        ]));
        let answers = events(&all);
        world
            .upstream
            .answers(move |request| match request.parameter("since") {
                Some("2026-11-17T00:00:00Z") => Reply::status(500, "down"),
                _ => answers(request),
            });
        assert_outcome(&world.sync("events").await, Outcome::Partial);
        let windows = [
            "2026-11-01T00:00:00Z",
            "2026-11-09T00:00:00Z",
            "2026-11-17T00:00:00Z",
        ];
        assert_eq!(since(&world), some(&windows));
        assert_eq!(world.live("events").await, ["a", "edge"]);
        // Days later the windows that were read are not read again.
        world.upstream.answers(events(&all));
        world.pass(Duration::days(2));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        assert_eq!(since(&world), some(&windows[2..]));
        assert_eq!(world.live("events").await, ["a", "edge", "z"]);
        world.sync("events").await;
        assert_eq!(since(&world), some(&["2026-11-20T00:00:00Z"]));
    })
    .await;
}

#[tokio::test]
async fn newest_first_ends_behind_the_mark() {
    let toml = EVENTS
        .replace("query  = { since = \"{cursor}\" }\n", "")
        .replace("page   = { kind = \"none\" }", "page = { kind = \"page\", param = \"page\", start = 0, size = 2, size_param = \"limit\" }")
        .replace("type = \"timestamp\",", "type = \"timestamp\", order = \"desc\",");
    on_each_database(&toml, async |world| {
        let old: Vec<String> = (10..20)
            .rev()
            .map(|day| format!(r#"{{"id":"{day}","at":"2026-11-{day}T00:00:00Z"}}"#))
            .collect();
        let records = old.clone();
        world
            .upstream
            .answers(move |request| crate::upstream::paged(&records, request));
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        assert_eq!(world.live("events").await.len(), 10);
        world.upstream.asked();
        let mut new = vec![r#"{"id":"new","at":"2026-11-20T00:00:00Z"}"#.to_owned()];
        new.extend(old);
        world
            .upstream
            .answers(move |request| crate::upstream::paged(&new, request));
        let report = world.sync("events").await;
        assert_eq!(
            (report.outcome, report.counts.inserted),
            (Outcome::Complete, 1)
        );
        assert_eq!(world.upstream.asked().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_the_upstream_marks_as_deleted_goes_and_comes_back() {
    let toml = EVENTS.replace(
        "mode   = \"upsert\"",
        "mode   = \"upsert\"\ndeletes = { flag = \"/gone\" }",
    );
    on_each_database(&toml, async |world| {
        let says = |text: &'static str| world.upstream.answers(move |_| Reply::json(text));
        says(r#"[{"id":"a","at":"2026-11-02T00:00:00Z"},{"id":"b","at":"2026-11-02T00:00:00Z","gone":false}]"#);
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        // A tombstone, and one of a row that never was.
        says(r#"[{"id":"a","gone":true},{"id":"x","gone":1}]"#);
        let report = world.sync("events").await;
        assert_eq!((report.outcome, report.counts.deleted), (Outcome::Complete, 1));
        assert_eq!(world.live("events").await, ["b"]);
        assert_eq!(world.resource("events").await.live_rows, 1);
        let report = world.sync("events").await;
        assert_eq!((report.counts.deleted, report.counts.inserted), (0, 0));
        says(r#"[{"id":"a","at":"2026-11-03T00:00:00Z"}]"#);
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        assert_eq!(world.live("events").await, ["a", "b"]);
        assert_eq!(world.resource("events").await.live_rows, 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_appended_never_changes() {
    let toml = EVENTS.replace("\"upsert\"", "\"append\"");
    on_each_database(&toml, async |world| {
        let says = |text: &'static str| world.upstream.answers(move |_| Reply::json(text));
        says(r#"[{"id":"a","at":"2026-11-02T00:00:00Z"}]"#);
        assert_outcome(&world.sync("events").await, Outcome::Complete);
        says(r#"[{"id":"a","at":"2026-11-03T00:00:00Z"},{"id":"b","at":"2026-11-03T00:00:00Z"}]"#);
        let report = world.sync("events").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(
            (
                report.counts.inserted,
                report.counts.updated,
                report.counts.unchanged
            ),
            (1, 0, 1)
        );
        assert!(world.rows("events").await[0].payload.contains("11-02"));
    })
    .await;
}

/// The issues of a repository that a variable names.
const ISSUES: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }
headers  = { x-token = "${GITHUB_TOKEN}" }

[resource.issues]
path   = "/repos/${GITHUB_REPOSITORY}/issues"
query  = { since = "{cursor}" }
key    = "id"
page   = { kind = "none" }
cursor = { field = "/at", type = "timestamp", start = "2020-01-01T00:00:00Z" }
"#;

#[tokio::test]
async fn another_value_of_a_variable_is_another_collection_which_is_read_from_its_start() {
    on_each_database(ISSUES, async |mut world| {
        world.upstream.answers(|request| {
            let all: &[(&str, &str)] = match request.path.as_str() {
                "/repos/octo/hello/issues" => &[("one", "2026-05-01T00:00:00Z")],
                _ => &[
                    ("old", "2024-01-01T00:00:00Z"),
                    ("new", "2026-06-01T00:00:00Z"),
                ],
            };
            events(&Arc::new(Mutex::new(all.to_vec())))(request)
        });
        let start = "2020-01-01T00:00:00Z";
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        let name = "GITHUB_REPOSITORY";
        world.redefine_with(ISSUES, name, "octo/world").await;
        // The rows of the other repository are gone, as many as they are: that takes a person's word.
        assert_outcome(&world.sync("issues").await, Outcome::Suspect);
        assert_eq!(since(&world), some(&[start, start]));
        let how = How {
            accept_deletes: true,
            ..How::default()
        };
        assert_outcome(&world.sync_how("issues", how).await, Outcome::Complete);
        assert_eq!(world.live("issues").await, ["new", "old"]);
        assert_outcome(&world.sync("issues").await, Outcome::Complete);
        assert_eq!(since(&world), some(&[start, "2026-06-01T00:00:00Z"]));
    })
    .await;
}

#[tokio::test]
async fn another_token_in_a_header_costs_one_full_run_and_none_in_auth() {
    on_each_database(ISSUES, async |mut world| {
        let all = Arc::new(Mutex::new(vec![("one", "2026-05-01T00:00:00Z")]));
        world.upstream.answers(events(&all));
        let (start, mark) = ("2020-01-01T00:00:00Z", "2026-05-01T00:00:00Z");
        world.sync("issues").await;
        let name = "GITHUB_TOKEN";
        world.redefine_with(ISSUES, name, "another").await;
        world.sync("issues").await;
        world.sync("issues").await;
        assert_eq!(since(&world), some(&[start, start, mark]));
        let auth = ISSUES.replace(
            "headers  = { x-token = \"${GITHUB_TOKEN}\" }",
            "auth     = { kind = \"bearer\", token = \"${GITHUB_TOKEN}\" }",
        );
        world.redefine(&auth).await;
        world.sync("issues").await;
        world.redefine_with(&auth, name, "another").await;
        let report = world.sync("issues").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(since(&world), some(&[start, mark]));
    })
    .await;
}
