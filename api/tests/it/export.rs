//! Exports: every row of one moment, in a form that tells a part from the whole.

use std::time::Duration;

use api::Settings;
use entity::record::Row;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING},
};
use serde_json::{Value, json};
use testdb::Kind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    cats::{breed, breeds, image, images, row, text, value},
    changes::renamed,
    world::{World, settings},
    writer::{Op, Writer},
};

const EXPORT: &str = "/api/v1/cats/breeds/-/export";

#[tokio::test]
async fn every_row_is_a_line_and_the_last_line_says_so() {
    World::each(async |world| {
        let odd = "{ \"id\":\"odd\",\r\n \"n\":1.10,\"big\":123456789012345678901234567890 }";
        let rows = [
            breed("a", &[]),
            row(&breeds(), "odd", odd, &[("id", text("odd"))]),
            breed("z", &[]),
        ];
        let mut writer = Writer::begin(&world, breeds(), &rows).await;
        writer.commit(vec![Op::Delete("a")]).await;
        let export = world.get(EXPORT).await;
        let lines = concat!(
            "{ \"id\":\"odd\",   \"n\":1.10,\"big\":123456789012345678901234567890 }\n",
            "{\"id\":\"z\"}\n",
        );
        let end = "[\"catchment-export\",{\"rows\":2,\"complete\":true,\"version\":2}]\n";
        assert_eq!(export.body, format!("{lines}{end}"), "{:?}", world.kind);
        assert_eq!(export.header("content-type"), "application/x-ndjson");
        assert_eq!(export.header("catchment-version"), "2");
        assert_eq!(export.header("cache-control"), "no-store");
        assert_eq!(
            export.header("trailer"),
            "catchment-rows, catchment-complete"
        );
        let file = "attachment; filename=\"cats_breeds.v2.ndjson\"";
        assert_eq!(export.header("content-disposition"), file);
        let bare = world.get(&format!("{EXPORT}?end=none")).await;
        assert_eq!(bare.body, lines);
    })
    .await;
}

#[tokio::test]
async fn a_csv_file_has_a_column_for_each_field() {
    World::each(async |world| {
        let notes = "a \"quoted\", long\nnote";
        let full = breed(
            "full",
            &[
                ("name", text("Égypte")),
                ("weight", value("weight", "-7")),
                ("price", value("price", "1.5")),
                ("mass", value("mass", "12345678901234567890.1234567891")),
                ("rating", value("rating", "0.1")),
                ("hairless", value("hairless", "true")),
                ("born", value("born", "2024-02-29")),
                ("seen", value("seen", "2026-11-21T08:00:00.5Z")),
                (
                    "temperament",
                    entity::definition::Cell::List(vec!["Gentle".to_owned(), "x,y".to_owned()]),
                ),
                ("coat", text("")),
                ("notes", text(notes)),
                ("extra", entity::definition::Cell::Json("{\"a\":[1]}".to_owned())),
            ],
        );
        world.mirrored(&breeds(), &[full, breed("empty", &[])]).await;
        let export = world.get(&format!("{EXPORT}?format=csv")).await;
        let expected = concat!(
            "id,name,weight,price,mass,rating,hairless,born,seen,temperament,coat,notes,extra\r\n",
            "full,Égypte,-7,1.50,12345678901234567890.1234567891,0.1,true,2024-02-29,2026-11-21T08:00:00.500Z,",
            "\"[\"\"Gentle\"\",\"\"x,y\"\"]\",\"\",\"a \"\"quoted\"\", long\nnote\",\"{\"\"a\"\":[1]}\"\r\n",
            "empty,,,,,,,,,,,,\r\n"
        );
        assert_eq!(export.body, expected, "{:?}", world.kind);
        assert_eq!(export.header("content-type"), "text/csv; charset=utf-8; header=present");
        let file = "attachment; filename=\"cats_breeds.v1.csv\"";
        assert_eq!(export.header("content-disposition"), file);
        let some = world.get(&format!("{EXPORT}?format=csv&fields=temperament,name")).await;
        let expected = concat!(
            "id,name,temperament\r\n",
            "full,Égypte,\"[\"\"Gentle\"\",\"\"x,y\"\"]\"\r\n",
            "empty,,\r\n"
        );
        assert_eq!(some.body, expected);
    })
    .await;
}

#[tokio::test]
async fn the_form_is_what_the_client_would_rather_have() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[breed("a", &[])]).await;
        let check = async |query: &str, accept: &str, expected: &str| {
            let answer = world
                .get_with(&format!("{EXPORT}{query}"), &[(ACCEPT, accept)])
                .await;
            let sent = answer.header("content-type");
            assert!(sent.starts_with(expected), "{query} {accept}: {sent}");
        };
        check("", "*/*", "application/x-ndjson").await;
        check("", "text/csv", "text/csv").await;
        check("", "application/json", "application/x-ndjson").await;
        check("?format=ndjson", "text/csv", "application/x-ndjson").await;
        check("?format=csv", "application/x-ndjson", "text/csv").await;
    })
    .await;
}

#[tokio::test]
async fn filters_and_fields_are_those_of_a_list() {
    World::each(async |world| {
        let rows: Vec<Row> = (0..200)
            .map(|at| {
                let payload = json!({ "id": format!("b{at:03}"), "weight": at % 3, "x": [at] });
                let values = [
                    ("id", text(&format!("b{at:03}"))),
                    ("weight", value("weight", &(at % 3).to_string())),
                ];
                row(
                    &breeds(),
                    &format!("b{at:03}"),
                    &payload.to_string(),
                    &values,
                )
            })
            .collect();
        world.mirrored(&breeds(), &rows).await;
        let export = world
            .get(&format!("{EXPORT}?weight=2&fields=x&end=none"))
            .await;
        let expected: String = (0..200)
            .filter(|at| at % 3 == 2)
            .map(|at| format!("{{\"id\":\"b{at:03}\",\"x\":[{at}]}}\n"))
            .collect();
        assert_eq!(export.body, expected, "{:?}", world.kind);
        let none = world
            .get(&format!("{EXPORT}?weight=7&format=csv&fields=id"))
            .await;
        assert_eq!(none.body, "id\r\n");
    })
    .await;
}

#[tokio::test]
async fn an_export_goes_on_behind_the_last_record() {
    World::each(async |world| {
        let rows: Vec<Row> = (0..5).map(|at| breed(&format!("b{at}"), &[])).collect();
        let mut writer = Writer::begin(&world, breeds(), &rows).await;
        writer.commit(vec![Op::Delete("b2")]).await;
        let check = async |after: &str, expected: &[&str]| {
            let export = world.get(&format!("{EXPORT}?end=none&after={after}")).await;
            let lines = expected.iter().map(|id| format!("{{\"id\":\"{id}\"}}\n"));
            assert_eq!(export.body, lines.collect::<String>(), "{after}");
        };
        check("b0", &["b1", "b3", "b4"]).await;
        // Where it stood is known, though it is gone.
        check("b2", &["b3", "b4"]).await;
        check("b4", &[]).await;
        let missing = world.get(&format!("{EXPORT}?after=b9")).await;
        assert_eq!(missing.status, StatusCode::BAD_REQUEST);
        assert_eq!(missing.json()["errors"][0]["parameter"], "after");
        assert_eq!(missing.json()["errors"][0]["code"], "UNKNOWN_RECORD");
        // A key of several parts is its text, decoded once.
        let pictures = [image("a,b", "1", 1), image("a", "2", 2)];
        world.mirrored(&images(), &pictures).await;
        let path = "/api/v1/cats/images/-/export?end=none&after=a%252Cb,1";
        let rest = world.get(path).await;
        assert_eq!(rest.body, "{\"breed_id\":\"a\",\"id\":\"2\",\"width\":2}\n");
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[breed("a", &[])]).await;
        let check = async |query: &str, expected: &[&str]| {
            let answer = world.get(&format!("{EXPORT}?{query}")).await;
            let names = ["parameter", "code", "did_you_mean"];
            assert_eq!(answer.faults(&names), expected, "{query}");
        };
        check("format=cvs", &["format INVALID_VALUE csv"]).await;
        check("fromat=csv", &["fromat UNKNOWN_PARAMETER format"]).await;
        check("limit=5", &["limit UNKNOWN_PARAMETER -"]).await;
        check(
            "end=no&end=none",
            &["end INVALID_VALUE -", "end REPEATED_PARAMETER -"],
        )
        .await;
        check("format=csv&end=line", &["end INVALID_VALUE -"]).await;
        check(
            "weight=heavy&nmae=x&after=a&after=b",
            &[
                "after REPEATED_PARAMETER -",
                "weight INVALID_VALUE -",
                "nmae UNKNOWN_PARAMETER name",
            ],
        )
        .await;
        check(
            "format=csv&fields=id,nmae,x",
            &["fields UNKNOWN_FIELD name", "fields UNKNOWN_FIELD -"],
        )
        .await;
        let unknown = world.get(&format!("{EXPORT}?xyzzy=1")).await.json();
        let allowed = unknown["errors"][0]["allowed"].as_array().expect("names");
        assert!(allowed.contains(&json!("after")) && allowed.contains(&json!("weight")));
        assert!(!allowed.contains(&json!("cursor")), "{allowed:?}");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_exported_whole() {
    World::each(async |world| {
        world.registered(&breeds()).await;
        let end = |version| {
            format!(
                "[\"catchment-export\",{{\"rows\":0,\"complete\":true,\"version\":{version}}}]\n"
            )
        };
        assert_eq!(world.get(EXPORT).await.body, end(0));
        let after = world.get(&format!("{EXPORT}?after=a")).await;
        assert_eq!(after.status, StatusCode::BAD_REQUEST);
        world.mirrored(&breeds(), &[]).await;
        assert_eq!(world.get(EXPORT).await.body, end(1));
    })
    .await;
}

/// The answer to a request of these headers, with everything of the transfer in it.
async fn raw(world: &World, path: &str, headers: &str) -> String {
    let address = world.url.strip_prefix("http://").expect("an address");
    let mut socket = TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    socket
        .write_all(request.as_bytes())
        .await
        .expect("it is sent");
    let mut bytes = Vec::new();
    // A connection may end with a reset.
    drop(socket.read_to_end(&mut bytes).await);
    String::from_utf8(bytes).expect("a text")
}

#[tokio::test]
async fn trailers_say_how_many_rows_there_were() {
    World::each(async |world| {
        world
            .mirrored(&breeds(), &[breed("a", &[]), breed("b", &[])])
            .await;
        let path = format!("{EXPORT}?format=csv&fields=id");
        let answer = raw(&world, &path, "te: trailers\r\n").await;
        let end = "0\r\ncatchment-rows: 2\r\ncatchment-complete: true\r\n\r\n";
        assert!(answer.ends_with(end), "{answer}");
        // Compressed, too.
        let headers = [(ACCEPT_ENCODING, "gzip")];
        let packed = world.get_with(&path, &headers).await;
        assert_eq!(packed.status, StatusCode::OK);
        let without = raw(&world, &path, "").await;
        assert!(without.ends_with("\r\n0\r\n\r\n"), "{without}");
    })
    .await;
}

#[tokio::test]
async fn an_export_that_fails_in_the_middle_has_no_end() {
    World::each(async |world| {
        let mut rows: Vec<Row> = (0..300)
            .map(|at| breed(&format!("b{at:03}"), &[]))
            .collect();
        rows.push(row(&breeds(), "bad", "[]", &[("id", text("bad"))]));
        world.mirrored(&breeds(), &rows).await;
        let whole = raw(&world, &format!("{EXPORT}?end=none"), "").await;
        assert!(whole.ends_with("\r\n0\r\n\r\n"), "{whole}");
        let path = format!("{EXPORT}?fields=id");
        let part = raw(&world, &path, "te: trailers\r\n").await;
        assert!(part.starts_with("HTTP/1.1 200 OK\r\n"), "{part}");
        assert!(!part.contains("\r\n0\r\n"), "{part}");
        assert!(!part.contains("catchment-export\""), "{part}");
        let response = world.open(Method::GET, &path, &[]).await;
        assert!(response.bytes().await.is_err());
        let gzip = [(ACCEPT_ENCODING, "gzip")];
        let response = world.open(Method::GET, &path, &gzip).await;
        assert!(response.bytes().await.is_err());
    })
    .await;
}

/// More than all buffers between a server and its client hold.
fn large() -> Vec<Row> {
    let name = "x".repeat(100_000);
    let rows = (0..150).map(|at| renamed(&format!("b{at:03}"), &name));
    rows.collect()
}

#[tokio::test]
async fn an_export_sees_one_moment_and_others_wait_for_a_place() {
    let settings = || Settings {
        exports: 1,
        ..settings()
    };
    for kind in testdb::kinds() {
        let world = World::with_schema(kind, settings()).await;
        let mut writer = Writer::begin(&world, breeds(), &large()).await;
        let before = writer.live();
        // Its first rows are here, its last ones are not even read: nobody takes them.
        let mut export = world.open(Method::GET, EXPORT, &[]).await;
        let first = export.chunk().await.expect("it goes on").expect("a piece");
        let changed = ["b000", "b148"].map(|id| Op::Put(renamed(id, "new")));
        writer.commit(changed.into()).await;
        writer
            .commit(vec![Op::Delete("b149"), Op::Put(breed("new", &[]))])
            .await;
        let refused = world.get(EXPORT).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.json()["code"], "OVERLOADED");
        assert_eq!(refused.json()["retryable"], true);
        assert_eq!(refused.header("retry-after"), "1");
        let metrics = world.get("/metrics").await.body;
        assert!(metrics.contains("\ncatchment_exports 1\n"), "{metrics}");
        // The rest of the pool is for everybody else.
        let list = world.get("/api/v1/cats/breeds?limit=1").await;
        assert_eq!(list.status, StatusCode::OK);
        let mut text = String::from_utf8(first.to_vec()).expect("a text");
        while let Some(piece) = export.chunk().await.expect("it goes on") {
            text.push_str(std::str::from_utf8(&piece).expect("a text"));
        }
        let mut lines: Vec<&str> = text.lines().collect();
        let end: Value = serde_json::from_str(lines.pop().expect("a line")).expect("JSON");
        assert_eq!(
            end[1],
            json!({ "rows": 150, "complete": true, "version": 1 })
        );
        assert!(lines.into_iter().eq(before.values()), "{kind:?}");
    }
}

#[tokio::test]
async fn an_export_has_its_time() {
    let settings = Settings {
        export_timeout: Duration::ZERO,
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    Writer::begin(&world, breeds(), &large()).await;
    let cut = world.open(Method::GET, EXPORT, &[]).await;
    assert!(cut.bytes().await.is_err());
}

#[tokio::test]
async fn a_pool_of_one_connection_is_not_for_exports() {
    for kind in testdb::kinds() {
        let world = World::with_connections(kind, settings(), 1).await;
        world.mirrored(&breeds(), &[breed("a", &[])]).await;
        let refused = world.get(EXPORT).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            world.get("/api/v1/cats/breeds").await.status,
            StatusCode::OK
        );
    }
}
