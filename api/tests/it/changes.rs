//! Changes as JSON: in order, with tombstones, from any place, up to the horizon.

use entity::{record::Row, resource};
use reqwest::{StatusCode, header::HeaderName};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, row, text},
    world::{Answer, World, settings},
    writer::{Op, Writer},
};

const CHANGES: &str = "/api/v1/cats/breeds/-/changes";

/// A breed with another payload than `breed` gives it.
pub(crate) fn renamed(id: &str, name: &str) -> Row {
    let payload = json!({ "id": id, "name": name }).to_string();
    row(&breeds(), id, &payload, &[("id", text(id))])
}

fn three() -> [Row; 3] {
    ["a", "b", "c"].map(|id| breed(id, &[]))
}

/// Place, kind and key of each change.
fn told(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    let changes = body["data"].as_array().expect("changes");
    let text = |change: &Value, name: &str| change[name].as_str().expect("a text").to_owned();
    let shown = changes.iter().map(|change| {
        let names = ["seq", "op", "key"];
        names.map(|name| text(change, name)).join(" ")
    });
    shown.collect()
}

fn last(answer: &Answer) -> (String, bool) {
    let body = answer.json();
    let last = body["last_seq"].as_str().expect("a place").to_owned();
    (last, body["more"].as_bool().expect("yes or no"))
}

#[tokio::test]
async fn each_row_is_told_with_its_last_change_in_order() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, breeds(), &three()).await;
        writer.commit(vec![Op::Put(renamed("b", "Bob"))]).await;
        writer.commit(vec![Op::Delete("a")]).await;
        let all = world.get(&format!("{CHANGES}?since=0")).await;
        let expected = concat!(
            r#"{"data":[{"seq":"1.3","version":1,"op":"insert","key":"c","at":"2027-01-15T08:00:00Z","data":{"id":"c"}},"#,
            r#"{"seq":"2.2","version":2,"op":"update","key":"b","at":"2027-01-15T08:00:01Z","data":{"id":"b","name":"Bob"}},"#,
            r#"{"seq":"3.1","version":3,"op":"delete","key":"a","at":"2027-01-15T08:00:02Z","data":null}],"#,
            r#""last_seq":"3","more":false,"version":3}"#
        );
        assert_eq!(all.body, expected, "{:?}", world.kind);
        assert_eq!(all.header("content-type"), "application/json");
        assert_eq!(all.header("cache-control"), "no-store");
        assert_eq!(all.header("catchment-version"), "3");
        let check = async |since: &str, expected: &[&str]| {
            let answer = world.get(&format!("{CHANGES}{since}")).await;
            assert_eq!(told(&answer), expected, "{since}");
            assert_eq!(last(&answer), ("3".to_owned(), false), "{since}");
        };
        check("?since=1", &["2.2 update b", "3.1 delete a"]).await;
        check("?since=2", &["3.1 delete a"]).await;
        check("?since=2.1", &["2.2 update b", "3.1 delete a"]).await;
        check("?since=2.2", &["3.1 delete a"]).await;
        check("?since=3.0", &["3.1 delete a"]).await;
        check("?since=3.1", &[]).await;
        check("?since=3", &[]).await;
        check("", &[]).await;
        // What comes back lives again in its old row.
        writer.commit(vec![Op::Put(breed("a", &[]))]).await;
        let back = world.get(&format!("{CHANGES}?since=3")).await;
        assert_eq!(told(&back), ["4.1 update a"]);
    })
    .await;
}

/// All changes, so many at a time, where that ends, and after how many answers.
async fn in_parts(world: &World, limit: usize) -> (Vec<String>, String, usize) {
    let (mut since, mut all, mut parts) = ("0".to_owned(), Vec::new(), 0);
    let mut more = true;
    while more {
        let path = format!("{CHANGES}?since={since}&limit={limit}");
        let answer = world.get(&path).await;
        let told = told(&answer);
        assert!(told.len() <= limit, "{path}");
        all.extend(told);
        parts += 1;
        (since, more) = last(&answer);
    }
    (all, since, parts)
}

#[tokio::test]
async fn a_version_is_told_in_parts() {
    World::each(async |world| {
        let rows: Vec<Row> = (0..7).map(|at| breed(&format!("b{at}"), &[])).collect();
        let mut writer = Writer::begin(&world, breeds(), &rows).await;
        let ops = ["b2", "b5"].map(|id| Op::Put(renamed(id, "x")));
        writer.commit(ops.into()).await;
        for limit in 1..9 {
            let (all, since, parts) = in_parts(&world, limit).await;
            let expected = [
                "1.1 insert b0",
                "1.2 insert b1",
                "1.4 insert b3",
                "1.5 insert b4",
                "1.7 insert b6",
                "2.3 update b2",
                "2.6 update b5",
            ];
            assert_eq!(all, expected, "{limit} at a time");
            assert_eq!(since, "2");
            assert_eq!(parts, 7_usize.div_ceil(limit), "{limit} at a time");
        }
    })
    .await;
}

#[tokio::test]
async fn a_large_answer_ends_before_its_limit() {
    World::each(async |world| {
        let large = "x".repeat(400_000);
        let rows = ["a", "b", "c", "d"].map(|id| renamed(id, &large));
        Writer::begin(&world, breeds(), &rows).await;
        let first = world.get(&format!("{CHANGES}?since=0")).await;
        assert_eq!(told(&first).len(), 3);
        assert_eq!(last(&first), ("1.3".to_owned(), true));
        let rest = world.get(&format!("{CHANGES}?since=1.3")).await;
        assert_eq!(told(&rest), ["1.4 insert d"]);
    })
    .await;
}

#[tokio::test]
async fn data_is_the_payload_byte_for_byte() {
    World::each(async |world| {
        let odd = "{ \"id\":\"odd\",\n\t\"n\":1.10,\"big\":123456789012345678901234567890,\"esc\":\"\\u00e9\\/\"}";
        let rows = [row(&breeds(), "odd", odd, &[("id", text("odd"))])];
        Writer::begin(&world, breeds(), &rows).await;
        let answer = world.get(&format!("{CHANGES}?since=0")).await;
        assert!(answer.body.contains(&format!(r#""data":{odd}}}"#)), "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn what_went_without_a_trace_is_410_with_the_version_to_go_on_from() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, breeds(), &three()).await;
        writer.commit(vec![Op::Put(renamed("b", "Bob"))]).await;
        writer.commit(vec![Op::Remove("a")]).await;
        let gone = async |since: &str, version: &str| {
            let answer = world.get(&format!("{CHANGES}?since={since}")).await;
            assert_eq!(answer.status, StatusCode::GONE, "{since}: {}", answer.body);
            let problem = answer.json();
            assert_eq!(problem["code"], "CHANGES_HORIZON");
            assert_eq!(problem["type"], "/problems/changes-horizon");
            assert_eq!(problem["retryable"], false);
            assert_eq!(problem["errors"][0]["parameter"], "since");
            assert_eq!(problem["errors"][0]["allowed"], json!([version]), "{since}");
        };
        for since in ["0", "1", "1.3", "2", "3.1"] {
            gone(since, "3").await;
        }
        let at_it = world.get(&format!("{CHANGES}?since=3")).await;
        assert_eq!(told(&at_it), [""; 0]);
        writer.commit(vec![Op::Put(breed("d", &[]))]).await;
        let answer = world.get(&format!("{CHANGES}?since=3")).await;
        assert_eq!(told(&answer), ["4.4 insert d"]);
        // Of another database, or one that began anew.
        for since in ["5", "5.1", "9223372036854775807"] {
            gone(since, "4").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_version_that_is_newer_than_what_was_read_is_read_then() {
    World::each(async |world| {
        let writer = Writer::begin(&world, breeds(), &three()).await;
        // Committed, and not told: as an export sees it.
        let change = resource::Change {
            version: 2,
            live_rows: 3,
            last_rowno: 3,
            at: world.now(),
            run_id: None,
        };
        let id = world.registered(&breeds()).await;
        let changed = resource::Entity::changed(&world.db, id, change).await;
        changed.expect("it is written down");
        assert_eq!(writer.version, 1);
        let answer = world.get(&format!("{CHANGES}?since=2")).await;
        assert_eq!(last(&answer), ("2".to_owned(), false));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_told_before_the_first_run_has_ended() {
    World::each(async |world| {
        world.registered(&breeds()).await;
        let none = world.get(&format!("{CHANGES}?since=0")).await;
        let nothing = r#"{"data":[],"last_seq":"0","more":false,"version":0}"#;
        assert_eq!(none.body, nothing);
        let writer = Writer::begin(&world, breeds(), &three()).await;
        let indexed = async |yes: bool| {
            let sql = format!("UPDATE resource SET indexed = {}", i32::from(yes));
            let done = world.db.execute_unprepared(&sql).await;
            done.expect("it is written down");
            world.refresh().await;
        };
        indexed(false).await;
        let filling = world.get(&format!("{CHANGES}?since=0")).await;
        assert_eq!(
            filling.body,
            nothing.replace("\"version\":0", "\"version\":1")
        );
        indexed(true).await;
        let filled = world.get(&format!("{CHANGES}?since=0")).await;
        assert_eq!(told(&filled).len(), writer.live().len());
    })
    .await;
}

#[tokio::test]
async fn a_long_poll_is_answered_when_there_is_something_to_tell() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, breeds(), &three()).await;
        let path = format!("{CHANGES}?since=1&wait=60");
        let polls = async { tokio::join!(world.get(&path), world.get(&path), world.get(&path)) };
        let ops = vec![Op::Put(renamed("b", "Bob"))];
        let (polled, ()) = tokio::join!(polls, writer.commit(ops));
        for answer in [polled.0, polled.1, polled.2] {
            assert_eq!(told(&answer), ["2.2 update b"]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_long_poll_waits_longer_than_a_query_may_take_and_then_tells_that_there_is_nothing() {
    let settings = api::Settings {
        query_timeout: std::time::Duration::from_millis(500),
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    Writer::begin(&world, breeds(), &three()).await;
    let answer = world.get(&format!("{CHANGES}?since=1&wait=1")).await;
    assert_eq!(told(&answer), [""; 0]);
    assert_eq!(last(&answer), ("1".to_owned(), false));
}

#[tokio::test]
async fn a_long_poll_ends_with_the_server() {
    let mut world = World::with_schema(Kind::Sqlite, settings()).await;
    Writer::begin(&world, breeds(), &three()).await;
    let url = format!("{}{CHANGES}?since=1&wait=60", world.url);
    let poll = reqwest::Client::new().get(url).send();
    let poll = tokio::spawn(poll);
    // Another answer: the poll was sent before it, and a stop is for whoever comes as well.
    world.get("/livez").await;
    world.stop();
    if let Ok(answer) = poll.await.expect("it does not panic") {
        assert_eq!(answer.status(), StatusCode::OK);
    }
    world.stopped().await.expect("it ends well");
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    World::each(async |world| {
        Writer::begin(&world, breeds(), &three()).await;
        let check = async |query: &str, headers: &[(HeaderName, &str)], expected: &[&str]| {
            let answer = world.get_with(&format!("{CHANGES}?{query}"), headers).await;
            assert_eq!(answer.faults(&["parameter", "code"]), expected, "{query}");
        };
        let all = "snice=1&since=1.&limit=many&wait=1.5&since=2";
        let faults = [
            "snice UNKNOWN_PARAMETER",
            "since INVALID_VALUE",
            "limit INVALID_VALUE",
            "wait INVALID_VALUE",
            "since REPEATED_PARAMETER",
        ];
        check(all, &[], &faults).await;
        check("since=%FF", &[], &["since INVALID_ENCODING"]).await;
        check("since=-1", &[], &["since INVALID_VALUE"]).await;
        let stream = (reqwest::header::ACCEPT, "text/event-stream");
        let id = (HeaderName::from_static("last-event-id"), "x");
        let faults = ["wait INVALID_VALUE", "Last-Event-ID INVALID_VALUE"];
        check("wait=1", &[stream, id], &faults).await;
        let missing = world.get("/api/v1/cats/bredes/-/changes").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert_eq!(missing.json()["errors"][0]["did_you_mean"], "breeds");
    })
    .await;
}

#[tokio::test]
async fn only_the_rows_that_are_told_are_read() {
    // Only these servers count what a session reads; there is one connection, so it is the session of both.
    let servers = testdb::kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Sqlite);
    for kind in servers {
        let world = World::with_connections(kind, settings(), 1).await;
        let rows: Vec<Row> = (0..2000)
            .map(|at| breed(&format!("b{at:04}"), &[]))
            .collect();
        let mut writer = Writer::begin(&world, breeds(), &rows).await;
        for at in [3, 1500] {
            let ops = (at..at + 30).map(|at| Op::Put(renamed(&format!("b{at:04}"), "x")));
            writer.commit(ops.collect()).await;
        }
        let analyse = world.db.execute_unprepared("ANALYZE TABLE cats_breeds");
        analyse.await.expect("it is analysed");
        for since in ["0", "1.1000", "1", "2.20", "2", "3.1510"] {
            let before = status(&world, "Handler_read%").await;
            let answer = world
                .get(&format!("{CHANGES}?since={since}&limit=10"))
                .await;
            assert_eq!(told(&answer).len(), 10, "{since}");
            let read = status(&world, "Handler_read%").await - before;
            assert!(read <= 30, "since {since} reads {read} rows on {kind:?}");
        }
    }
}

/// The sum of what the server counts for the world's only session under these names.
pub(crate) async fn status(world: &World, names: &str) -> i64 {
    let show = format!("SHOW SESSION STATUS LIKE '{names}'");
    let show = Statement::from_string(DbBackend::MySql, show);
    let rows = world.db.query_all_raw(show).await.expect("it answers");
    let values = rows.iter().map(|row| row.try_get::<String>("", "Value"));
    let values = values.map(|value| value.expect("a text").parse::<i64>().expect("a number"));
    values.sum()
}
