//! A page costs the same however deep it is: an index is walked from where the page begins, nothing is skipped or sorted.

use entity::{definition::Cell, record::Row};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testdb::Kind;

use crate::{
    cats::{breed, breeds},
    world::{World, settings},
};

const ROWS: i64 = 2000;
const LIMIT: i64 = 10;

#[tokio::test]
async fn a_page_reads_no_more_rows_than_it_shows() {
    // Only these servers count what a session reads; there is one connection, so it is the session of both.
    let servers = testdb::kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Sqlite);
    for kind in servers {
        let world = World::with_connections(kind, settings(), 1).await;
        let rows: Vec<_> = (0..ROWS).map(row).collect();
        world.mirrored(&breeds(), &rows).await;
        world
            .db
            .execute_unprepared("ANALYZE TABLE cats_breeds")
            .await
            .expect("it is analysed");
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
