//! Neighbours, databases and moments at their worst: what must still be there.

use entity::run::{self, Outcome, Trigger};
use sea_orm::EntityTrait;
use syncer::How;

use crate::world::{THINGS, assert_outcome, on_each_database};

#[tokio::test]
async fn a_page_that_cannot_be_written_does_not_count() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[r#"{"id":"a"}"#, r#"{"id":"b"}"#]);
        world.sync("things").await;
        world
            .execute("CREATE UNIQUE INDEX ux_no_twins ON fake_things (size)")
            .await;
        world.upstream.has(&[
            r#"{"id":"a","size":1}"#,
            r#"{"id":"c","size":2}"#,
            r#"{"id":"d","size":1}"#,
        ]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        // The page before it counts if it was committed by itself, and not if it waited for this one.
        let inserted = report.counts.inserted;
        assert_eq!(report.counts.updated, inserted);
        assert!(inserted < 2, "{inserted}");
        assert_eq!(world.resource("things").await.live_rows, 2 + inserted);
        let live = world.live("things").await.len();
        assert_eq!(i64::try_from(live), Ok(2 + inserted));
    })
    .await;
}

#[tokio::test]
async fn a_tick_that_two_syncers_see_is_one_run() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[r#"{"id":"a"}"#]);
        let source = &world.catalog.sources[0];
        let plan = source.resource("things").expect("it is defined");
        let once = || syncer::sync(&world.ctx, source, plan, Trigger::Schedule, How::default());
        let (one, other) = tokio::join!(Box::pin(once()), Box::pin(once()));
        let made = [one, other].map(|report| report.expect("the database answers").is_some());
        assert!(made[0] != made[1], "{made:?}");
        let runs = run::Entity::find().all(&world.db).await;
        assert_eq!(runs.expect("the database answers").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_an_upsert_rejected_is_kept_until_it_comes_right() {
    let upsert = THINGS.replace("\"mirror\"", "\"upsert\"").replace(
        "size = \"integer\"",
        "size = { type = \"integer\", on_bad = \"reject\" }",
    );
    on_each_database(&upsert, async |world| {
        world.upstream.has(&[r#"{"id":"a","size":"large"}"#]);
        world.sync("things").await;
        let rejects = async || {
            let all = entity::reject::Entity::find().all(&world.db).await;
            all.expect("the database answers").len()
        };
        assert_eq!(rejects().await, 1);
        world.upstream.has(&[r#"{"id":"b","size":1}"#]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(rejects().await, 1, "absence means nothing");
        world.upstream.has(&[r#"{"id":"a","size":2}"#]);
        world.sync("things").await;
        assert_eq!(rejects().await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_changed_key_doubles_no_row() {
    let two = THINGS.replace("key     = [\"id\"]", "key     = [\"id\", \"kind\"]");
    on_each_database(THINGS, async |mut world| {
        world
            .upstream
            .has(&[r#"{"id":"a","kind":"x"}"#, r#"{"id":"b","kind":"y"}"#]);
        world.sync("things").await;
        world.redefine(&two).await;
        assert_eq!(world.live("things").await, ["a,x", "b,y"]);
        // Of the new keys nothing is told as a change.
        let resource = world.resource("things").await;
        assert_eq!((resource.version, resource.horizon), (2, 2));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.unchanged, 2);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_definition_that_broke_off_can_be_taken_back() {
    let changed = THINGS
        .replace(
            "name = \"text\"",
            "name = { type = \"text\", from = \"/kind\" }",
        )
        .replace("size = \"integer\"", "size = \"text\"");
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[
            r#"{"id":"a","name":"Anna","kind":"cat","size":1}"#,
            r#"{"id":"b","name":"Bert","kind":"cat","size":2}"#,
        ]);
        world.sync("things").await;
        // The columns are altered, and cannot be filled.
        world
            .execute("CREATE UNIQUE INDEX ux_names ON fake_things (name)")
            .await;
        world.try_redefine(&changed).await.expect_err("two cats");
        let drop = if world.url().starts_with("sqlite") {
            "DROP INDEX ux_names"
        } else {
            "DROP INDEX ux_names ON fake_things"
        };
        world.execute(drop).await;
        world.redefine(THINGS).await;
        let resource = world.resource("things").await;
        assert_eq!(resource.definition, resource.projection);
        let sizes = world
            .column("SELECT record_key FROM fake_things WHERE size < 3 ORDER BY size")
            .await;
        assert_eq!(sizes, [Some("a".to_owned()), Some("b".to_owned())]);
        let names = world
            .column("SELECT name FROM fake_things ORDER BY rowno")
            .await;
        assert_eq!(names, [Some("Anna".to_owned()), Some("Bert".to_owned())]);
    })
    .await;
}
