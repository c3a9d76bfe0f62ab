//! The values of fields, with counts: the same bytes on every database.

use entity::definition::Cell;
use reqwest::header::IF_NONE_MATCH;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value as Json, json};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, many_breeds, text, value},
    world::{World, settings},
};

const FACETS: &str = "/api/v1/cats/breeds/-/facets";

fn data(body: &str) -> &str {
    let data = body
        .strip_prefix(r#"{"data":"#)
        .expect("it begins with data");
    data.split(r#","timed_out":"#).next().expect("data")
}

#[tokio::test]
async fn values_of_every_type_come_with_counts() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let check = async |facet: &str, expected: &str| {
            let answer = world.get(&format!("{FACETS}?facet={facet}")).await;
            assert_eq!(answer.status, 200, "{facet}: {}", answer.body);
            let expected = format!(r#"{{"{facet}":{expected}}}"#);
            assert_eq!(data(&answer.body), expected, "{:?}", world.kind);
        };
        check("name", r#"{"values":[{"value":"Abyssinian","count":2},{"value":"","count":1},{"value":"Abyssinian ","count":1},{"value":"a%_b","count":1},{"value":"abyssinian","count":1},{"value":"zebra","count":1},{"value":"Égypte","count":1},{"value":"猫","count":1},{"value":"😺","count":1}],"truncated":false,"without":2}"#).await;
        check("weight", r#"{"values":[{"value":3,"count":4},{"value":-9223372036854775808,"count":1},{"value":-7,"count":1},{"value":0,"count":1},{"value":4,"count":1},{"value":9223372036854775807,"count":1}],"truncated":false,"without":3}"#).await;
        check("price", r#"{"values":[{"value":1.50,"count":3},{"value":-99999.99,"count":1},{"value":-0.05,"count":1},{"value":0.00,"count":1},{"value":0.10,"count":1},{"value":0.30,"count":1},{"value":99999.99,"count":1}],"truncated":false,"without":3}"#).await;
        check("mass", r#"{"values":[{"value":5.0000000000,"count":3},{"value":-20.0000000000,"count":1},{"value":-1.0000000001,"count":1},{"value":-1.0000000000,"count":1},{"value":0.0000000000,"count":1},{"value":0.5000000000,"count":1},{"value":12345678901234567890.1234567890,"count":1},{"value":12345678901234567890.1234567891,"count":1}],"truncated":false,"without":2}"#).await;
        check("rating", r#"{"values":[{"value":0.1,"count":5},{"value":-2.5,"count":2},{"value":1e+300,"count":2}],"truncated":false,"without":3}"#).await;
        check("hairless", r#"{"values":[{"value":false,"count":4},{"value":true,"count":4}],"truncated":false,"without":4}"#).await;
        check("born", r#"{"values":[{"value":"1999-12-31","count":3},{"value":"2024-02-01","count":3},{"value":"2024-02-29","count":3}],"truncated":false,"without":3}"#).await;
        check("seen", r#"{"values":[{"value":"2026-11-21T08:00:00.500Z","count":4},{"value":"2026-11-21T08:00:00.500001Z","count":4},{"value":"2026-11-21T08:00:00Z","count":2}],"truncated":false,"without":2}"#).await;
        check("coat", r#"{"values":[],"truncated":false,"without":12}"#).await;
    })
    .await;
}

#[tokio::test]
async fn several_come_in_the_order_in_which_they_are_asked_for() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let answer = world.get(&format!("{FACETS}?facet=hairless,born&facet_limit=1&weight=3")).await;
        let expected = r#"{"data":{"hairless":{"values":[{"value":false,"count":1}],"truncated":true,"without":2},"born":{"values":[{"value":"2024-02-01","count":1}],"truncated":true,"without":2}},"timed_out":[],"meta":{"source":"cats","resource":"breeds","version":1,"synced_at":"2027-01-15T08:00:00Z","complete":true,"stale":false}}"#;
        assert_eq!(answer.body, expected, "{:?}", world.kind);
        let link = r#"<schema>; rel="describedby", <../../../../openapi.json>; rel="service-desc""#;
        assert_eq!(answer.header("link"), link);
    })
    .await;
}

fn with_items(id: &str, items: &[&str]) -> entity::record::Row {
    let items = items.iter().map(|&item| item.to_owned()).collect();
    let coat = if id < "c" { "short" } else { "long" };
    breed(
        id,
        &[("temperament", Cell::List(items)), ("coat", text(coat))],
    )
}

fn lists() -> Vec<entity::record::Row> {
    vec![
        with_items("a", &["Calm", "Active"]),
        with_items("b", &["Active", "Active"]),
        with_items("c", &["Wild"]),
        with_items("d", &[]),
    ]
}

#[tokio::test]
async fn a_list_counts_for_each_of_its_items_once() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &lists()).await;
        let check = async |query: &str, expected: &str| {
            let answer = world.get(&format!("{FACETS}?facet=temperament{query}")).await;
            let expected = format!(r#"{{"temperament":{expected}}}"#);
            assert_eq!(data(&answer.body), expected, "{query} {:?}", world.kind);
        };
        check("", r#"{"values":[{"value":"Active","count":2},{"value":"Calm","count":1},{"value":"Wild","count":1}],"truncated":false,"without":1}"#).await;
        check("&facet_limit=1", r#"{"values":[{"value":"Active","count":2}],"truncated":true,"without":1}"#).await;
        check("&coat=long", r#"{"values":[{"value":"Wild","count":1}],"truncated":false,"without":1}"#).await;
        check("&temperament__has=Calm", r#"{"values":[{"value":"Active","count":1},{"value":"Calm","count":1}],"truncated":false,"without":0}"#).await;
        world.delete(&breeds(), (id, 2), &[1, 4]).await;
        check("", r#"{"values":[{"value":"Active","count":1},{"value":"Wild","count":1}],"truncated":false,"without":0}"#).await;
    })
    .await;
}

#[tokio::test]
async fn deleted_rows_do_not_count() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &lists()).await;
        let counts = async || {
            let answer = world.get(&format!("{FACETS}?facet=coat,name")).await;
            data(&answer.body).to_owned()
        };
        assert_eq!(counts().await, r#"{"coat":{"values":[{"value":"long","count":2},{"value":"short","count":2}],"truncated":false,"without":0},"name":{"values":[],"truncated":false,"without":4}}"#);
        world.delete(&breeds(), (id, 2), &[3]).await;
        assert_eq!(counts().await, r#"{"coat":{"values":[{"value":"short","count":2},{"value":"long","count":1}],"truncated":false,"without":0},"name":{"values":[],"truncated":false,"without":3}}"#);
    })
    .await;
}

#[tokio::test]
async fn values_are_the_same_where_rows_were_deleted() {
    World::each(async |world| {
        let mut rows = many_breeds();
        rows.extend((0..3).map(|at| {
            let values = [
                ("name", text("gone")),
                ("weight", Cell::Integer(3)),
                ("price", value("price", "1.50")),
                ("mass", value("mass", "5")),
                ("rating", value("rating", "-2.5")),
                ("hairless", Cell::Boolean(at == 0)),
                ("born", value("born", "2024-02-29")),
                ("seen", value("seen", "2026-11-21T08:00:00Z")),
                ("temperament", Cell::List(vec!["Calm".to_owned()])),
            ];
            breed(&format!("gone{at}"), &values)
        }));
        let id = world.mirrored(&breeds(), &rows).await;
        let fields = "name,weight,price,mass,rating,hairless,born,seen,temperament,coat";
        let path = format!("{FACETS}?facet={fields}");
        let with_all = world.get(&path).await;
        world.delete(&breeds(), (id, 2), &[13, 14, 15]).await;
        let without_deleted = world.get(&path).await;
        assert_ne!(data(&without_deleted.body), data(&with_all.body));
        let whole = World::with_schema(world.kind, settings()).await;
        whole.mirrored(&breeds(), &many_breeds()).await;
        let never_there = whole.get(&path).await;
        assert_eq!(data(&without_deleted.body), data(&never_there.body));
    })
    .await;
}

#[tokio::test]
async fn a_resource_without_rows_has_no_values() {
    World::each(async |world| {
        world.registered(&breeds()).await;
        let expected = r#"{"name":{"values":[],"truncated":false,"without":0},"temperament":{"values":[],"truncated":false,"without":0}}"#;
        let path = format!("{FACETS}?facet=name,temperament");
        assert_eq!(data(&world.get(&path).await.body), expected);
        world.mirrored(&breeds(), &[]).await;
        assert_eq!(data(&world.get(&path).await.body), expected);
    })
    .await;
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let path = format!("{FACETS}?facet=name");
        let full = world.get(&path).await;
        let tag = full.header("etag").to_owned();
        let again = world.get_with(&path, &[(IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status, 304);
        world.write(&breeds(), (id, 2), &[breed("new", &[])]).await;
        let changed = world.get_with(&path, &[(IF_NONE_MATCH, &tag)]).await;
        assert_eq!(changed.status, 200);
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    World::each(async |world| {
        world.mirrored(&breeds(), &[]).await;
        let path = format!(
            "{FACETS}?facet=nmae,notes,extra,coat,coat&facet_limit=0&sort=name&wieght=3&weight=x"
        );
        let answer = world.get(&path).await;
        assert_eq!(answer.status, 400);
        let faults = answer.json()["errors"].clone();
        let told = |at: usize, parameter: &str, code: &str, meant: Json| {
            let fault = &faults[at];
            assert_eq!(fault["parameter"], parameter, "{faults}");
            assert_eq!(fault["code"], code, "{faults}");
            assert_eq!(fault["did_you_mean"], meant, "{faults}");
        };
        told(0, "sort", "UNKNOWN_PARAMETER", json!(null));
        told(1, "wieght", "UNKNOWN_PARAMETER", json!("weight"));
        told(2, "weight", "INVALID_VALUE", json!(null));
        told(3, "facet", "UNKNOWN_FIELD", json!("name"));
        told(4, "facet", "NOT_FACETABLE", json!(null));
        told(5, "facet", "NOT_FACETABLE", json!(null));
        told(6, "facet", "REPEATED_PARAMETER", json!(null));
        told(7, "facet_limit", "INVALID_VALUE", json!(null));
        let offered = faults[1]["allowed"].as_array().expect("names");
        assert!(offered.contains(&json!("facet_limit")), "{offered:?}");
        assert!(!offered.contains(&json!("sort")), "{offered:?}");
        let fields = faults[3]["allowed"].as_array().expect("fields");
        assert!(fields.contains(&json!("temperament")) && !fields.contains(&json!("notes")));
        let none = world.get(FACETS).await.json();
        assert_eq!(none["errors"][0]["code"], "MISSING_PARAMETER");
        let most = world
            .get(&format!(
                "{FACETS}?facet=name&facet_limit=99999999999999999999"
            ))
            .await;
        assert_eq!(most.status, 200);
    })
    .await;
}

#[tokio::test]
async fn a_facet_that_takes_too_long_does_not_spoil_the_others() {
    for kind in testdb::kinds() {
        let settings = api::Settings {
            query_timeout: std::time::Duration::from_secs(1),
            ..settings()
        };
        let world = World::with_schema(kind, settings).await;
        let row = |at: i64| {
            let values = [
                ("weight", Cell::Integer(at % 5)),
                ("temperament", Cell::List(vec!["Calm".to_owned()])),
            ];
            breed(&format!("b{at}"), &values)
        };
        let rows: Vec<_> = (0..12).map(row).collect();
        world.mirrored(&breeds(), &rows).await;
        world.slow_items().await;
        let path = format!("{FACETS}?facet=coat,temperament,weight&facet_limit=1");
        let answer = world.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        assert_eq!(body["timed_out"], json!(["temperament"]), "{kind:?}");
        assert_eq!(body["data"]["coat"]["without"], 12);
        let weight = json!([{ "value": 0, "count": 3 }]);
        assert_eq!(body["data"]["weight"]["values"], weight);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.headers.contains_key("etag"));
    }
}

#[tokio::test]
async fn all_rows_are_counted_in_the_index_alone() {
    World::each(async |world| {
        let rows: Vec<_> = (0..500).map(|at| breed(&format!("b{at:03}"), &[("weight", Cell::Integer(at % 7))])).collect();
        world.mirrored(&breeds(), &rows).await;
        let backend = world.db.get_database_backend();
        let (explain, told) = match world.kind {
            Kind::Sqlite => ("EXPLAIN QUERY PLAN", "USING COVERING INDEX ix_cats_breeds__weight"),
            Kind::MySql => ("EXPLAIN FORMAT=TRADITIONAL", "Using index"),
            Kind::MariaDb => ("EXPLAIN", "Using index"),
        };
        let sql = "SELECT record.weight, COUNT(*) FROM cats_breeds AS record GROUP BY record.weight \
                   ORDER BY record.weight IS NULL DESC, COUNT(*) DESC, record.weight ASC LIMIT 22";
        let plan = Statement::from_string(backend, format!("{explain} {sql}"));
        let row = world.db.query_one_raw(plan).await.expect("a plan").expect("a row");
        let column = if world.kind == Kind::Sqlite { "detail" } else { "Extra" };
        let extra: String = row.try_get("", column).expect("a text");
        assert!(extra.contains(told), "{extra}");
    })
    .await;
}
