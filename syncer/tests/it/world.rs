//! A syncer, its upstream and its database: everything that a test of a run needs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use entity::{
    Clock,
    record::{self, Column},
    reject, resource,
    run::{Outcome, Trigger},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait, QueryOrder, Statement};
use secrecy::SecretString;
use syncer::{
    Ctx, How, Report,
    source::{self, Environment, File, plan::Catalog},
    stop::{self, Stopper},
};
use testdb::TestDb;

use crate::upstream::Upstream;

/// A page of two records at a time, mirrored, with their number in a header.
pub(crate) const THINGS: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 2, max_wait = "5s" }

[resource.things]
path    = "/things"
key     = ["id"]
mode    = "mirror"
deletes = { how = "soft", max = "50%" }
page    = { kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:pagination-count" }
[resource.things.fields]
name = "text"
tags = "list"
size = "integer"
"#;

/// The variables that definitions may name.
const VARIABLES: [(&str, &str); 7] = [
    ("FAKE_KEY", "s3cret"),
    ("DOG_API_KEY", "live_dogs"),
    ("GITHUB_REPOSITORY", "octo/hello"),
    ("GITHUB_TOKEN", "made-up-token"),
    ("NOTION_DATABASE", "d9824bdc84454327be8b5b47500af6ce"),
    ("NOTION_TOKEN", "made-up-secret"),
    ("STRIPE_API_KEY", "made-up-key"),
];

/// A row as SQL shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) payload: String,
    pub(crate) version: i64,
    pub(crate) deleted: bool,
}

/// Connections of a world's pool.
pub(crate) const CONNECTIONS: u32 = 4;

pub(crate) struct World {
    pub(crate) upstream: Upstream,
    pub(crate) db: DatabaseConnection,
    pub(crate) ctx: Ctx,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) stopper: Stopper,
    now: Arc<Mutex<DateTime<Utc>>>,
    test_db: TestDb,
}

/// Runs `test` with the definition in `toml` on every database that can be had here.
pub(crate) async fn on_each_database(toml: &str, test: impl AsyncFn(World)) {
    for kind in testdb::kinds() {
        eprintln!("on {kind:?}");
        test(World::new(kind, toml).await).await;
    }
}

impl World {
    pub(crate) async fn new(kind: testdb::Kind, toml: &str) -> Self {
        let upstream = Upstream::start().await;
        let test_db = testdb::fresh(kind).await;
        let db = entity::connect::connect(&test_db.url, CONNECTIONS)
            .await
            .expect("the database answers");
        migration::up(&db).await.expect("the schema can be made");
        let start = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z")
            .expect("a time")
            .to_utc();
        let now = Arc::new(Mutex::new(start));
        let (stopper, stop) = stop::pair();
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || *told.lock().expect("no test panicked here"));
        let mut ctx = Ctx::new(db.clone(), clock, stop).expect("a client");
        ctx.lease = Duration::from_millis(500);
        ctx.poll = Duration::from_millis(20);
        // Nobody reads beside a test.
        ctx.notice = Duration::ZERO;
        let catalog = catalog(toml, &upstream.url);
        let world = Self {
            upstream,
            db,
            ctx,
            catalog,
            stopper,
            now,
            test_db,
        };
        syncer::register(&world.ctx, &world.catalog)
            .await
            .expect("the definitions can be registered");
        world
    }

    /// Another process, after this one was stopped.
    pub(crate) fn go_on(&mut self) {
        let (stopper, stop) = stop::pair();
        self.stopper = stopper;
        self.ctx.stop = stop;
    }

    /// The same database and upstream under another definition.
    pub(crate) async fn redefine(&mut self, toml: &str) {
        self.try_redefine(toml)
            .await
            .expect("the definitions can be registered");
    }

    /// The same definition where the variable `name` has another value.
    pub(crate) async fn redefine_with(&mut self, toml: &str, name: &str, value: &str) {
        let variables = VARIABLES.map(|(known, old)| match known == name {
            true => (known, value),
            false => (known, old),
        });
        self.catalog = catalog_with(toml, &self.upstream.url, &variables);
        syncer::register(&self.ctx, &self.catalog)
            .await
            .expect("the definitions can be registered");
    }

    pub(crate) async fn try_redefine(&mut self, toml: &str) -> Result<(), String> {
        self.catalog = catalog(toml, &self.upstream.url);
        syncer::register(&self.ctx, &self.catalog)
            .await
            .map_err(|error| error.to_string())
    }

    /// The same database under a definition whose files are in `folder`.
    pub(crate) async fn redefine_in(&mut self, folder: &std::path::Path, toml: &str) {
        self.catalog = catalog(toml, &format!("file://{}", folder.display()));
        syncer::register(&self.ctx, &self.catalog)
            .await
            .expect("the definitions can be registered");
    }

    /// The reasons of rejected records, in order.
    pub(crate) async fn reasons(&self) -> Vec<String> {
        let rejects = reject::Entity::find().all(&self.db).await;
        let rejects = rejects.expect("the database answers").into_iter();
        let rejects = rejects.filter(|reject| reject.kind == reject::Kind::Record);
        let mut reasons: Vec<String> = rejects.map(|reject| reject.reason).collect();
        reasons.sort();
        reasons
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.db.execute_unprepared(sql).await.expect(sql);
    }

    pub(crate) async fn db_error(&self, sql: &str) -> String {
        self.db
            .execute_unprepared(sql)
            .await
            .expect_err(sql)
            .to_string()
    }

    pub(crate) fn url(&self) -> &str {
        &self.test_db.url
    }

    pub(crate) fn pass(&self, time: chrono::Duration) {
        *self.now.lock().expect("no test panicked here") += time;
    }

    /// The hand that moves the clock, for a script that moves it in the middle of a run.
    pub(crate) fn hand(&self) -> Arc<Mutex<DateTime<Utc>>> {
        Arc::clone(&self.now)
    }

    pub(crate) async fn sync(&self, resource: &str) -> Report {
        self.sync_how(resource, How::default()).await
    }

    pub(crate) async fn sync_how(&self, resource: &str, how: How) -> Report {
        self.try_sync(resource, how)
            .await
            .expect("no other process is at it")
    }

    pub(crate) async fn try_sync(&self, resource: &str, how: How) -> Option<Report> {
        // Time passes between two runs, so that a run that writes needlessly is found out by its times.
        self.pass(chrono::Duration::seconds(1));
        let source = &self.catalog.sources[0];
        let plan = source.resource(resource).expect("the resource is defined");
        syncer::sync(&self.ctx, source, plan, Trigger::Manual, how)
            .await
            .expect("the database answers")
    }

    /// The rows of a resource, deleted ones included, in the order of their `rowno`.
    pub(crate) async fn rows(&self, resource: &str) -> Vec<Row> {
        let rows = self.models(resource).await;
        let row = |row: record::Model| Row {
            key: row.record_key,
            payload: row.payload,
            version: row.version,
            deleted: row.deleted_at.is_some(),
        };
        rows.into_iter().map(row).collect()
    }

    /// The whole envelope of a resource's rows.
    pub(crate) async fn models(&self, resource: &str) -> Vec<record::Model> {
        let rows = record::find(&format!("fake_{resource}")).order_by_asc(Column::Rowno);
        rows.all(&self.db).await.expect("the table is there")
    }

    /// The keys of the rows that are not deleted, in order.
    pub(crate) async fn live(&self, resource: &str) -> Vec<String> {
        let mut keys: Vec<_> = self
            .rows(resource)
            .await
            .into_iter()
            .filter(|row| !row.deleted)
            .map(|row| row.key)
            .collect();
        keys.sort();
        keys
    }

    pub(crate) async fn resource(&self, name: &str) -> resource::Model {
        let all = resource::Entity::find()
            .all(&self.db)
            .await
            .expect("the database answers");
        all.into_iter()
            .find(|resource| resource.name == name)
            .expect("the resource is registered")
    }

    /// The first column of a query, as text.
    pub(crate) async fn column(&self, sql: &str) -> Vec<Option<String>> {
        let statement = Statement::from_string(self.db.get_database_backend(), sql);
        let rows = self.db.query_all_raw(statement).await.expect(sql);
        rows.iter()
            .map(|row| row.try_get_by_index(0).expect("a text"))
            .collect()
    }
}

fn catalog(toml: &str, base_url: &str) -> Arc<Catalog> {
    catalog_with(toml, base_url, &VARIABLES)
}

fn catalog_with(toml: &str, base_url: &str, variables: &[(&str, &str)]) -> Arc<Catalog> {
    let file = File {
        path: "fake.toml".into(),
        text: toml.to_owned(),
    };
    let replaced = toml::Table::from_iter([("base_url".to_owned(), base_url.into())]);
    let overrides = BTreeMap::from([("fake".to_owned(), replaced)]);
    let secret = |name: &str| {
        let mut variables = variables.iter();
        let found = variables.find(|(known, _)| *known == name);
        Ok(found.map(|(_, value)| SecretString::from(*value)))
    };
    let environment = Environment {
        overrides,
        secret: &secret,
        enabled: None,
    };
    Arc::new(source::load(&[file], &environment).unwrap_or_else(|faults| panic!("{faults}")))
}

/// Asserts how a run ended, with its reason at hand if it is not so.
#[track_caller]
pub(crate) fn assert_outcome(report: &Report, outcome: Outcome) {
    assert_eq!(report.outcome, outcome, "{:?}", report.error);
}
