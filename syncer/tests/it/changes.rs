//! What a complete run writes, and what the next one does not.

use entity::{run::Outcome, source};
use sea_orm::EntityTrait;
use syncer::How;

use crate::{
    upstream::paged,
    world::{THINGS, assert_outcome, on_each_database},
};

const A: &str = r#"{"id":"a","name":"Anna","tags":["x","y"],"size":1}"#;
const B: &str = r#"{"id":"b","name":"Bert","tags":[],"size":2, "more": 1.50}"#;
const C: &str = r#"{"id":"c","name":"Carl"}"#;
const D: &str = r#"{"id":"d","name":null}"#;
const E: &str = r#"{"id":"e"}"#;

#[tokio::test]
async fn a_first_run_stores_every_record_byte_for_byte() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[A, B, C, D, E]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!(
            (
                counts.pages,
                counts.requests,
                counts.fetched,
                counts.inserted
            ),
            (3, 3, 5, 5)
        );
        assert_eq!(counts.total, Some(5));
        let rows = world.rows("things").await;
        let payloads: Vec<&str> = rows.iter().map(|row| row.payload.as_str()).collect();
        assert_eq!(payloads, [A, B, C, D, E]);
        let resource = world.resource("things").await;
        // As many commits as were worth it, three pages at most.
        assert!((1..=3).contains(&resource.version), "{}", resource.version);
        assert_eq!((resource.live_rows, resource.complete), (5, true));
        assert_eq!(resource.synced_at, Some(world.ctx.clock.now()));
        let names = world
            .column("SELECT name FROM fake_things ORDER BY rowno")
            .await;
        assert_eq!(
            names,
            [
                Some("Anna".into()),
                Some("Bert".into()),
                Some("Carl".into()),
                None,
                None
            ]
        );
        let tags = world
            .column("SELECT value FROM fake_things__tags ORDER BY rowno, position")
            .await;
        assert_eq!(tags, [Some("x".into()), Some("y".into())]);
    })
    .await;
}

#[tokio::test]
async fn an_unchanged_upstream_costs_no_row() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[A, B, C, D, E]);
        world.sync("things").await;
        let (rows, resource) = (world.models("things").await, world.resource("things").await);
        let sources = source::Entity::find()
            .all(&world.db)
            .await
            .expect("the database answers");
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(
            (
                report.counts.unchanged,
                report.counts.inserted,
                report.counts.updated
            ),
            (5, 0, 0)
        );
        assert_eq!(world.models("things").await, rows);
        assert_eq!(
            source::Entity::find()
                .all(&world.db)
                .await
                .expect("the database answers"),
            sources
        );
        let after = world.resource("things").await;
        assert_eq!(
            (after.version, after.changed_at),
            (resource.version, resource.changed_at)
        );
        assert!(after.synced_at > resource.synced_at);
    })
    .await;
}

#[tokio::test]
async fn only_what_changed_is_written_and_what_is_gone_is_marked() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[A, B, C, D, E]);
        world.sync("things").await;
        let before = world.resource("things").await.version;
        let edited = r#"{"id":"b","name":"Berta","tags":["z"]}"#;
        world.upstream.has(&[A, edited, E]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!(
            (counts.updated, counts.unchanged, counts.deleted),
            (1, 2, 2)
        );
        let rows = world.rows("things").await;
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.key.as_str(), (row.version - before).max(0), row.deleted))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", 0, false),
                ("b", 1, false),
                ("c", 2, true),
                ("d", 2, true),
                ("e", 0, false)
            ]
        );
        assert_eq!(rows[1].payload, edited);
        let resource = world.resource("things").await;
        assert_eq!(
            (resource.version, resource.live_rows, resource.complete),
            (before + 2, 3, true)
        );
        assert_eq!(resource.horizon, 0, "a mark is a trace");
        let tags = world
            .column("SELECT value FROM fake_things__tags ORDER BY rowno, position")
            .await;
        assert_eq!(tags, [Some("x".into()), Some("y".into()), Some("z".into())]);
        // What comes back lives again in its old row.
        world.upstream.has(&[A, edited, C, E]);
        assert_eq!(world.sync("things").await.counts.updated, 1);
        assert_eq!(world.live("things").await, ["a", "b", "c", "e"]);
        assert_eq!(world.resource("things").await.live_rows, 4);
    })
    .await;
}

#[tokio::test]
async fn hard_deletes_leave_nothing() {
    let hard = THINGS.replace("\"soft\"", "\"hard\"");
    on_each_database(&hard, async |world| {
        world.upstream.has(&[A, B, C]);
        world.sync("things").await;
        world.upstream.has(&[B, C]);
        assert_eq!(world.sync("things").await.counts.deleted, 1);
        let keys: Vec<_> = world
            .rows("things")
            .await
            .into_iter()
            .map(|row| row.key)
            .collect();
        assert_eq!(keys, ["b", "c"]);
        assert_eq!(
            world.column("SELECT value FROM fake_things__tags").await,
            []
        );
        // Who does not know this version yet cannot be told of it.
        let resource = world.resource("things").await;
        assert_eq!(resource.horizon, resource.version);
        world.upstream.has(&[B, C, D]);
        world.sync("things").await;
        assert_eq!(world.resource("things").await.horizon, resource.version);
    })
    .await;
}

#[tokio::test]
async fn absence_means_nothing_to_an_upsert() {
    let upsert = THINGS.replace("\"mirror\"", "\"upsert\"");
    on_each_database(&upsert, async |world| {
        world.upstream.has(&[A, B, C]);
        world.sync("things").await;
        world.upstream.has(&[C]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.live("things").await, ["a", "b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn too_many_deletes_are_suspect_until_they_are_accepted() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[A, B, C, D, E]);
        world.sync("things").await;
        world.upstream.has(&[A]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Suspect);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("it would delete 4 of 5 rows where deletes.max is 50 %")
        );
        assert_eq!(world.live("things").await.len(), 5);
        let accepted = world
            .sync_how(
                "things",
                How {
                    accept_deletes: true,
                    ..How::default()
                },
            )
            .await;
        assert_outcome(&accepted, Outcome::Complete);
        assert_eq!(world.live("things").await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn readers_see_that_a_run_under_way_is_not_complete() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[A, B]);
        world.sync("things").await;
        // The second page breaks off, with changes of the first written.
        let records: Vec<String> = [C, D, A, B].map(str::to_owned).to_vec();
        world
            .upstream
            .answers(move |request| match request.number_in("page") {
                0 => paged(&records, request),
                _ => crate::upstream::Reply::status(500, "broken"),
            });
        assert_outcome(&world.sync("things").await, Outcome::Partial);
        let resource = world.resource("things").await;
        assert!(!resource.complete);
        assert_eq!(
            (resource.live_rows, resource.last_outcome),
            (4, Some(Outcome::Partial))
        );
    })
    .await;
}
