//! A page costs the same however deep it is, and no page costs much: the databases' own plans and counters say so.

use entity::{
    definition::{Cell, Definition, Field, Kind as Type, OrderKey},
    record::{
        self, Direction, Does, Filter, Position, Row, Selection, SortKey, Step, Test, Window,
    },
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, text, value},
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

fn definition() -> Definition {
    let order = ["coat", "-price"].map(|key| OrderKey::from(key.to_owned()));
    Definition {
        orders: vec![order.to_vec()],
        ..breeds()
    }
}

async fn crowded(kind: Kind) -> World {
    // Only the servers count what a session reads; with one connection it is the session of both.
    let world = World::with_connections(kind, settings(), 1).await;
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    world.mirrored(&definition(), &rows).await;
    if kind != Kind::Sqlite {
        for table in ["cats_breeds", "cats_breeds__temperament"] {
            let analyse = format!("ANALYZE TABLE {table}");
            let analysed = world.db.execute_unprepared(&analyse).await;
            analysed.expect("it is analysed");
        }
    }
    world
}

#[tokio::test]
async fn every_operator_and_sort_is_a_walk_or_a_sort_of_few() {
    for kind in testdb::kinds() {
        let world = crowded(kind).await;
        let definition = definition();
        let mut filters = vec![Vec::new()];
        for field in definition.fields.iter().filter(|field| field.index) {
            filters.extend(tests_of(field).into_iter().map(|test| {
                let field = field.clone();
                vec![Filter { field, test }]
            }));
        }
        let sorts = sorts(&definition);
        let mut ways = [0, 0];
        for (at, filters) in filters.iter().enumerate() {
            for (turn, sort) in sorts.iter().enumerate() {
                let selection = Selection {
                    definition: &definition,
                    filters,
                    of: None,
                };
                // A plan is that of the filter and the sort, or that of the sort and the place.
                let mut places = places(sort);
                if !filters.is_empty() {
                    places = vec![places.swap_remove((at + turn) % 3)];
                }
                for (from, direction) in places {
                    let window = Window {
                        sort,
                        from: from.as_ref(),
                        direction,
                        limit: 10,
                    };
                    let steps = record::explain(&world.db, selection, window).await;
                    let steps = steps.expect("it is explained");
                    let what = format!("{filters:?} by {sort:?} {direction:?} on {kind:?}");
                    assert!(!steps.is_empty(), "{what}");
                    for step in &steps {
                        ways[usize::from(step.does == Does::Walk)] += 1;
                        assert_eq!(objections(kind, step), [""; 0], "{what}: {step:#?}");
                    }
                }
            }
        }
        assert!(ways.iter().all(|steps| *steps > 100), "{ways:?}");
    }
}

/// One test of each operator that the field has, with many rows and, where values differ, with few.
fn tests_of(field: &Field) -> Vec<Test> {
    if field.kind == Type::List {
        return vec![
            Test::Has("Gentle".to_owned()),
            Test::HasAny(vec!["Gentle".to_owned(), "Active".to_owned()]),
            Test::Has("Lazy".to_owned()),
            Test::IsNull(true),
            Test::IsNull(false),
        ];
    }
    let (low, high) = match field.name.as_str() {
        "id" => ("b00100", "b14000"),
        "name" => ("cat 1", "cat 4"),
        "weight" => ("100", "14000"),
        "price" => ("100.5", "14000.5"),
        "mass" => ("100.25", "4000.25"),
        "rating" => ("10.125", "600"),
        "born" => ("1100-02-01", "8000-02-01"),
        "seen" => ("1100-11-21T08:00:00Z", "8000-11-21T08:00:00Z"),
        "coat" => ("long", "short"),
        "hairless" => {
            let both = [true, false].map(|is| Test::Equals(Cell::Boolean(is)));
            let nulls = [true, false].map(Test::IsNull);
            return both.into_iter().chain(nulls).collect();
        }
        other => panic!("no values for {other}"),
    };
    let (low, high) = (value(&field.name, low), value(&field.name, high));
    let mut tests = vec![
        Test::Equals(low.clone()),
        Test::Among(vec![low.clone(), high.clone()]),
        Test::NotAmong(vec![low.clone()]),
        Test::NotAmong(vec![low.clone(), high.clone()]),
        Test::IsNull(true),
        Test::IsNull(false),
    ];
    tests.extend([Test::Above(low.clone()), Test::AtLeast(high.clone())]);
    tests.extend([Test::Below(high), Test::AtMost(low)]);
    if field.kind == Type::Text {
        tests.extend(["c", "cat 12", "b00", ""].map(|prefix| Test::StartsWith(prefix.to_owned())));
    }
    tests
}

fn sorts(definition: &Definition) -> Vec<Vec<SortKey>> {
    let sortable = definition
        .fields
        .iter()
        .filter(|field| field.index && field.kind != Type::List);
    let both = sortable.flat_map(|field| {
        [false, true].map(|descending| {
            let field = field.clone();
            vec![SortKey { field, descending }]
        })
    });
    let order = [false, true].map(|reversed| {
        let keys = definition.orders[0].iter().map(|key| SortKey {
            field: definition.field(&key.field).expect("a field").clone(),
            descending: key.descending != reversed,
        });
        keys.collect()
    });
    both.chain([Vec::new()]).chain(order).collect()
}

/// The first page, and one in the middle, read both ways.
fn places(sort: &[SortKey]) -> Vec<(Option<Position>, Direction)> {
    let values = sort.iter().map(|key| match key.field.kind {
        Type::Text => text("cat 2"),
        Type::Integer => Cell::Integer(7000),
        Type::Boolean => Cell::Boolean(true),
        Type::Float => Cell::Float(100.5),
        Type::Decimal { .. } => value(&key.field.name, "1000"),
        Type::Date => value("born", "5000-01-01"),
        _ => value("seen", "5000-01-01T00:00:00Z"),
    });
    let rowno = 7000;
    let middle = Position {
        values: values.collect(),
        rowno,
    };
    vec![
        (None, Direction::Forward),
        (Some(middle.clone()), Direction::Forward),
        (Some(middle), Direction::Backward),
    ]
}

/// What of a step reads a table from end to end, or sorts what is not known to be few.
fn objections(kind: Kind, step: &Step) -> Vec<&str> {
    let may_sort = step.does == Does::Sort;
    let lines = step.plan.iter().map(String::as_str);
    // The rows in their own order are the table in its.
    let in_own_order = step.does == Does::Walk && step.index.is_empty();
    let bad = |line: &&str| match kind {
        Kind::Sqlite => match line {
            line if line.contains("TEMP B-TREE") => !may_sort,
            line if line.starts_with("SCAN") => !(in_own_order || line.contains("USING INDEX")),
            line if line.starts_with("SEARCH") => {
                !line.contains("INDEX") && !line.contains("INTEGER PRIMARY KEY")
            }
            _ => false,
        },
        Kind::MySql | Kind::MariaDb => {
            let sorts = line.contains("filesort") || line.contains("temporary");
            let scans = line.contains(": ALL ") && !line.starts_with('<');
            (sorts && !may_sort) || scans
        }
    };
    lines.filter(bad).collect()
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
async fn a_page_that_finds_nothing_leads_on() {
    for kind in testdb::kinds() {
        let world = crowded(kind).await;
        let base = "/api/v1/cats/breeds?hairless=true&coat=short&limit=1000";
        let mut found = Vec::new();
        let mut pages = Vec::new();
        let mut page = world.get(base).await;
        loop {
            pages.push(page.column("id").len());
            found.extend(page.column("id"));
            let Some(next) = page.json()["page"]["next"].as_str().map(str::to_owned) else {
                break;
            };
            assert!(pages.len() < 20, "no end: {pages:?}");
            page = world.get(&format!("{base}&cursor={next}")).await;
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

fn servers() -> impl Iterator<Item = Kind> {
    testdb::kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Sqlite)
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
