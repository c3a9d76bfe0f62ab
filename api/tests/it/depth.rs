//! A page costs the same however deep it is, and no page costs much: the servers' own counters say so.

use entity::{
    definition::{Cell, Definition, OrderKey},
    record::Row,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, image, images, searched, text, value},
    mirror::mirrored_breeds,
    world::{World, settings},
};

const ROWS: i64 = 15_000;
const LIMIT: i64 = 10;
/// A filter that more rows meet than are sorted, and more than are passed by in one page.
const MANY: i64 = 10_500;

/// The rows `hairless=true` are many, and so are those of `coat=short`; both are only those at the end.
fn row(at: i64) -> Row {
    let weight = match at % 4 {
        0 => Cell::Null,
        _ => Cell::Integer(at * 7919 % ROWS),
    };
    let item = if at % 3 == 0 { "Active" } else { "Gentle" };
    let coat = if at < MANY { "long" } else { "short" };
    let mut values = vec![
        ("weight", weight),
        ("hairless", Cell::Boolean(at < ROWS - 100)),
        ("coat", text(coat)),
        ("temperament", Cell::List(vec![item.to_owned()])),
        ("name", text(&format!("cat {}", at % 5000))),
        ("price", value("price", &format!("{}.5", at % 99_000))),
        ("mass", value("mass", &format!("{}.25", at % 5001))),
        (
            "rating",
            Cell::Float(f64::from(u16::try_from(at % 5003).expect("it fits")) / 8.0),
        ),
        (
            "born",
            value("born", &format!("{}-02-01", 1000 + at % 9000)),
        ),
    ];
    if at % 5 != 0 {
        let seen = format!("{}-11-21T08:00:00Z", 1000 + at % 9000);
        values.push(("seen", value("seen", &seen)));
    }
    breed(&format!("b{at:05}"), &values)
}

pub(crate) fn definition() -> Definition {
    ordered(breeds())
}

/// The same, found by words and by parts of names, too.
pub(crate) fn searchable() -> Definition {
    ordered(searched())
}

fn ordered(breeds: Definition) -> Definition {
    let order = ["coat", "-price"].map(|key| OrderKey::from(key.to_owned()));
    Definition {
        orders: vec![order.to_vec()],
        ..breeds
    }
}

/// A world with more rows than one page may look at.
pub(crate) async fn crowded(kind: Kind) -> World {
    crowded_by(kind, &definition()).await
}

/// The same, of that definition.
pub(crate) async fn crowded_by(kind: Kind, definition: &Definition) -> World {
    // Only the servers count what a session reads; with one connection it is the session of both.
    let world = World::with_connections(kind, settings(), 1).await;
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    world.mirrored(definition, &rows).await;
    if kind != Kind::Sqlite {
        let children = definition.children().map(|child| child.table);
        for table in children.chain([definition.table.clone()]) {
            let analyse = format!("ANALYZE TABLE {table}");
            let analysed = world.db.execute_unprepared(&analyse).await;
            analysed.expect("it is analysed");
        }
    }
    world
}

#[tokio::test]
async fn a_page_reads_no_more_rows_than_it_shows() {
    for kind in servers() {
        let world = crowded(kind).await;
        for query in [
            "",
            "sort=weight",
            "sort=-weight",
            "sort=hairless",
            "sort=-hairless",
            "hairless=true",
            "temperament__has=Gentle",
            "sort=weight&weight__gte=100&weight__lt=14000",
            "sort=-name&name__startswith=cat",
            "sort=name&name__ne=cat+7",
            "sort=-weight&weight__notin=100,200,300",
            "sort=weight&weight__isnull=false",
            "sort=coat,-price",
            "sort=-coat,price",
            "sort=coat,-price&coat=short",
        ] {
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
async fn words_and_parts_are_bounded_like_any_filter() {
    for kind in servers() {
        let world = crowded_by(kind, &searchable()).await;
        // Where the walk is another one, the words' index is asked for 4,096 entries before, and counting reads them twice.
        let walks = [
            ("q=cat", 5 * LIMIT),
            ("q=gentle", 5 * LIMIT),
            ("q=Gentle&sort=-name", 9_000),
        ];
        for (query, most) in walks {
            let deep = format!("/api/v1/cats/breeds?{query}&limit=900");
            let deep = world.get(&deep).await.json();
            let cursor = deep["page"]["next"].as_str().expect("a next page");
            let (found, read) = page(&world, &format!("{query}&cursor={cursor}")).await;
            assert_eq!(found, 10, "{query}");
            assert!(read <= most, "{query} reads {read} rows on {kind:?}");
        }
        for query in [
            "q=cat+gentle+7*",
            "q=c*&coat=short&count=capped",
            "q=g*+c*+a*&sort=-weight",
            "q=nothing+cat",
            "name__contains=at&sort=weight",
            "name__contains=9&name__contains=8&count=capped",
            "name__endswith=7&coat=short&sort=name",
        ] {
            let (_, read) = page(&world, query).await;
            // For one that begins so a server looks at what the row has until it meets one: three words, eight ends.
            assert!(read <= 160_000, "{query} reads {read} rows on {kind:?}");
        }
    }
}

/// How many rows a page has, and how many were read for it.
async fn page(world: &World, query: &str) -> (usize, i64) {
    let path = format!("/api/v1/cats/breeds?{query}&limit={LIMIT}");
    let before = rows_read(world).await;
    let found = world.get(&path).await.column("id").len();
    (found, rows_read(world).await - before)
}

#[tokio::test]
async fn a_page_that_follows_another_by_number_reads_no_more_rows_than_it_shows() {
    for kind in servers() {
        let world = World::with_connections(kind, settings(), 1).await;
        let rows: Vec<_> = (0..3000)
            .map(|at| breed(&format!("b{at:04}"), &[]))
            .collect();
        let id = world.mirrored(&mirrored_breeds(), &rows).await;
        // With one row gone, no row's number is its place.
        world.delete(&mirrored_breeds(), (id, 2), &[1]).await;
        let page = async |number: u32| {
            let before = rows_read(&world).await;
            let answer = world
                .get(&format!("/mirror/cats/breeds?limit={LIMIT}&page={number}"))
                .await;
            let first = format!(r#"[{{"id":"b{:04}"}}"#, 1 + 10 * number);
            assert!(answer.body.starts_with(&first), "{}", answer.body);
            rows_read(&world).await - before
        };
        let cold = page(200).await;
        assert!((2_000..2_100).contains(&cold), "{cold} on {kind:?}");
        let next = page(201).await;
        assert!(next <= 5 * LIMIT, "{next} on {kind:?}");
    }
}

#[tokio::test]
async fn no_page_reads_more_than_its_bounds() {
    for kind in servers() {
        let world = crowded(kind).await;
        for query in [
            "hairless=true&coat=short",
            "hairless=true&coat=short&sort=-weight",
            "temperament__has=Gentle&coat=short",
            "temperament__hasany=Gentle,Active&coat=short&sort=name",
            "temperament__isnull=true",
            "temperament__isnull=true&sort=name",
            "name__ne=x&weight__gte=0&coat=short&hairless=true&count=capped",
            "coat__in=short&weight__notin=1,2,3",
        ] {
            let before = rows_read(&world).await;
            let path = format!("/api/v1/cats/breeds?{query}&limit={LIMIT}");
            assert_eq!(world.get(&path).await.status, 200, "{query}");
            let read = rows_read(&world).await - before;
            // An entry that is passed by costs a look at its row and another at its items, for the page and the count,
            // and each of four fields is asked for some thousand.
            assert!(read <= 80_000, "{query} reads {read} rows on {kind:?}");
        }
    }
}

#[tokio::test]
async fn embedded_rows_are_read_from_their_index_and_no_more_of_them_than_are_shown() {
    for kind in servers() {
        let world = World::with_connections(kind, settings(), 1).await;
        let parents: Vec<_> = (0..LIMIT).map(|at| breed(&format!("b{at}"), &[])).collect();
        world.mirrored(&breeds(), &parents).await;
        let of_each =
            (0..2_000).map(|at| image(&format!("b{}", at % LIMIT), &format!("{at:04}"), at));
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
    for kind in servers() {
        let world = World::with_connections(kind, settings(), 1).await;
        let rows: Vec<_> = (0..2_000)
            .map(|at| breed(&format!("b{at:04}"), &[]))
            .collect();
        world.mirrored(&breeds(), &rows).await;
        let before = rows_read(&world).await;
        let drawn = world.get("/api/v1/cats/breeds/-/random?limit=10").await;
        let read = rows_read(&world).await - before;
        assert_eq!(drawn.column("id").len(), 10);
        // Four numbers for each row that is wanted and a few more, and then the rows.
        assert!(read <= 8 * LIMIT, "{read} rows on {:?}", world.kind);
    }
}

async fn analysed(world: &World, table: &str) {
    let analyse = format!("ANALYZE TABLE {table}");
    let analysed = world.db.execute_unprepared(&analyse).await;
    analysed.expect("it is analysed");
}

#[tokio::test]
async fn a_page_that_finds_nothing_leads_on() {
    for kind in testdb::kinds() {
        let world = crowded(kind).await;
        let base = "/api/v1/cats/breeds?hairless=true&coat=short&limit=1000";
        let mut page = world.get(base).await;
        let mut found = page.column("id");
        let mut pages = vec![found.len()];
        while let Some(next) = page.json()["page"]["next"].as_str() {
            page = world.get(&format!("{base}&cursor={next}")).await;
            pages.push(page.column("id").len());
            found.extend(page.column("id"));
            assert!(pages.len() < 20, "no end: {pages:?}");
        }
        let all: Vec<_> = (MANY..ROWS - 100).map(|at| format!("b{at:05}")).collect();
        assert_eq!(found, all, "{kind:?}");
        assert_eq!(pages[0], 0, "{kind:?}: {pages:?}");
        // And back again, from the last page to the first.
        let mut back = page.column("id");
        while let Some(prev) = page.json()["page"]["prev"].as_str() {
            page = world.get(&format!("{base}&cursor={prev}")).await;
            let ids = page.column("id");
            back.splice(0..0, ids);
        }
        assert_eq!(back, all, "{kind:?}");
    }
}

#[tokio::test]
async fn a_count_goes_as_far_as_was_asked_for() {
    for kind in testdb::kinds() {
        let world = crowded(kind).await;
        let check = async |query: &str, value: i64, exact: bool| {
            let answer = world
                .get(&format!("/api/v1/cats/breeds?limit=1&{query}"))
                .await;
            let expected = serde_json::json!({ "value": value, "exact": exact });
            assert_eq!(answer.json()["count"], expected, "{query} on {kind:?}");
            assert_eq!(
                answer.headers.contains_key("x-total-count"),
                exact,
                "{query}"
            );
        };
        check("count=none", ROWS, true).await;
        check("count=capped", ROWS, true).await;
        check("hairless=true&count=capped", 10_000, false).await;
        check("hairless=true&count=exact", ROWS - 100, true).await;
        check("hairless=false&count=capped", 100, true).await;
        check("coat=short&count=capped", ROWS - MANY, true).await;
        check(
            "coat=short&hairless=true&count=capped",
            ROWS - MANY - 100,
            true,
        )
        .await;
        check("temperament__has=Gentle&count=capped", 10_000, true).await;
        check("temperament__has=Gentle&count=exact", 10_000, true).await;
        check("weight__isnull=true&count=capped", ROWS / 4, true).await;
        check("id__startswith=b000&count=capped", 100, true).await;
        check("weight__gte=3&weight__lt=3&count=capped", 0, true).await;
    }
}

pub(crate) fn servers() -> impl Iterator<Item = Kind> {
    testdb::kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Sqlite)
}

pub(crate) async fn rows_read(world: &World) -> i64 {
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
