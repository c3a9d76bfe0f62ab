//! A page costs the same however deep it is: an index is walked from where the page begins, nothing is skipped or sorted.

use entity::{definition::Cell, record::Row};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, image, images},
    world::{World, settings},
};

const ROWS: i64 = 2000;
const LIMIT: i64 = 10;

#[tokio::test]
async fn a_page_reads_no_more_rows_than_it_shows() {
    for world in counting_worlds().await {
        let kind = world.kind;
        let rows: Vec<_> = (0..ROWS).map(row).collect();
        world.mirrored(&breeds(), &rows).await;
        analysed(&world, "cats_breeds").await;
        for query in queries(kind) {
            // Deep into the list, in one step; then the page itself.
            let deep = world
                .get(&format!("/api/v1/cats/breeds?{query}&limit=900"))
                .await
                .json();
            let cursor = deep["page"]["next"].as_str().expect("a next page");
            let path = format!("/api/v1/cats/breeds?{query}&limit={LIMIT}&cursor={cursor}");
            let before = rows_read(&world).await;
            let page = world.get(&path).await;
            assert_eq!(page.column("id").len(), 10);
            let read = rows_read(&world).await - before;
            // A joined row costs a read in each table, and so does a look at what comes behind the page.
            assert!(read <= 5 * LIMIT, "{query} reads {read} rows on {kind:?}");
        }
    }
}

#[tokio::test]
async fn embedded_rows_are_read_from_their_index_and_no_more_of_them_than_are_shown() {
    for world in counting_worlds().await {
        let parents: Vec<_> = (0..LIMIT).map(|at| breed(&format!("b{at}"), &[])).collect();
        world.mirrored(&breeds(), &parents).await;
        let of_each =
            (0..ROWS).map(|at| image(&format!("b{}", at % LIMIT), &format!("{at:04}"), at));
        world
            .mirrored(&images(), &of_each.collect::<Vec<_>>())
            .await;
        analysed(&world, "cats_images").await;
        let before = rows_read(&world).await;
        let page = world.get("/api/v1/cats/breeds?embed=images").await;
        let read = rows_read(&world).await - before;
        let shown = page.json()["data"][9]["_embedded"]["images"].clone();
        assert_eq!(shown["data"].as_array().map(Vec::len), Some(50));
        assert_eq!(shown["more"], true);
        // 51 of 200 for each, which stand in a table of their own until they are sent.
        assert!(
            read <= LIMIT * (51 * 2 + 10),
            "{read} rows on {:?}",
            world.kind
        );
    }
}

#[tokio::test]
async fn drawn_rows_are_looked_up_by_their_numbers() {
    for world in counting_worlds().await {
        let rows: Vec<_> = (0..ROWS).map(row).collect();
        world.mirrored(&breeds(), &rows).await;
        let before = rows_read(&world).await;
        let drawn = world.get("/api/v1/cats/breeds/-/random?limit=10").await;
        let read = rows_read(&world).await - before;
        assert_eq!(drawn.column("id").len(), 10);
        // Four numbers for each row that is wanted and a few more, and then the rows.
        assert!(read <= 8 * LIMIT, "{read} rows on {:?}", world.kind);
    }
}

/// Only these servers count what a session reads; there is one connection, so it is the session of both.
async fn counting_worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for kind in testdb::kinds() {
        if kind != Kind::Sqlite {
            worlds.push(World::with_connections(kind, settings(), 1).await);
        }
    }
    worlds
}

async fn analysed(world: &World, table: &str) {
    let analyse = format!("ANALYZE TABLE {table}");
    let analysed = world.db.execute_unprepared(&analyse).await;
    analysed.expect("it is analysed");
}

fn row(at: i64) -> Row {
    let weight = match at % 4 {
        0 => Cell::Null,
        _ => Cell::Integer(at * 7919 % ROWS),
    };
    let item = if at % 3 == 0 { "Active" } else { "Gentle" };
    let values = [
        ("weight", weight),
        ("hairless", Cell::Boolean(at % 2 == 0)),
        ("temperament", Cell::List(vec![item.to_owned()])),
    ];
    breed(&format!("b{at:04}"), &values)
}

/// MariaDB gathers all rows that have a list's item before it goes on from one of them.
fn queries(kind: Kind) -> Vec<&'static str> {
    let mut queries = vec![
        "",
        "sort=weight",
        "sort=-weight",
        "sort=hairless",
        "sort=-hairless",
        "hairless=true",
    ];
    queries.extend((kind == Kind::MySql).then_some("temperament__has=Gentle"));
    queries
}

async fn rows_read(world: &World) -> i64 {
    let status = "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_prev', \
                  'Handler_read_rnd', 'Handler_read_rnd_next', 'Sort_rows', 'Handler_read_key','Handler_read_first','Handler_read_last')";
    let status = Statement::from_string(DbBackend::MySql, status);
    let rows = world.db.query_all_raw(status).await.expect("it answers");
    let values = rows
        .iter()
        .map(|row| row.try_get::<String>("", "Value").expect("a text"));
    values
        .map(|value| value.parse::<i64>().expect("a number"))
        .sum()
}
