//! Many records at once.

use reqwest::Method;
use serde_json::json;

use super::{By, PEOPLE, by, each, send};

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
