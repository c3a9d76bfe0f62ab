//! Many records at once.

use std::convert::Infallible;

use api::Settings;
use entity::audit;
use reqwest::{Body, Method};
use sea_orm::EntityTrait;
use serde_json::json;
use testdb::Kind;

use super::{By, PEOPLE, by, each, key, opened, people, send};
use crate::world::{World, settings};

fn import(query: &str) -> String {
    format!("{PEOPLE}/-/import{query}")
}

#[tokio::test]
async fn a_table_is_imported_by_the_names_of_its_columns() {
    each(async |world, key| {
        let csv = By { form: "text/csv", ..by(&key) };
        let table = "\u{feff}survived,Full Name,sex,Age,tags\r\n0,\"Braund, Owen\",male,22,a;b\r\n1,Laina,female,26.5,\r\n";
        let answer = send(&world, (Method::POST, &import("")), csv, table).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let expected = json!({ "inserted": 2, "updated": 0, "unchanged": 0, "rejected": 0, "rejects": [] });
        assert_eq!(answer.json()["data"], expected);
        assert_eq!(answer.header("catchment-version"), "1");
        let read = world.get(&format!("{PEOPLE}/1")).await.json();
        let expected = json!({ "id": 1, "survived": false, "name": "Braund, Owen", "sex": "male", "age": 22, "tags": ["a", "b"] });
        assert_eq!(read["data"], expected);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_told_by_its_line_and_keeps_the_others_out_or_not() {
    each(async |world, key| {
        let lines = By { form: "application/x-ndjson", ..by(&key) };
        let body = "{\"id\":1,\"name\":\"a\"}\n{\"id\":2}\n\nno\n{\"id\":3,\"name\":\"c\"}\n{\"id\":1,\"name\":\"d\"}\n";
        let refused = send(&world, (Method::POST, &import("")), lines, body).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        let told: Vec<_> = refused.json()["errors"].as_array().expect("faults").iter().map(|fault| fault["line"].clone()).collect();
        assert_eq!(told, [json!(2), json!(4), json!(6)]);
        assert_eq!(world.get(PEOPLE).await.json()["data"], json!([]));

        let taken = send(&world, (Method::POST, &import("?on_bad=skip")), lines, body).await;
        assert_eq!(taken.status, 200, "{}", taken.body);
        let data = &taken.json()["data"];
        assert_eq!((&data["inserted"], &data["updated"], &data["rejected"]), (&json!(2), &json!(1), &json!(2)));
        let again = send(&world, (Method::POST, &import("?mode=insert")), lines, "{\"id\":3,\"name\":\"x\"}").await;
        assert_eq!(again.status, 422, "{}", again.body);
        let wrong = send(&world, (Method::POST, &import("?mode=upsrt&no=1")), lines, "").await;
        assert_eq!(wrong.faults(&["parameter", "did_you_mean"]), ["no -", "mode upsert"]);
        let csv = By { form: "text/csv", ..by(&key) };
        let header = send(&world, (Method::POST, &import("?on_bad=skip")), csv, "Fullname,sex\na,male\n").await;
        assert_eq!(header.status, 422, "{}", header.body);
        assert_eq!(header.json()["errors"][0]["did_you_mean"], "Full Name");
    })
    .await;
}

#[tokio::test]
async fn more_than_may_come_is_refused_whether_or_not_its_length_is_told() {
    let settings = Settings {
        import_body: 100,
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    opened(&world, &people()).await;
    let key = key(&world, "writer", "read write:people/passengers").await;
    let lines = By {
        form: "application/x-ndjson",
        ..by(&key)
    };
    let long = "{\"id\":1,\"name\":\"a\"}\n".repeat(6);
    let told = send(&world, (Method::POST, &import("")), lines, long.clone()).await;
    assert_eq!(told.status, 413, "{}", told.body);
    let chunks = long
        .into_bytes()
        .into_iter()
        .map(|byte| Ok::<_, Infallible>(vec![byte]));
    let untold = Body::wrap_stream(futures::stream::iter(chunks));
    let untold = send(&world, (Method::POST, &import("")), lines, untold).await;
    assert_eq!(untold.status, 413, "{}", untold.body);
    assert_eq!(world.get(PEOPLE).await.json()["data"], json!([]));
}

#[tokio::test]
async fn an_import_is_in_the_audit() {
    each(async |world, key| {
        let csv = By {
            form: "text/csv",
            ..by(&key)
        };
        let path = import("?on_bad=skip");
        let answer = send(&world, (Method::POST, &path), csv, "id,name\n1,a\n2,\n").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = audit::Entity::find().all(&world.db).await.expect("rows");
        let rows: Vec<_> = rows
            .iter()
            .filter(|row| row.action == "records.import")
            .collect();
        let [row] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!(row.actor.as_deref(), Some("key:writer/writer"));
        assert_eq!(row.target.as_deref(), Some("people.passengers"));
        assert_eq!(row.address.as_deref(), Some("127.0.0.1"));
        let told = "1 inserted, 0 updated, 0 unchanged, 1 rejected";
        assert_eq!(row.detail.as_deref(), Some(told));
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_rows_are_one_version_and_are_told_by_all_that_reads() {
    each(async |world, key| {
        let csv = By {
            form: "text/csv",
            ..by(&key)
        };
        let mut table = String::from("id,name,sex,Age\n");
        for id in 1..=10_000 {
            table.push_str(&format!("{id},p{id},male,{}\n", id % 100));
        }
        let answer = send(&world, (Method::POST, &import("")), csv, table.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["data"]["inserted"], 10_000);
        let again = send(&world, (Method::POST, &import("")), csv, table).await;
        assert_eq!(again.json()["data"]["unchanged"], 10_000);
        assert_eq!(again.header("catchment-version"), "1", "nothing changed");
        let count = world
            .get(&format!("{PEOPLE}?count=exact&limit=1&age__lt=50"))
            .await;
        assert_eq!(count.json()["count"]["value"], 5_000);
        let next = send(&world, (Method::POST, PEOPLE), by(&key), r#"{"name":"n"}"#).await;
        assert_eq!(next.header("location"), format!("{PEOPLE}/10001"));
    })
    .await;
}
