//! Keys that no database may take for one another, records that cannot become rows, values that do not fit.

use entity::{reject, run::Outcome};
use sea_orm::EntityTrait;

use crate::world::{THINGS, assert_outcome, on_each_database};

#[tokio::test]
async fn keys_are_equal_only_byte_for_byte() {
    let long = "k".repeat(512);
    let keys = [
        "a",
        "A",
        "a ",
        " a",
        "ä",
        "a\u{308}",
        "é",
        "e",
        "ß",
        "ss",
        "🐈",
        "\u{10ffff}",
        "a/b,c%",
        "0",
        "00",
        &long,
    ];
    let records: Vec<String> = keys
        .iter()
        .map(|key| serde_json::json!({ "id": key, "name": key }).to_string())
        .collect();
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .has(&records.iter().map(String::as_str).collect::<Vec<_>>());
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(
            report.counts.inserted,
            i64::try_from(keys.len()).expect("a few")
        );
        let stored: Vec<String> = world
            .rows("things")
            .await
            .into_iter()
            .map(|row| row.key)
            .collect();
        assert_eq!(stored, keys);
        assert_eq!(
            world.sync("things").await.counts.unchanged,
            i64::try_from(keys.len()).expect("a few")
        );
        let found = world
            .column("SELECT record_key FROM fake_things WHERE record_key = 'a '")
            .await;
        assert_eq!(found, [Some("a ".to_owned())]);
        let found = world
            .column("SELECT record_key FROM fake_things WHERE name = 'A'")
            .await;
        assert_eq!(found, [Some("A".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_record_without_a_usable_key_is_a_reject() {
    let too_long = serde_json::json!({ "id": "k".repeat(513) }).to_string();
    let bad = [
        r#"{"name":"no key"}"#,
        r#"{"id":null}"#,
        r#"{"id":""}"#,
        r#"{"id":{}}"#,
        r#"{"id":"\ud800"}"#,
        "7",
        &too_long,
    ];
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .has(&[&bad[..], &[r#"{"id":"good"}"#]].concat());
        let report = world.sync("things").await;
        // The upstream was read whole: what it holds that is bad is not the run's fault.
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.rejected, report.counts.inserted), (7, 1));
        let rejects = reject::Entity::find()
            .all(&world.db)
            .await
            .expect("the database answers");
        let payloads: Vec<&str> = rejects
            .iter()
            .map(|reject| reject.payload.as_str())
            .collect();
        assert_eq!(payloads, bad);
        let reasons: Vec<&str> = rejects
            .iter()
            .map(|reject| reject.reason.as_str())
            .collect();
        assert_eq!(
            reasons,
            [
                "key field `id` is absent or null",
                "key field `id` is absent or null",
                "key field `id` is an empty text",
                "key field `id` is an object; a key is a text, a number or a boolean",
                "key field `id` is not Unicode text: unexpected end of hex escape at line 1 column 8",
                "the record is a number; a record must be an object",
                "the key has 513 bytes; at most 512 can be stored",
            ]
        );
        // The same rejects again are not written again.
        world.sync("things").await;
        let again = reject::Entity::find().all(&world.db).await.expect("the database answers");
        assert_eq!(again, rejects);
        // And once the upstream sends them right, they are gone.
        world.upstream.has(&[r#"{"id":"good"}"#]);
        world.sync("things").await;
        let left = reject::Entity::find().all(&world.db).await.expect("the database answers");
        assert!(left.is_empty(), "{left:?}");
    })
    .await;
}

#[tokio::test]
async fn a_rejected_record_does_not_delete_its_row() {
    let strict = THINGS.replace(
        "size = \"integer\"",
        "size = { type = \"integer\", on_bad = \"reject\" }",
    );
    on_each_database(&strict, async |world| {
        world
            .upstream
            .has(&[r#"{"id":"a","size":1}"#, r#"{"id":"b","size":2}"#]);
        world.sync("things").await;
        world
            .upstream
            .has(&[r#"{"id":"a","size":"large"}"#, r#"{"id":"b","size":2}"#]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.rejected, report.counts.deleted), (1, 0));
        let rows = world.rows("things").await;
        assert_eq!(
            (rows[0].payload.as_str(), rows[0].deleted),
            (r#"{"id":"a","size":1}"#, false)
        );
        let rejects = reject::Entity::find()
            .all(&world.db)
            .await
            .expect("the database answers");
        assert_eq!(
            rejects[0].reason,
            "field `size`: `large` is not an integer of 64 bits"
        );
    })
    .await;
}

#[tokio::test]
async fn a_record_that_lost_its_key_may_be_any_row_and_deletes_none() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .has(&[r#"{"id":"a"}"#, r#"{"id":"b"}"#, r#"{"id":"c"}"#]);
        world.sync("things").await;
        world
            .upstream
            .has(&[r#"{"id":"a"}"#, r#"{"Id":"b"}"#, r#"{"id":"c"}"#]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        let said = report.error.expect("a reason");
        assert!(
            said.starts_with("1 rows did not come, but 1 records came whose key cannot be read"),
            "{said}"
        );
        assert_eq!(world.live("things").await, ["a", "b", "c"]);
    })
    .await;
}

#[tokio::test]
async fn a_bad_value_is_counted_and_left_out() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[
            r#"{"id":"a","size":9223372036854775808,"tags":{}}"#,
            r#"{"id":"b","size":9223372036854775807}"#,
        ]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.bad_values, report.counts.rejected), (2, 0));
        let large = world
            .column("SELECT record_key FROM fake_things WHERE size = 9223372036854775807")
            .await;
        assert_eq!(large, [Some("b".to_owned())]);
        assert!(
            world.rows("things").await[0]
                .payload
                .contains("9223372036854775808")
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_that_comes_twice_in_a_page() {
    on_each_database(THINGS, async |world| {
        world.upstream.has(&[
            r#"{"id":"a","name":"first"}"#,
            r#"{"id":"a","name":"second"}"#,
        ]);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.inserted, report.counts.rejected), (1, 1));
        assert!(world.rows("things").await[0].payload.contains("first"));
    })
    .await;
}

#[tokio::test]
async fn a_probe_tells_which_fields_no_record_has() {
    on_each_database(THINGS, async |world| {
        world
            .upstream
            .has(&[r#"{"id":"a","name":"Anna","tag":["x"]}"#, r#"{"id":"b"}"#]);
        let source = &world.catalog.sources[0];
        let plan = source.resource("things").expect("it is defined");
        let probe = syncer::probe(&world.ctx, source, plan).await;
        assert_eq!(probe.absent, ["tags", "size"]);
        assert_eq!((probe.records, probe.total), (2, Some(2)));
        assert!(
            world.rows("things").await.is_empty(),
            "a probe writes nothing"
        );
    })
    .await;
}

const TYPED: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.typed]
path = "/typed"
key  = ["id"]
page = { kind = "none" }
mode = "mirror"
[resource.typed.fields]
price   = "decimal(5,2)"
exact   = "decimal(40,10)"
ratio   = "float"
active  = "boolean"
seen_at = "timestamp"
epoch   = { type = "timestamp", format = "epoch_ms" }
born    = { type = "date", format = "%d.%m.%Y" }
extra   = "json"
years   = { from = "/span/0", type = "integer", match = '^(\d+)' }
note    = { type = "text", index = false }
"#;

#[tokio::test]
async fn every_type_is_stored_exactly() {
    let note = "ß".repeat(70_000);
    let record = format!(
        r#"{{"id":1,"price":12.5,"exact":"-12345678901234567890.0123456789","ratio":0.1,"active":"yes",
            "seen_at":"2026-11-21T10:00:00.123456+02:00","epoch":1700000000250,"born":"29.02.2024",
            "extra":{{"b":1.0,"a":[]}},"span":["14 - 15"],"note":"{note}"}}"#
    );
    on_each_database(TYPED, async |world| {
        world.upstream.answers({
            let record = record.clone();
            move |_| crate::upstream::Reply::json(format!("[{record}]"))
        });
        let report = world.sync("typed").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.bad_values, 0);
        let holds = async |condition: &str| {
            let found = world
                .column(&format!(
                    "SELECT record_key FROM fake_typed WHERE {condition}"
                ))
                .await;
            assert_eq!(found, [Some("1".to_owned())], "{condition}");
        };
        holds("price = 12.5 AND ratio = 0.1 AND active AND years = 14").await;
        holds("seen_at LIKE '2026-11-21_08:00:00.123456%' AND born LIKE '2024-02-29%'").await;
        holds("epoch LIKE '2023-11-14_22:13:20.25%'").await;
        holds(r#"extra = '{"b":1.0,"a":[]}'"#).await;
        holds(&format!("note = '{note}'")).await;
        holds("price < 100 AND price > 2").await;
        let exact = if world.url().starts_with("sqlite") {
            // Text that sorts like the number: `-` and the nines' complement.
            "exact LIKE '-9999999999%'"
        } else {
            "exact = CAST('-12345678901234567890.0123456789' AS DECIMAL(40,10))"
        };
        holds(exact).await;
    })
    .await;
}

const HARD: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.hard]
path = "/hard"
key  = ["id"]
page = { kind = "none" }
[resource.hard.fields]
name  = { type = "text", index = false }
exact = "decimal(65,30)"
extra = "json"
kinds = { type = "list", from = "/categories/*/name" }
whole = { type = "json", from = "" }
"#;

#[tokio::test]
async fn values_at_their_worst_are_kept_whole_or_told_of() {
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let long = "é".repeat(500_000);
    let records = [
        r#"{"id":"nul\u0000","name":"a\u0000b"}"#.to_owned(),
        r#"{"id":"nul"}"#.to_owned(),
        format!(r#"{{"id":"deep","extra":{deep},"other":{deep}}}"#),
        format!(r#"{{"id":"long","name":"{long}"}}"#),
        r#"{"id":"digits","exact":-12345678901234567890123456789012345.678901234567890123456789012345,"n":123456789012345678901234567890}"#.to_owned(),
        r#"{"id":"half","name":"\ud83d","other":"\udc00"}"#.to_owned(),
        r#"{"\ud83d":1,"id":"name"}"#.to_owned(),
        r#"{"id":"late","\ud83d":1}"#.to_owned(),
        r#"{"id":"kinds","categories":[{"name":"b"},{"name":null},{},{"name":7}]}"#.to_owned(),
        r#"{"id":"none","categories":[]}"#.to_owned(),
        r#"{"id":"wrong","categories":{"name":"b"}}"#.to_owned(),
    ];
    let body = format!("[{}]", records.join(","));
    on_each_database(HARD, async |world| {
        let body = body.clone();
        world
            .upstream
            .answers(move |_| crate::upstream::Reply::json(body.clone()));
        let report = world.sync("hard").await;
        assert_outcome(&report, Outcome::Complete);
        let counts = report.counts;
        assert_eq!(
            (counts.inserted, counts.rejected, counts.bad_values),
            (9, 2, 2)
        );
        let stored = world.rows("hard").await;
        let stored: Vec<&str> = stored.iter().map(|row| row.payload.as_str()).collect();
        let kept = records
            .iter()
            .filter(|record| !record.contains(r#""\ud83d":1"#));
        assert!(
            stored == kept.collect::<Vec<_>>(),
            "each payload is as it came"
        );
        let reasons = world.reasons().await;
        assert_eq!(reasons.len(), 2);
        assert!(
            reasons
                .iter()
                .all(|reason| reason.starts_with("the record cannot be read: ")),
            "{reasons:?}"
        );
        let holds = async |what: &str, id: &str, expected: &[&str]| {
            let found = world
                .column(&format!(
                    "SELECT {what} FROM fake_hard WHERE record_key = '{id}'"
                ))
                .await;
            let found: Vec<_> = found.iter().map(Option::as_deref).collect();
            assert!(
                found == expected.iter().copied().map(Some).collect::<Vec<_>>(),
                "{what} of {id}"
            );
        };
        holds("name", "long", &[&long]).await;
        holds("extra", "deep", &[&deep]).await;
        holds("whole", "none", &[&records[9]]).await;
        let nul = world
            .column("SELECT name FROM fake_hard ORDER BY rowno")
            .await;
        assert_eq!(nul[0].as_deref(), Some("a\0b"));
        let kinds = world
            .column("SELECT value FROM fake_hard__kinds ORDER BY rowno, position")
            .await;
        assert_eq!(kinds, [Some("b".to_owned()), Some("7".to_owned())]);
        if !world.url().starts_with("sqlite") {
            let exact = "-12345678901234567890123456789012345.678901234567890123456789012345";
            holds("CAST(exact AS CHAR)", "digits", &[exact]).await;
        }
        let again = world.sync("hard").await;
        assert_eq!((again.counts.unchanged, again.counts.updated), (9, 0));
    })
    .await;
}
