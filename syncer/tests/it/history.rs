//! Each version of each record: kept with its row, begun with the rows that are there, and told as they were.

use std::collections::BTreeMap;

use entity::{
    definition::Definition,
    record::{self, Op, Past},
    run::Outcome,
    version,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use sea_orm::EntityTrait;

use crate::world::{THINGS, World, assert_outcome, on_each_database};

const A: &str = r#"{"id":"a","name":"Anna","tags":["x","y"],"size":1}"#;
const B: &str = r#"{"id":"b","name":"Bert","size":2, "more": 1.50}"#;
const C: &str = r#"{"id":"c","name":"Carl"}"#;
const B2: &str = r#"{"id":"b","name":"Berta"}"#;

/// The things with a history; all of them may go at once, `how` they do.
fn things(how: &str) -> String {
    let deletes = format!("history = true\ndeletes = {{ how = \"{how}\", max = \"100%\" }}");
    THINGS.replace("deletes = { how = \"soft\", max = \"50%\" }", &deletes)
}

fn definition(world: &World) -> &Definition {
    let plan = world.catalog.sources[0].resource("things");
    &plan.expect("the resource is defined").definition
}

/// The records as they were at `version`, read page by page.
async fn as_of(world: &World, version: i64) -> Vec<String> {
    let (mut records, mut after, mut pages) = (Vec::new(), 0, 0);
    loop {
        let wanted = Past {
            version,
            after,
            limit: 2,
            bytes: 1 << 20,
        };
        let page = record::past(&world.db, definition(world), wanted).await;
        let page = page.expect("the database answers");
        assert!(page.rows.is_sorted_by(|a, b| a.rowno < b.rowno));
        records.extend(page.rows.into_iter().map(|row| row.payload));
        pages += 1;
        assert!(pages < 100, "it comes to an end");
        match page.end {
            Some(end) => after = end,
            None => return records,
        }
    }
}

/// The live records now.
async fn live(world: &World) -> Vec<String> {
    let rows = world.rows("things").await.into_iter();
    let live = rows.filter(|row| !row.deleted);
    live.map(|row| row.payload).collect()
}

/// Version, op and payload of each version of a key, the oldest first.
async fn versions(world: &World, key: &str) -> Vec<(i64, Op, Option<String>)> {
    let page = record::history(
        &world.db,
        definition(world),
        (key, i64::MAX),
        (100, 1 << 20),
    );
    let page = page.await.expect("the database answers");
    assert_eq!(page.older, None);
    let entries = page.entries.into_iter().rev();
    entries
        .map(|entry| (entry.version, entry.op, entry.payload))
        .collect()
}

async fn ops(world: &World, key: &str) -> Vec<Op> {
    let versions = versions(world, key).await;
    versions.into_iter().map(|(_, op, _)| op).collect()
}

async fn entries(world: &World) -> Vec<Option<String>> {
    let all = "SELECT CAST(COUNT(*) AS CHAR) FROM fake_things__history";
    world.column(all).await
}

/// What the upstream has at each run: of each key nothing, or one of three records.
fn states() -> Vec<Vec<u8>> {
    let state = proptest::collection::vec(0..4_u8, 7);
    let many = proptest::collection::vec(state, 25..26);
    // The seed is fixed.
    let mut runner = TestRunner::deterministic();
    many.new_tree(&mut runner).expect("a value").current()
}

async fn every_version_is_told_as_it_was(how: &str) {
    on_each_database(&things(how), async |world| {
        let (mut snapshots, mut keyed) = (BTreeMap::new(), BTreeMap::new());
        snapshots.insert(0, Vec::new());
        for state in states() {
            let has = (0..).zip(&state).filter(|(_, value)| **value > 0);
            let has: Vec<String> = has
                .map(|(key, value)| format!(r#"{{"id":"k{key}","name":"{value}"}}"#))
                .collect();
            let has: Vec<&str> = has.iter().map(String::as_str).collect();
            world.upstream.has(&has);
            assert_outcome(&world.sync("things").await, Outcome::Complete);
            let version = world.resource("things").await.version;
            snapshots.insert(version, live(&world).await);
            let rows = world.rows("things").await.into_iter();
            let rows = rows.filter(|row| !row.deleted);
            let rows = rows.map(|row| (row.key, row.payload));
            keyed.insert(version, rows.collect::<BTreeMap<_, _>>());
        }
        assert!(snapshots.len() > 20, "the runs change something");
        for (version, snapshot) in &snapshots {
            assert_eq!(as_of(&world, *version).await, *snapshot, "{version}");
        }
        for (version, snapshot) in &keyed {
            for key in (0..7).map(|key| format!("k{key}")) {
                let wanted = (key.as_str(), *version);
                let found = record::past_of(&world.db, definition(&world), wanted).await;
                let found = found.expect("the database answers");
                assert_eq!(found.as_ref(), snapshot.get(&key), "{key} at {version}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_version_is_told_as_it_was_with_marks() {
    every_version_is_told_as_it_was("soft").await;
}

#[tokio::test]
async fn every_version_is_told_as_it_was_where_nothing_stays() {
    every_version_is_told_as_it_was("hard").await;
}

#[tokio::test]
async fn a_version_is_kept_of_what_changes_and_of_nothing_else() {
    on_each_database(&things("hard"), async |world| {
        world.upstream.has(&[A, B]);
        world.sync("things").await;
        let first = entries(&world).await;
        assert_eq!(first, [Some("2".to_owned())]);
        let report = world.sync("things").await;
        assert_eq!(report.counts.unchanged, 2);
        assert_eq!(entries(&world).await, first, "nothing changed");
        world.upstream.has(&[A, B2]);
        let changing = world.sync("things").await;
        world.upstream.has(&[A]);
        let deleting = world.sync("things").await;
        world.upstream.has(&[A, B]);
        world.sync("things").await;
        let found = versions(&world, "b").await;
        let told: Vec<_> = found
            .iter()
            .map(|(_, op, payload)| (*op, payload.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (Op::Insert, Some(B)),
                (Op::Update, Some(B2)),
                (Op::Delete, None),
                (Op::Insert, Some(B)),
            ]
        );
        // Each version is its run's.
        let resource = world.resource("things").await;
        let numbers: Vec<i64> = found.iter().map(|(version, ..)| *version).collect();
        let runs = version::Entity::runs_of(&world.db, resource.id, &numbers).await;
        let runs = runs.expect("the database answers");
        assert_eq!(runs.len(), 4);
        assert_eq!(runs[&numbers[1]], changing.run);
        assert_eq!(runs[&numbers[2]], deleting.run);
    })
    .await;
}

#[tokio::test]
async fn a_history_begins_with_the_rows_that_are_there() {
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[A, B, C]);
        world.sync("things").await;
        world.upstream.has(&[A, B]);
        world.sync("things").await;
        assert_eq!(world.resource("things").await.history_version, None);
        world.redefine(&things("soft")).await;
        let begun = world.resource("things").await;
        assert_eq!(begun.history_version, Some(begun.version));
        assert_eq!(begun.history_at, begun.changed_at);
        assert_eq!(as_of(&world, begun.version).await, [A, B]);
        assert_eq!(ops(&world, "a").await, [Op::Insert]);
        assert_eq!(ops(&world, "c").await, [Op::Delete]);
        world.upstream.has(&[A, B2, C]);
        world.sync("things").await;
        assert_eq!(as_of(&world, begun.version).await, [A, B]);
        let now = world.resource("things").await.version;
        assert_eq!(as_of(&world, now).await, [A, B2, C]);
        assert_eq!(ops(&world, "c").await, [Op::Delete, Op::Update]);
        // The same definition again changes nothing.
        world.redefine(&things("soft")).await;
        let again = world.resource("things").await;
        assert_eq!(again.history_version, begun.history_version);
    })
    .await;
}

#[tokio::test]
async fn a_history_that_is_not_wanted_any_more_stays_and_can_be_gone_on_with() {
    on_each_database(&things("hard"), async |mut world| {
        world.upstream.has(&[A, B, C]);
        world.sync("things").await;
        let first = world.resource("things").await.version;
        world
            .redefine(&THINGS.replace("50%", "100%").replace("soft", "hard"))
            .await;
        let without = world.resource("things").await;
        assert_eq!((without.history_version, without.history_at), (None, None));
        assert_eq!(entries(&world).await, [Some("3".to_owned())]);
        world.upstream.has(&[B2, C]);
        world.sync("things").await;
        assert_eq!(entries(&world).await, [Some("3".to_owned())]);
        world.redefine(&things("hard")).await;
        let begun = world.resource("things").await;
        assert_eq!(begun.history_version, Some(begun.version));
        assert!(begun.version > first);
        // What happened meanwhile is known as far as it can be seen.
        assert_eq!(as_of(&world, begun.version).await, [B2, C]);
        assert_eq!(ops(&world, "a").await, [Op::Insert, Op::Delete]);
        assert_eq!(ops(&world, "b").await, [Op::Insert, Op::Update]);
        assert_eq!(ops(&world, "c").await, [Op::Insert]);
    })
    .await;
}

#[tokio::test]
async fn a_beginning_that_was_broken_off_is_made_again() {
    on_each_database(THINGS, async |mut world| {
        world.upstream.has(&[A, B, C]);
        world.sync("things").await;
        let before = world.resource("things").await;
        world.stopper.stop();
        world.redefine(&things("soft")).await;
        let stopped = world.resource("things").await;
        assert_eq!(stopped.history_version, None);
        assert!(!stopped.definition().expect("a definition").history);
        world.go_on();
        world.redefine(&things("soft")).await;
        let begun = world.resource("things").await;
        assert_eq!(begun.history_version, Some(before.version));
        assert!(begun.definition().expect("a definition").history);
        assert_eq!(as_of(&world, before.version).await, [A, B, C]);
    })
    .await;
}

#[tokio::test]
async fn another_key_begins_it_anew() {
    on_each_database(&things("soft"), async |mut world| {
        world.upstream.has(&[A, B]);
        world.sync("things").await;
        let before = world.resource("things").await.version;
        let named = things("soft").replace("key     = [\"id\"]", "key = [\"name\"]");
        world.redefine(&named).await;
        let begun = world.resource("things").await;
        assert_eq!(begun.history_version, Some(before + 1));
        assert_eq!(as_of(&world, before + 1).await, [A, B]);
        assert_eq!(ops(&world, "a").await, []);
        assert_eq!(ops(&world, "Anna").await, [Op::Insert]);
        // Nor does a key that changes meanwhile leave entries under the old one.
        world
            .redefine(&THINGS.replace("key     = [\"id\"]", "key = [\"name\"]"))
            .await;
        world.redefine(THINGS).await;
        world.redefine(&things("soft")).await;
        assert_eq!(ops(&world, "Anna").await, []);
        assert_eq!(ops(&world, "a").await, [Op::Insert]);
        let versions = version::Entity::find().all(&world.db).await;
        let versions = versions.expect("the database answers").into_iter();
        let unknown = versions.filter(|version| version.run_id.is_none()).count();
        assert_eq!(unknown, 3, "the beginning, and each change of the key");
    })
    .await;
}
