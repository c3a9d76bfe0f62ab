//! What identifies a record: its key, its bytes, its place. And what marks one as deleted.

use entity::run::Outcome;

use crate::{
    upstream::Reply,
    world::{THINGS, World, assert_outcome, on_each_database},
};

fn keyed(key: &str) -> String {
    THINGS
        .replace("key     = [\"id\"]", &format!("key = {key}"))
        .replace("\"50%\"", "\"100%\"")
}

async fn live(world: &World) -> Vec<(String, String)> {
    let rows = world.rows("things").await.into_iter();
    rows.filter(|row| !row.deleted)
        .map(|row| (row.key, row.payload))
        .collect()
}

#[tokio::test]
async fn records_known_by_their_bytes() {
    let untold = keyed("\"hash\"").replace(r#", total = "header:pagination-count""#, "");
    on_each_database(&untold, async |world| {
        let (a, b) = (r#"{"name":"a"}"#, r#"{"name":"b"}"#);
        // The same record on two pages, and all of a page before: one row, and no circle.
        world.upstream.has(&[a, b, a, a, b, a, "7"]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.inserted, report.counts.rejected), (2, 1));
        let rows = live(&world).await;
        let payloads: Vec<_> = rows.iter().map(|(_, payload)| payload.as_str()).collect();
        assert_eq!(payloads, [a, b]);
        assert!(
            rows.iter().all(|(key, _)| key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())),
            "{rows:?}"
        );
        // A record that changed is another one; what is no object could not have been any row.
        let c = r#"{"name":"c"}"#;
        world.upstream.has(&[a, c, "7"]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!((counts.unchanged, counts.inserted, counts.deleted), (1, 1, 1));
        let after = live(&world).await;
        assert_eq!(after[0], rows[0]);
        assert_eq!(after[1].1, c);
    })
    .await;
}

#[tokio::test]
async fn records_known_by_their_place() {
    let toml = keyed("\"line\"");
    let from = toml.find("page    =").expect("its paging");
    let until = toml.find("[resource.things.fields]").expect("its fields");
    let toml = [
        &toml[..from],
        "page = { kind = \"none\" }\n",
        &toml[until..],
    ]
    .concat();
    on_each_database(&toml, async |world| {
        let has = |records: &[&str]| {
            let body = format!("[{}]", records.join(","));
            world.upstream.answers(move |_| Reply::json(body.clone()));
        };
        let (a, b) = (r#"{"name":"a"}"#, r#"{"name":"b"}"#);
        has(&[a, a, b, a, a]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.inserted, 5);
        let of = |rows: &[(String, String)]| {
            let texts = rows
                .iter()
                .map(|(key, payload)| format!("{key} {}", &payload[9..10]));
            texts.collect::<Vec<_>>()
        };
        assert_eq!(of(&live(&world).await), ["1 a", "2 a", "3 b", "4 a", "5 a"]);
        // One changed, one cannot be read and keeps its row, one is gone.
        has(&[a, b, "[]", a]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!((counts.updated, counts.rejected, counts.deleted), (1, 1, 1));
        assert_eq!(of(&live(&world).await), ["1 a", "2 b", "3 b", "4 a"]);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_the_upstream_marks_as_deleted() {
    let toml = THINGS
        .replace("max = \"50%\"", "flag = \"/gone/at\"")
        .replace(
            "name = \"text\"",
            "name = { type = \"text\", required = true }",
        );
    on_each_database(&toml, async |world| {
        let a = r#"{"id":"a","name":"Anna","gone":{"at":null}}"#;
        let b = r#"{"id":"b","name":"Bert","gone":{"at":0}}"#;
        let c = r#"{"id":"c","name":"Carl"}"#;
        world.upstream.has(&[a, b, c]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(world.live("things").await, ["a", "b", "c"]);
        // A tombstone has a key and the mark, and need not have what a row must.
        let tombstone = r#"{"id":"b","gone":{"at":"2026-11-21"}}"#;
        let unknown = r#"{"id":"x","gone":{"at":true}}"#;
        world.upstream.has(&[a, tombstone, c, unknown]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!(
            (counts.deleted, counts.rejected, counts.inserted),
            (1, 0, 0)
        );
        assert_eq!(world.live("things").await, ["a", "c"]);
        world.upstream.has(&[a, b, c]);
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.live("things").await, ["a", "b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_stands_twice_in_its_record() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[
            r#"{"id":"a","name":"first","name":"second"}"#,
            r#"{"id":"b","id":"c"}"#,
        ]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(world.live("things").await, ["a"]);
        let name = world.column("SELECT name FROM fake_things").await;
        assert_eq!(
            name,
            [Some("second".to_owned())],
            "of two members the last counts"
        );
        let reasons = world.reasons().await;
        assert_eq!(
            reasons,
            ["the record has several members `id`, which is its key"]
        );
    })
    .await;
}
