//! What could not be stored: kept with its reason, let go of with its row, read again for a changed definition.

use entity::{
    reject::{self, Filter, Kind},
    run::{self, Outcome, Trigger},
};
use syncer::{How, Replayed, Wanted};

use crate::{
    upstream::{Reply, Request, paged},
    world::{THINGS, World, assert_outcome, on_each_database},
};

/// Another `size` for [`THINGS`].
const STRICT: &str = "size = { type = \"integer\", on_bad = \"reject\" }";

/// `kind key path value reason`, oldest first.
async fn rejects(world: &World) -> Vec<String> {
    let mut rejects = models(world).await;
    rejects.reverse();
    let line = |reject: reject::Model| {
        let parts = [reject.record_key, reject.path, reject.value];
        let parts = parts.map(|part| part.unwrap_or_else(|| "-".to_owned()));
        let kind = reject.kind.as_str();
        format!("{kind} {} {}", parts.join(" "), reject.reason)
    };
    rejects.into_iter().map(line).collect()
}

async fn models(world: &World) -> Vec<reject::Model> {
    let filter = Filter {
        resource_id: world.resource("things").await.id,
        ..Filter::default()
    };
    let rejects = reject::Entity::list(&world.db, &filter, 100).await;
    rejects.expect("the database answers")
}

async fn replay(world: &World) -> Replayed {
    world.pass(chrono::Duration::seconds(1));
    let source = &world.catalog.sources[0];
    let plan = source.resource("things").expect("it is defined");
    let replayed = syncer::replay(&world.ctx, source, plan, &Wanted::default()).await;
    let replayed = replayed.expect("the database answers");
    replayed.expect("no other process is at it")
}

/// Inserted, updated, unchanged, older, rejected.
fn counts(replayed: &Replayed) -> [i64; 5] {
    [
        replayed.inserted,
        replayed.updated,
        replayed.unchanged,
        replayed.older,
        replayed.rejected,
    ]
}

#[tokio::test]
async fn a_bad_value_is_kept_for_as_long_as_its_row_has_it() {
    on_each_database(THINGS, async |world| {
        let long = "x".repeat(2000);
        let b = format!(r#"{{"id":"b","size":"{long}"}}"#);
        let a = r#"{"id":"a","size":"large","tags":{"x":1}}"#;
        world.upstream.has(&[a, &b, r#"{"id":"c","size":3}"#]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.bad_values, report.counts.rejected), (3, 0));
        let kept = rejects(&world).await;
        assert_eq!(kept.len(), 3, "{kept:?}");
        let tags = r#"value a /tags {"x":1} an object where a list was expected"#;
        assert_eq!(kept[0], tags);
        let size = r#"value a /size "large" `large` is not an integer of 64 bits"#;
        assert_eq!(kept[1], size);
        assert!(kept[2].starts_with(r#"value b /size "xxx"#), "{}", kept[2]);
        assert!(kept[2].contains("x… (2002 bytes) `xxx"), "{}", kept[2]);
        let first = models(&world).await;
        assert!(first.iter().all(|reject| reject.run_id == report.run));
        let held = first.iter().map(|reject| reject.payload.len());
        assert_eq!(held.sum::<usize>(), 0, "the record is its row's");
        // As they were: nothing is written.
        world.sync("things").await;
        assert_eq!(models(&world).await, first);
        // `a` comes right, `b` goes.
        world
            .upstream
            .has(&[r#"{"id":"a","size":1}"#, r#"{"id":"c","size":3}"#]);
        world.sync("things").await;
        assert_eq!(rejects(&world).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn rejects_are_counted_by_what_their_reasons_have_in_common() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[
            r#"{"id":"a","size":"large"}"#,
            r#"{"id":"b","size":"small"}"#,
            r#"{"name":"keyless"}"#,
        ]);
        world.sync("things").await;
        let id = world.resource("things").await.id;
        let counts = reject::Entity::count_by_reason(&world.db, id).await;
        let counts = counts.expect("the database answers");
        let counts: Vec<_> = counts
            .iter()
            .map(|alike| (alike.count, alike.kind, alike.reason.as_str()))
            .collect();
        assert_eq!(
            counts,
            [
                (2, Kind::Value, "`…` is not an integer of 64 bits"),
                (1, Kind::Record, "key field `id` is absent or null"),
            ]
        );
        let sizes = Filter {
            resource_id: id,
            kind: Some(Kind::Value),
            field: Some("size".to_owned()),
            before: None,
        };
        let list = async |filter: &Filter, limit| {
            let found = reject::Entity::list(&world.db, filter, limit).await;
            found.expect("the database answers")
        };
        let newest = list(&sizes, 1).await;
        assert_eq!(newest[0].record_key.as_deref(), Some("b"));
        let rest = Filter {
            before: Some(newest[0].id),
            ..sizes
        };
        let rest = list(&rest, 5).await;
        assert_eq!((rest.len(), rest[0].record_key.as_deref()), (1, Some("a")));
    })
    .await;
}

#[tokio::test]
async fn a_changed_definition_finds_other_bad_values_and_rejects_at_the_next_run() {
    on_each_database(THINGS, async |mut world| {
        let records = [
            r#"{"id":"a","name":"12 x","size":"large"}"#,
            r#"{"id":"b","name":"7","size":2}"#,
        ];
        world.upstream.has(&records);
        world.sync("things").await;
        let changed = THINGS
            .replace("size = \"integer\"", STRICT)
            .replace("name = \"text\"", "name = \"integer\"");
        world.redefine(&changed).await;
        // The row of `a` stands until a run judges it, though its record is as it was.
        assert_eq!(rejects(&world).await, [""; 0]);
        assert_eq!(world.live("things").await, ["a", "b"]);
        let report = world.sync("things").await;
        assert_eq!((report.counts.rejected, report.counts.unchanged), (1, 1));
        let kept = rejects(&world).await;
        assert_eq!(
            kept,
            ["record a /size \"large\" field `size`: `large` is not an integer of 64 bits"]
        );
        assert_eq!(
            world.live("things").await,
            ["a", "b"],
            "its old row is not gone"
        );
        // And with the first definition back, nothing is bad but the size.
        world.redefine(THINGS).await;
        let kept = rejects(&world).await;
        let of_a = r#"value a /size "large" `large` is not an integer of 64 bits"#;
        assert!(kept.iter().any(|line| line == of_a), "{kept:?}");
        let report = world.sync("things").await;
        assert_eq!((report.counts.rejected, report.counts.unchanged), (0, 2));
        assert_eq!(rejects(&world).await, [of_a]);
    })
    .await;
}

#[tokio::test]
async fn rejects_become_rows_when_the_definition_is_put_right() {
    let strict = "size = { type = \"integer\", on_bad = \"reject\", max = \"5\" }";
    let strict = THINGS.replace("size = \"integer\"", strict);
    on_each_database(&strict, async |mut world| {
        world.upstream.has(&[r#"{"id":"a","size":1}"#]);
        world.sync("things").await;
        world.upstream.has(&[
            r#"{"id":"a","size":7,"tags":["x"]}"#,
            r#"{"id":"b","size":8}"#,
            r#"{"id":"c","size":"large"}"#,
            r#"{"id":null}"#,
        ]);
        let report = world.sync("things").await;
        assert_eq!(report.counts.rejected, 4);
        let before = world.resource("things").await;
        world
            .redefine(&strict.replace("max = \"5\"", "max = \"9\""))
            .await;
        let asked = world.upstream.asked().len();
        let replayed = replay(&world).await;
        assert_eq!(world.upstream.asked().len(), 0, "{asked} requests before");
        assert_eq!(counts(&replayed), [1, 1, 0, 0, 2]);
        let rows = world.rows("things").await;
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.key.as_str(), row.version))
            .collect();
        let version = before.version + 1;
        assert_eq!(found, [("a", version), ("b", version)]);
        assert_eq!(rows[0].payload, r#"{"id":"a","size":7,"tags":["x"]}"#);
        let tags = world.column("SELECT value FROM fake_things__tags").await;
        assert_eq!(tags, [Some("x".to_owned())]);
        let resource = world.resource("things").await;
        assert_eq!((resource.version, resource.live_rows), (version, 2));
        assert_eq!(resource.synced_at, before.synced_at, "a replay is no pull");
        let log = run::Entity::latest(&world.db, None, 1)
            .await
            .expect("the database answers");
        assert_eq!((log[0].id, log[0].trigger), (replayed.run, Trigger::Replay));
        assert_eq!(
            (log[0].inserted, log[0].updated, log[0].rejected),
            (1, 1, 2)
        );
        assert_eq!(rejects(&world).await.len(), 2);
        assert_eq!(counts(&replay(&world).await), [0, 0, 0, 0, 2]);
        // The next run finds everything as it is.
        let report = world.sync("things").await;
        assert_eq!((report.counts.unchanged, report.counts.rejected), (2, 2));
        assert_eq!(world.live("things").await, ["a", "b"]);
    })
    .await;
}

#[tokio::test]
async fn a_replayed_record_is_never_newer_than_a_row_that_came_later() {
    let upsert = THINGS
        .replace("size = \"integer\"", STRICT)
        .replace("mode    = \"mirror\"", "mode    = \"upsert\"");
    on_each_database(&upsert, async |mut world| {
        // Two came twice with different contents: the first one is kept, whatever the definition.
        world
            .upstream
            .has(&[r#"{"id":"a","size":1}"#, r#"{"id":"a","size":2}"#]);
        world.sync("things").await;
        let kept = rejects(&world).await;
        assert!(kept[0].contains("came twice in one page"), "{kept:?}");
        assert_eq!(counts(&replay(&world).await), [0, 0, 0, 0, 1]);
        assert_eq!(
            world.rows("things").await[0].payload,
            r#"{"id":"a","size":1}"#
        );
        // A record that was bad, then came right: its reject goes with the row's change.
        world
            .upstream
            .has(&[r#"{"id":"a","size":1}"#, r#"{"id":"b","size":"large"}"#]);
        world.sync("things").await;
        world
            .upstream
            .has(&[r#"{"id":"a","size":1}"#, r#"{"id":"b","size":3}"#]);
        world.sync("things").await;
        assert_eq!(rejects(&world).await, [""; 0]);
        // One that is kept all the same is older than its row.
        let id = world.resource("things").await.id;
        let old = reject::New {
            kind: Kind::Record,
            payload_hash: b"0123456789abcdef".to_vec(),
            record_key: Some("b".to_owned()),
            field: Some("size".to_owned()),
            path: None,
            value: None,
            reason: "`large` is not an integer of 64 bits".to_owned(),
            payload: r#"{"id":"b","size":"large"}"#.to_owned(),
        };
        let then = world.ctx.clock.now() - chrono::Duration::hours(1);
        let kept = reject::Entity::keep(&world.db, (id, 1, then), vec![old]).await;
        kept.expect("the database answers");
        world
            .redefine(&upsert.replace(STRICT, "size = \"text\""))
            .await;
        assert_eq!(counts(&replay(&world).await), [0, 0, 0, 1, 0]);
        assert_eq!(
            world.rows("things").await[1].payload,
            r#"{"id":"b","size":3}"#
        );
    })
    .await;
}

#[tokio::test]
async fn an_unfinished_run_does_not_take_replayed_rows_for_gone() {
    let strict = THINGS.replace("size = \"integer\"", STRICT);
    on_each_database(&strict, async |mut world| {
        let records = [
            r#"{"id":"a","size":"large"}"#,
            r#"{"id":"b"}"#,
            r#"{"id":"c"}"#,
            r#"{"id":"d"}"#,
        ];
        let all = records.map(str::to_owned).to_vec();
        world
            .upstream
            .answers(move |request| match request.number_in("page") {
                0 => paged(&all, request),
                _ => Reply::status(500, "broken"),
            });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        world
            .redefine(&strict.replace(STRICT, "size = \"text\""))
            .await;
        assert_eq!(counts(&replay(&world).await), [1, 0, 0, 0, 0]);
        world.upstream.has(&records);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(world.live("things").await, ["a", "b", "c", "d"]);
    })
    .await;
}

/// Things that changed since the last run; a name is required.
const CHANGES: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[resource.things]
path    = "/things"
query   = { since = "{cursor}" }
key     = "id"
page    = { kind = "none" }
cursor  = { field = "/at", type = "integer", start = "0" }
bad_max = 1
[resource.things.fields]
name = { type = "text", required = true }
"#;

#[tokio::test]
async fn a_reject_that_does_not_come_again_because_nothing_changed_stays() {
    on_each_database(CHANGES, async |mut world| {
        let changed = |records: &[&'static str]| {
            let records: Vec<&str> = records.to_vec();
            move |request: &Request| {
                let since = request.number_in("since");
                let at = |record: &&str| {
                    let (_, at) = record.split_once(r#""at":"#).expect("a time");
                    at.trim_end_matches('}').parse::<usize>().expect("a number") >= since
                };
                let wanted: Vec<&str> = records.iter().copied().filter(at).collect();
                Reply::json(format!("[{}]", wanted.join(",")))
            }
        };
        let (a, c) = (
            r#"{"id":"a","name":"a","at":1}"#,
            r#"{"id":"c","name":"c","at":3}"#,
        );
        let b = r#"{"id":"b","at":2}"#;
        let missing = "field `name`: is required, and absent or null";
        world.upstream.answers(changed(&[a, b, c]));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.fetched, report.counts.rejected), (1, 0));
        let of_b = format!("record b /name - {missing}");
        assert_eq!(rejects(&world).await, [of_b.as_str()]);
        // It counts among those that a run bears, though it does not come.
        let d = r#"{"id":"d","at":4}"#;
        world.upstream.answers(changed(&[a, b, c, d]));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Suspect);
        let error = report.error.expect("a reason");
        assert!(error.contains("2 rejects and bad values"), "{error}");
        // Changed, and bad still: the record is kept as it is now.
        let (b, d) = (
            r#"{"id":"b","name":null,"at":5}"#,
            r#"{"id":"d","name":"d","at":5}"#,
        );
        world.upstream.answers(changed(&[a, b, c, d]));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        let of_b = format!("record b /name null {missing}");
        assert_eq!(rejects(&world).await, [of_b.as_str()]);
        world
            .redefine(&CHANGES.replace("required = true", "required = false"))
            .await;
        assert_eq!(counts(&replay(&world).await), [1, 0, 0, 0, 0]);
        assert_eq!(world.live("things").await, ["a", "b", "c", "d"]);
        assert_eq!(rejects(&world).await, [""; 0]);
        // What a run of everything does not bring is gone.
        world.redefine(CHANGES).await;
        let e = r#"{"id":"e","at":9}"#;
        world.upstream.answers(changed(&[a, b, c, d, e]));
        world.sync("things").await;
        assert!(!rejects(&world).await.is_empty());
        world.upstream.answers(changed(&[a, c, d]));
        let how = How {
            full: true,
            accept_deletes: true,
            ..How::default()
        };
        assert_outcome(&world.sync_how("things", how).await, Outcome::Complete);
        assert_eq!(rejects(&world).await, [""; 0]);
    })
    .await;
}
