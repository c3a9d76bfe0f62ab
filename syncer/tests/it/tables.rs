//! Arrays of objects in tables of their own: written, replaced, kept and removed with their rows.

use entity::{reject, run::Outcome};
use sea_orm::EntityTrait;

use crate::world::{World, assert_outcome, on_each_database};

const ORDERS: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"

[resource.orders]
path    = "/orders"
key     = ["id"]
deletes = { how = "soft", max = "100%" }
page    = { kind = "page", param = "page", start = 0, size_param = "limit", size = 500, total = "header:pagination-count" }
[resource.orders.fields]
names = { from = "/lines/*/name", type = "list" }
[resource.orders.tables.lines.fields]
name  = "text"
price = "decimal(10,2)"
note  = { type = "text", index = false }
[resource.orders.tables.packs]
from = "/lines/*/packs"
[resource.orders.tables.packs.fields]
weight = "integer"
"#;

const FIRST: &str = r#"{"id":1,"lines":[
    {"name":"cat","price":"12.50","packs":[{"weight":1},{"weight":2}]},
    {"name":"bed","price":3,"note":"soft","packs":[{"weight":3}]}]}"#;
const SECOND: &str = r#"{"id":2,"lines":[{"name":"toy"}]}"#;

/// The rows of a child table: `rowno position` and two of its columns, by place.
async fn lines(world: &World) -> Vec<String> {
    let text = |column: &str| format!("COALESCE(CAST({column} AS CHAR), '-')");
    let columns = ["rowno", "position", "name", "price"].map(text);
    joined(world, &columns, "fake_orders__lines").await
}

async fn weights(world: &World) -> Vec<String> {
    let columns = ["rowno", "position", "weight"].map(|column| format!("CAST({column} AS CHAR)"));
    joined(world, &columns, "fake_orders__packs").await
}

async fn joined(world: &World, columns: &[String], table: &str) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for column in columns {
        let select = format!("SELECT {column} FROM {table} ORDER BY rowno, position");
        rows.push(world.column(&select).await.into_iter().flatten().collect());
    }
    let count = rows[0].len();
    let row = |at: usize| {
        rows.iter()
            .map(|column| column[at].clone())
            .collect::<Vec<_>>()
    };
    (0..count).map(|at| row(at).join(" ")).collect()
}

/// As every database writes it: SQLite keeps a decimal of so few digits as a number.
fn price(world: &World, exact: &str) -> String {
    match world.url().starts_with("sqlite") {
        true => exact
            .parse::<f64>()
            .map(|price| format!("{price:?}"))
            .expect("a number"),
        false => exact.to_owned(),
    }
}

#[tokio::test]
async fn objects_are_written_with_their_row_and_replaced_with_it() {
    on_each_database(ORDERS, async |world| {
        world.upstream.has(&[FIRST, SECOND]);
        let report = world.sync("orders").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.bad_values, 0);
        let (cat, bed) = (price(&world, "12.50"), price(&world, "3.00"));
        let all = [
            format!("1 0 cat {cat}"),
            format!("1 1 bed {bed}"),
            "2 0 toy -".to_owned(),
        ];
        assert_eq!(lines(&world).await, all);
        assert_eq!(weights(&world).await, ["1 0 1", "1 1 2", "1 2 3"]);
        let names = "SELECT value FROM fake_orders__names ORDER BY rowno, position";
        let found: Vec<String> = world.column(names).await.into_iter().flatten().collect();
        assert_eq!(found, ["cat", "bed", "toy"]);
        // One is replaced, the other goes: its objects stay as long as its row.
        world
            .upstream
            .has(&[r#"{"id":1,"lines":[{"name":"dog","packs":[]}]}"#]);
        world.sync("orders").await;
        assert_eq!(world.live("orders").await, ["1"]);
        assert_eq!(lines(&world).await, ["1 0 dog -", "2 0 toy -"]);
        assert_eq!(weights(&world).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn objects_go_with_a_row_that_goes_for_good() {
    let hard = ORDERS.replace("how = \"soft\"", "how = \"hard\"");
    on_each_database(&hard, async |world| {
        world.upstream.has(&[FIRST, SECOND]);
        world.sync("orders").await;
        world.upstream.has(&[SECOND]);
        let report = world.sync("orders").await;
        assert_eq!(report.counts.deleted, 1);
        assert_eq!(lines(&world).await, ["2 0 toy -"]);
        assert_eq!(weights(&world).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_object_is_a_bad_value_with_its_place() {
    on_each_database(ORDERS, async |world| {
        world.upstream.has(&[
            r#"{"id":1,"lines":[{"name":"cat","price":"dear"},7,null,{"name":"bed"}]}"#,
            r#"{"id":2,"lines":{"name":"toy"}}"#,
            r#"{"id":3,"lines":null}"#,
            r#"{"id":4}"#,
        ]);
        let report = world.sync("orders").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.inserted, report.counts.bad_values), (4, 5));
        assert_eq!(lines(&world).await, ["1 0 cat -", "1 1 bed -"]);
        let kept = reject::Entity::find()
            .all(&world.db)
            .await
            .expect("the database answers");
        let kept: Vec<String> = kept
            .into_iter()
            .map(|reject| {
                let [key, field, path] = [reject.record_key, reject.field, reject.path]
                    .map(|part| part.unwrap_or_default());
                format!("{key} {field} {path} {}", reject.reason)
            })
            .collect();
        assert_eq!(
            kept,
            [
                "1 lines.price /lines/0/price `dear`: expected a decimal number",
                "1 lines /lines/1 a number where an object was expected",
                "1 lines /lines/2 null where an object was expected",
                "2 names /lines/*/name an object where a list was expected",
                "2 lines /lines an object where an array of objects was expected",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn an_object_may_reject_its_record() {
    let strict = ORDERS
        .replace(
            "name  = \"text\"",
            "name  = { type = \"text\", required = true }",
        )
        .replace(
            "weight = \"integer\"",
            "weight = { type = \"integer\", on_bad = \"reject\" }",
        );
    on_each_database(&strict, async |world| {
        world.upstream.has(&[
            r#"{"id":1,"lines":[{"price":1}]}"#,
            r#"{"id":2,"lines":[{"name":"cat","packs":[{"weight":"heavy"}]}]}"#,
            FIRST.replace("\"id\":1", "\"id\":3").as_str(),
        ]);
        let report = world.sync("orders").await;
        assert_eq!((report.counts.inserted, report.counts.rejected), (1, 2));
        let kept = reject::Entity::find()
            .all(&world.db)
            .await
            .expect("the database answers");
        let reasons: Vec<_> = kept.iter().map(|reject| reject.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "field `lines.name`: is required, and absent or null",
                "field `packs.weight`: `heavy` is not an integer of 64 bits",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn changed_tables_are_filled_from_what_is_stored() {
    on_each_database(ORDERS, async |mut world| {
        world.upstream.has(&[FIRST, SECOND]);
        world.sync("orders").await;
        let before = world.models("orders").await;
        // Another place, another column, and one that is new.
        let changed = ORDERS
            .replace("[resource.orders.tables.packs]\nfrom = \"/lines/*/packs\"\n[resource.orders.tables.packs.fields]\nweight = \"integer\"", "[resource.orders.tables.things]\nfrom = \"/lines\"\n[resource.orders.tables.things.fields]\nnote = \"text\"")
            .replace("name  = \"text\"", "name  = { from = \"/note\", type = \"text\" }");
        world.redefine(&changed).await;
        assert_eq!(world.models("orders").await, before);
        let (cat, bed) = (price(&world, "12.50"), price(&world, "3.00"));
        let all = [format!("1 0 - {cat}"), format!("1 1 soft {bed}"), "2 0 - -".to_owned()];
        assert_eq!(lines(&world).await, all);
        let notes = world.column("SELECT note FROM fake_orders__things ORDER BY rowno, position");
        assert_eq!(notes.await, [None, Some("soft".to_owned()), None]);
        let gone = world.db_error("SELECT weight FROM fake_orders__packs").await;
        assert!(gone.contains("fake_orders__packs"), "{gone}");
        // And back again.
        world.redefine(ORDERS).await;
        assert_eq!(weights(&world).await, ["1 0 1", "1 1 2", "1 2 3"]);
        assert_eq!(world.sync("orders").await.counts.unchanged, 2);
    })
    .await;
}

#[tokio::test]
async fn filling_that_is_stopped_goes_on_where_it_was() {
    on_each_database(ORDERS, async |mut world| {
        let records: Vec<String> = (1..=1200)
            .map(|id| format!(r#"{{"id":{id},"lines":[{{"name":"n{id}"}}],"size":{id}}}"#))
            .collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        world.upstream.has(&records);
        assert_outcome(&world.sync("orders").await, Outcome::Complete);
        let changed = ORDERS.replace(
            "[resource.orders.fields]",
            "[resource.orders.fields]\nsize = \"integer\"",
        );
        world.stopper.stop();
        world.redefine(&changed).await;
        let resource = world.resource("orders").await;
        assert!(resource.filling.is_some(), "the columns stand");
        let offered = resource.definition().expect("a definition");
        assert!(
            offered.field("size").is_none(),
            "readers are not offered what is not filled"
        );
        assert!(
            world
                .try_sync("orders", syncer::How::default())
                .await
                .is_none()
        );
        // A part of it was filled before: that is not done again.
        world
            .execute("UPDATE resource SET filled = 500 WHERE name = 'orders'")
            .await;
        world.go_on();
        world.redefine(&changed).await;
        let resource = world.resource("orders").await;
        assert_eq!(resource.definition, resource.projection);
        assert_eq!((resource.filling, resource.filled), (None, None));
        let filled = world
            .column("SELECT CAST(COUNT(size) AS CHAR) FROM fake_orders")
            .await;
        assert_eq!(filled, [Some("700".to_owned())]);
        let names = world
            .column("SELECT CAST(COUNT(*) AS CHAR) FROM fake_orders__lines")
            .await;
        assert_eq!(names, [Some("1200".to_owned())]);
    })
    .await;
}
