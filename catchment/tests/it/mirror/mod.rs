//! A syncer that reads the mirror of another: only the address differs, and the rows do not.

mod site;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entity::{
    Clock,
    definition::Definition,
    run::{Outcome, Trigger},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use secrecy::SecretString;
use syncer::{
    Ctx, How,
    source::{self, Environment, File, plan::Catalog},
    stop::{self, Stopper},
};
use testdb::{Kind, TestDb, upstream::Upstream};
use tokio::net::TcpListener;

use self::site::Records;

const DEFINITION: &str = include_str!("fake.toml");

/// A syncer with a database of its own.
struct Side {
    db: DatabaseConnection,
    ctx: Ctx,
    catalog: Arc<Catalog>,
    _stopper: Stopper,
    _database: TestDb,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_reads_the_mirror_of_another_has_its_rows() {
    for kind in testdb::kinds() {
        let records = Records::default();
        fill(&records);
        let upstream = Upstream::start().await;
        site::opens(&upstream, &records);
        let one = Side::new(kind, &upstream.url).await;
        one.sync().await;
        // Rows that are gone leave gaps.
        shrink(&records);
        one.sync().await;
        let (state, url) = one.serve().await;
        let other = Side::new(kind, &format!("{url}/mirror/fake")).await;
        other.sync().await;
        same(&one, &other).await;
        grow(&records);
        one.sync().await;
        state.refresh().await;
        other.sync().await;
        same(&one, &other).await;
    }
}

/// What a client of the upstream asks, and what of it is told in which header.
const REQUESTS: [(&str, Option<&str>); 16] = [
    ("/things?page=0&limit=3", None),
    ("/shelf?skip=0&take=4", None),
    ("/shelf?skip=8&take=4", None),
    ("/shelf?skip=80&take=4", None),
    ("/short-shelf?skip=5&take=4", Some("x-all")),
    ("/things/t7/parts?page=2&limit=3", Some("pagination-count")),
    ("/charges?limit=3", Some("x-all")),
    ("/charges?limit=3&starting_after=r09", Some("x-all")),
    (
        "/tickets?state=open&page=1&limit=3",
        Some("pagination-count"),
    ),
    (
        "/tickets?state=closed&page=1&limit=3",
        Some("pagination-count"),
    ),
    (
        "/events?since=2026-11-05T00:00:00Z&until=2026-11-07T00:00:00Z&page=0&limit=3",
        Some("pagination-count"),
    ),
    ("/things/t3/parts?page=0&limit=3", Some("pagination-count")),
    ("/notes?of=thing:t5&after=n1&limit=3", Some("x-all")),
    ("/lines?", None),
    ("/rates?", None),
    ("/about?", None),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_answers_what_the_upstream_does() {
    for kind in testdb::kinds() {
        let records = Records::default();
        fill(&records);
        let upstream = Upstream::start().await;
        site::opens(&upstream, &records);
        let one = Side::new(kind, &upstream.url).await;
        one.sync().await;
        let (_state, url) = one.serve().await;
        for (request, header) in REQUESTS {
            let request = format!("{request}&version=2&api_key=s3cret");
            let (expected, said) = get(&format!("{}{request}", upstream.url), header).await;
            let (answered, told) = get(&format!("{url}/mirror/fake{request}"), header).await;
            assert_eq!((answered, told), (expected, said), "{request}");
        }
    }
}

/// The body of a good answer, and that header.
async fn get(url: &str, header: Option<&str>) -> (String, Option<String>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    let told = header.map(|name| answer.headers()[name].to_str().unwrap().to_owned());
    (answer.text().await.unwrap(), told)
}

impl Side {
    async fn new(kind: Kind, base_url: &str) -> Self {
        let database = testdb::fresh(kind).await;
        let db = entity::connect::connect(&database.url, 4).await.unwrap();
        migration::up(&db).await.unwrap();
        let (stopper, stop) = stop::pair();
        let mut ctx = Ctx::new(db.clone(), clock(), stop).unwrap();
        ctx.notice = Duration::ZERO;
        let catalog = catalog(base_url);
        syncer::register(&ctx, &catalog).await.unwrap();
        Self {
            db,
            ctx,
            catalog,
            _stopper: stopper,
            _database: database,
        }
    }

    /// A run of each resource, all of them complete.
    async fn sync(&self) {
        let source = &self.catalog.sources[0];
        for plan in &source.resources {
            let report = syncer::sync(&self.ctx, source, plan, Trigger::Manual, How::default());
            let report = report.await.unwrap().unwrap();
            let wanted = if plan.name == "things" {
                // One of its records is a reject.
                [Outcome::Complete, Outcome::Partial]
            } else {
                [Outcome::Complete; 2]
            };
            assert!(
                wanted.contains(&report.outcome),
                "{}: {:?} {:?}",
                plan.name,
                report.outcome,
                report.error
            );
        }
    }

    /// Serves its rows.
    async fn serve(&self) -> (api::AppState, String) {
        let settings = api::Settings {
            refresh: Duration::from_hours(1),
            ..api::Settings::new("secret")
        };
        let state = api::AppState::new(self.db.clone(), clock(), settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let for_ever = std::future::pending();
        tokio::spawn(api::serve(listener, state.clone(), for_ever));
        state.refresh().await;
        (state, url)
    }

    /// The rows of a resource that are there, and the items of their lists and tables: all but their numbers, versions
    /// and times.
    async fn rows(&self, definition: &Definition) -> Vec<Vec<Option<String>>> {
        let table = &definition.table;
        let columns = definition.columns().map(|field| field.name.as_str());
        let columns = ["record_key", "payload", "payload_hash"]
            .into_iter()
            .chain(columns);
        let shown: Vec<String> = columns.map(|name| self.shown("r", name)).collect();
        let of = format!("FROM {table} r WHERE r.deleted_at IS NULL ORDER BY 1");
        let mut rows = self
            .texts(&format!("SELECT {} {of}", shown.join(", ")), shown.len())
            .await;
        for child in definition.children() {
            let columns = ["position"]
                .into_iter()
                .chain(child.columns.iter().map(|c| c.name));
            let columns = columns.map(|name| self.shown("i", name));
            let shown: Vec<String> = [self.shown("r", "record_key")]
                .into_iter()
                .chain(columns)
                .collect();
            let of = format!(
                "FROM {} i JOIN {table} r ON r.rowno = i.rowno WHERE r.deleted_at IS NULL ORDER BY 1, 2",
                child.table
            );
            let sql = format!("SELECT {} {of}", shown.join(", "));
            rows.extend(self.texts(&sql, shown.len()).await);
        }
        rows
    }

    /// A column as a text.
    fn shown(&self, table: &str, column: &str) -> String {
        let hash = column == "payload_hash";
        match self.db.get_database_backend() {
            _ if hash => format!("HEX({table}.{column})"),
            sea_orm::DbBackend::Sqlite => format!("CAST({table}.{column} AS TEXT)"),
            _ => format!("CAST({table}.{column} AS CHAR)"),
        }
    }

    async fn texts(&self, sql: &str, columns: usize) -> Vec<Vec<Option<String>>> {
        let statement = Statement::from_string(self.db.get_database_backend(), sql);
        let rows = self.db.query_all_raw(statement).await;
        let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let row = |row: &sea_orm::QueryResult| {
            let cells = (0..columns).map(|at| row.try_get_by_index(at).unwrap());
            cells.collect()
        };
        rows.iter().map(row).collect()
    }
}

/// Asserts that both have the same rows, and some of each resource.
async fn same(one: &Side, other: &Side) {
    for plan in &one.catalog.sources[0].resources {
        let rows = one.rows(&plan.definition).await;
        assert!(!rows.is_empty(), "{} has no rows", plan.name);
        assert_eq!(other.rows(&plan.definition).await, rows, "{}", plan.name);
    }
}

fn clock() -> Clock {
    let now = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").unwrap();
    let now: DateTime<Utc> = now.to_utc();
    Clock::from_fn(move || now)
}

fn catalog(base_url: &str) -> Arc<Catalog> {
    let file = File {
        path: "fake.toml".into(),
        text: DEFINITION.to_owned(),
    };
    let replaced = toml::Table::from_iter([("base_url".to_owned(), base_url.into())]);
    let environment = Environment {
        overrides: BTreeMap::from([("fake".to_owned(), replaced)]),
        secret: &|name| Ok((name == "FAKE_KEY").then(|| SecretString::from("s3cret"))),
        enabled: None,
    };
    let catalog = source::load(&[file], &environment);
    Arc::new(catalog.unwrap_or_else(|faults| panic!("{faults}")))
}

/// Eleven records for each path, and what is peculiar to some.
fn fill(records: &Records) {
    let mut all = records.lock().unwrap();
    let numbered =
        |count: usize| (1..=count).map(|at| format!("{{\"id\":\"r{at:02}\", \"n\": {at}}}"));
    for path in [
        "/pages-from-one",
        "/shelf",
        "/short-shelf",
        "/feed",
        "/header-feed",
        "/charges",
        "/repos/acme%20inc/issues",
        "/exports",
        "/tickets?open",
        "/lines",
    ] {
        all.insert(path.to_owned(), numbered(11).collect());
    }
    all.insert(
        "/tickets?closed".to_owned(),
        numbered(4).map(|record| record.replace("r", "c")).collect(),
    );
    all.insert("/things".to_owned(), things());
    for thing in 1..=7 {
        // The name of the parent is a member of some parts themselves.
        let parts = (1..=thing).map(|at| match at {
            2 => format!(r#"{{"id":{at},"thing_name":"Ding t{thing}"}}"#),
            _ => format!(r#"{{ "id": {at}, "of": "ünïcode 😀" }}"#),
        });
        all.insert(format!("/things/t{thing}/parts"), parts.collect());
        let notes = (1..=thing).map(|at| format!(r#"{{"id":"n{at}","text":"a\nb"}}"#));
        all.insert(format!("/notes?thing:t{thing}"), notes.collect());
    }
    let events =
        (1..=19).map(|day| format!(r#"{{"id":"e{day:02}","at":"2026-11-{day:02}T00:00:00Z"}}"#));
    all.insert("/events".to_owned(), events.collect());
    let days = (1..=12).map(|month| {
        format!(
            r#"{{"id":"d{month:02}","day":"2026-{:02}-01"}}"#,
            month.min(11)
        )
    });
    all.insert("/days".to_owned(), days.collect());
    let sheet =
        (1..=5).map(|at| format!("s{at};\"a;\"\"{at}\"\"\nb\";{};{}", at * 10, at % 2 == 0));
    all.insert(
        "/sheet.csv".to_owned(),
        sheet.chain(["s6;;;".to_owned()]).collect(),
    );
    let rates =
        ["EUR", "USD", "CHF"].map(|name| format!(r#""{name}":{{"rate":1.10, "of":"{name}"}}"#));
    all.insert("/rates".to_owned(), rates.to_vec());
    all.insert(
        "/about".to_owned(),
        vec![r#"{"id":1,"title":"x"}"#.to_owned()],
    );
}

/// Records whose bytes say more than their values, and one that can be no row.
fn things() -> Vec<String> {
    let thing = |at: u32| {
        format!(
            r#"{{ "id":"t{at}","name":"Ding t{at}", "tags":["a","b{at}"], "size":9007199254740993, "price":12.{at}00,
  "made":"2026-11-0{at}","seen":"2026-11-21T08:00:00.12345{at}Z","ratio":1e-{at},"good":true,
  "extra":{{"b":1,"a":[1.0]}},"sides":[{{"label":"x","width":{at}}},{{"label":null}}],"unknown":12345678901234567890.10 }}"#
        )
    };
    let mut things: Vec<String> = (1..=7).map(thing).collect();
    things.insert(3, r#"{"name":"nobody"}"#.to_owned());
    things
}

/// Takes records from the beginning, the middle and the end of what is not read by what changed.
fn shrink(records: &Records) {
    let mut all = records.lock().unwrap();
    for (path, records) in all.iter_mut() {
        if records.len() == 11 {
            records.retain(|record| {
                !["r01", "r05", "r06", "r11"]
                    .iter()
                    .any(|id| record.contains(id))
            });
        } else if path == "/things" {
            records.retain(|record| !record.contains("t2"));
        }
    }
}

/// Adds some, changes some and takes some.
fn grow(records: &Records) {
    let mut all = records.lock().unwrap();
    for (path, records) in all.iter_mut() {
        if records.len() == 7 && records[0].contains("r02") {
            records.extend((12..=20).map(|at| format!(r#"{{"id":"r{at}"}}"#)));
            records[2] = records[2].replace("\"n\"", "\"m\"");
            records.remove(1);
        } else if path == "/events" || path == "/days" {
            let name = if path == "/events" { "at" } else { "day" };
            let at = if path == "/events" {
                "2026-11-20T12:00:00Z"
            } else {
                "2026-11-20"
            };
            records.push(format!(r#"{{"id":"x","{name}":"{at}"}}"#));
        } else if path == "/sheet.csv" {
            records[0] = records[0].replace(";10;", ";11;");
        }
    }
}
