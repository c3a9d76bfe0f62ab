//! Everything a test needs: a fresh database with resources in it, the real server on a socket, a clock that stands.

use std::sync::{Arc, Mutex};

use api::{AppState, Settings};
use chrono::{DateTime, Duration, Utc};
use entity::{
    Clock,
    definition::Definition,
    record::{self, Row, Stamp},
    resource,
    run::Outcome,
    source,
};
use migration::record_table;
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderName},
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;
use testdb::{Kind, TestDb};
use tokio::{
    net::TcpListener,
    sync::{OnceCell, oneshot},
    task::JoinHandle,
};

use crate::openapi::Document;

/// A server over a database of its own.
pub(crate) struct World {
    pub(crate) db: DatabaseConnection,
    pub(crate) kind: Kind,
    pub(crate) url: String,
    now: Arc<Mutex<DateTime<Utc>>>,
    state: AppState,
    client: reqwest::Client,
    /// As it was when it was first asked for.
    document: OnceCell<Value>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<std::io::Result<()>>>,
    // Last, so that the connections are closed before the database goes.
    _database: TestDb,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// Connections of a world's pool, which the test and its server share.
pub(crate) const CONNECTIONS: u32 = 4;

/// Counts twelve rows, a dozen of them at a time in any order: that would be 10 to the 13th. Without a condition MySQL
/// multiplies.
const FOR_EVER: &str = "SELECT COUNT(*) FROM twelve a, twelve b, twelve c, twelve d, twelve e, twelve f, twelve g, \
                        twelve h, twelve i, twelve j, twelve k, twelve l WHERE a.rowno + b.rowno + c.rowno + d.rowno + \
                        e.rowno + f.rowno + g.rowno + h.rowno + i.rowno + j.rowno + k.rowno + l.rowno > 0";

/// When every test begins.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
}

impl World {
    /// Runs `test` on each kind of database, with the schema made.
    pub(crate) async fn each(test: impl AsyncFn(Self)) {
        for kind in testdb::kinds() {
            test(Self::with_schema(kind, settings()).await).await;
        }
    }

    /// A server over a database with no resource in it yet.
    pub(crate) async fn with_schema(kind: Kind, settings: Settings) -> Self {
        Self::with_connections(kind, settings, CONNECTIONS).await
    }

    /// The same, with a pool of so many connections.
    pub(crate) async fn with_connections(kind: Kind, settings: Settings, connections: u32) -> Self {
        let (database, db) = opened(kind, connections).await;
        migration::up(&db).await.expect("the schema is made");
        Self::over((database, db), settings).await
    }

    /// A server over an empty database.
    pub(crate) async fn without_schema(kind: Kind, settings: Settings) -> Self {
        Self::over(opened(kind, CONNECTIONS).await, settings).await
    }

    async fn over((database, db): (TestDb, DatabaseConnection), settings: Settings) -> Self {
        let now = Arc::new(Mutex::new(start()));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || *told.lock().expect("no test panics in it"));
        let state = AppState::new(db.clone(), clock, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let serving = tokio::spawn(api::serve(listener, state.clone(), stopped));
        state.refresh().await;
        Self {
            db,
            kind: database.kind(),
            url: format!("http://{address}"),
            now,
            state,
            client: client(),
            document: OnceCell::new(),
            stop: Some(stop),
            serving: Some(serving),
            _database: database,
        }
    }

    /// Registers a resource with `rows`, as if a complete run had just ended, the next due in an hour.
    pub(crate) async fn mirrored(&self, definition: &Definition, rows: &[Row]) -> i32 {
        let id = self.filling(definition, &[]).await;
        self.indexed(definition, id).await;
        self.write(definition, (id, 1), rows).await;
        self.ended(id, Outcome::Complete).await;
        id
    }

    /// Registers a resource whose first run has written `rows`, and goes on: its fields have no index yet.
    pub(crate) async fn filling(&self, definition: &Definition, rows: &[Row]) -> i32 {
        let id = self.registered(definition).await;
        let steps = record_table::plan(None, definition);
        record_table::apply(&self.db, definition, &steps)
            .await
            .expect("the table is made");
        resource::Entity::projected(&self.db, id, definition)
            .await
            .expect("it is written down");
        if rows.is_empty() {
            return id;
        }
        self.write(definition, (id, 1), rows).await;
        id
    }

    /// Its first run ends.
    pub(crate) async fn filled(&self, definition: &Definition, id: i32) {
        self.indexed(definition, id).await;
        self.ended(id, Outcome::Complete).await;
    }

    async fn indexed(&self, definition: &Definition, id: i32) {
        record_table::index(&self.db, definition)
            .await
            .expect("its fields are indexed");
        resource::Entity::indexed(&self.db, id)
            .await
            .expect("it is written down");
        if definition.history {
            let since = Some((0, self.now()));
            let begun = resource::Entity::remembers(&self.db, id, since).await;
            begun.expect("it is written down");
        }
    }

    /// Registers a resource that no run has filled yet.
    pub(crate) async fn registered(&self, definition: &Definition) -> i32 {
        let source = source::Registration {
            name: &definition.source,
            base_url: "https://cats.example/v1",
            schedule: "every 1h",
            now: start(),
        };
        let source = source::Entity::register(&self.db, source)
            .await
            .expect("the source is registered");
        let resource = resource::Entity::register(&self.db, source.id, definition)
            .await
            .expect("the resource is registered");
        self.state.refresh().await;
        resource.id
    }

    /// Adds rows, as one commit that makes that version.
    pub(crate) async fn write(
        &self,
        definition: &Definition,
        (id, version): (i32, i64),
        rows: &[Row],
    ) {
        let now = *self.now.lock().expect("no test panics in it");
        let last = record::last_rowno(&self.db, &definition.table)
            .await
            .expect("the table is there");
        let numbered = (last + 1..).zip(rows.iter().cloned()).collect();
        record::insert(&self.db, definition, numbered, Stamp { version, now })
            .await
            .expect("the rows are written");
        self.changed(definition, (id, version)).await;
    }

    /// Marks rows as deleted, as one commit that makes that version.
    pub(crate) async fn delete(
        &self,
        definition: &Definition,
        (id, version): (i32, i64),
        rownos: &[i64],
    ) {
        let now = *self.now.lock().expect("no test panics in it");
        record::soft_delete(&self.db, definition, rownos, Stamp { version, now })
            .await
            .expect("the rows are marked");
        self.changed(definition, (id, version)).await;
    }

    async fn changed(&self, definition: &Definition, (id, version): (i32, i64)) {
        let live = record::count_live(&self.db, &definition.table)
            .await
            .expect("the table is there");
        let change = resource::Change {
            version,
            live_rows: i64::try_from(live).expect("few rows"),
            last_rowno: record::last_rowno(&self.db, &definition.table)
                .await
                .expect("the table is there"),
            at: *self.now.lock().expect("no test panics in it"),
            run_id: None,
        };
        resource::Entity::changed(&self.db, id, change)
            .await
            .expect("it is written down");
        self.state.refresh().await;
    }

    /// Has whoever reads the names of the twelve breeds wait for longer than any test takes.
    pub(crate) async fn slow_names(&self) {
        let breeds = crate::cats::breeds();
        let columns = breeds.columns().map(|field| field.name.as_str());
        let columns: Vec<&str> = record::ENVELOPE.into_iter().chain(columns).collect();
        self.slow("cats_breeds", &columns, "name").await;
    }

    /// The same for the twelve items of their temperaments.
    pub(crate) async fn slow_items(&self) {
        let columns = ["rowno", "position", "value"];
        self.slow("cats_breeds__temperament", &columns, "value")
            .await;
    }

    async fn slow(&self, table: &str, columns: &[&str], slow: &str) {
        let columns = columns.iter().map(|name| match *name {
            name if name == slow => format!("CASE WHEN ({FOR_EVER}) > 0 THEN {name} END AS {name}"),
            name => name.to_owned(),
        });
        let columns: Vec<String> = columns.collect();
        let columns = columns.join(", ");
        for sql in [
            format!("ALTER TABLE {table} RENAME TO twelve"),
            format!("CREATE VIEW {table} AS SELECT {columns} FROM twelve"),
        ] {
            let done = self.db.execute_unprepared(&sql).await;
            done.expect("the table gives way to a view");
        }
    }

    /// A run of the resource ends now; the next is due in an hour.
    pub(crate) async fn ended(&self, id: i32, outcome: Outcome) {
        let at = *self.now.lock().expect("no test panics in it");
        let ending = resource::Ending {
            outcome,
            at,
            next_run_at: Some(at + Duration::hours(1)),
        };
        resource::Entity::ended(&self.db, id, ending)
            .await
            .expect("it is written down");
        self.state.refresh().await;
    }

    /// What the clock says.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.now.lock().expect("no test panics in it")
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        *self.now.lock().expect("no test panics in it") += time;
    }

    /// Has the server read what is registered, as it does by itself once a second.
    pub(crate) async fn refresh(&self) {
        self.state.refresh().await;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(HeaderName, &str)]) -> Answer {
        self.send(Method::GET, path, headers).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> Answer {
        let response = self.open(method, path, headers).await;
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a text"),
        }
    }

    /// The same with a body.
    pub(crate) async fn sent(
        &self,
        method: Method,
        path: &str,
        (headers, body): (&[(HeaderName, &str)], &str),
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response = request.body(body.to_owned()).send().await;
        let response = response.expect("the server answers");
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a text"),
        }
    }

    /// What is answered to a `GET`, as it came.
    pub(crate) async fn bytes(
        &self,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> (HeaderMap, Vec<u8>) {
        let mut request = self.client.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response = request.send().await.expect("the server answers");
        let headers = response.headers().clone();
        (headers, response.bytes().await.expect("a body").to_vec())
    }

    /// Asks, and leaves the answer's body where it is.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
    ) -> reqwest::Response {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        request.send().await.expect("the server answers")
    }

    /// Tells the server to stop, and does not wait for it.
    /// Checks that the document of this world has such an answer, if it has that operation.
    pub(crate) async fn conforms(&self, (method, path): (&Method, &str), answer: &Answer) {
        let document = async || self.get("/api/openapi.json").await.json();
        let document = Document::from(self.document.get_or_init(document).await.clone());
        let plain = path.split('?').next().unwrap_or(path);
        if let Some(operation) = document.operation(method.as_str(), plain) {
            document.conforms(&operation, answer, &format!("{method} {path}"));
        }
    }

    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Stops the server, and says how it ended.
    pub(crate) async fn stopped(mut self) -> std::io::Result<()> {
        drop(self.stop.take());
        let serving = self.serving.take().expect("it is stopped once");
        serving.await.expect("it does not panic")
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The texts at `member` of each row.
    pub(crate) fn column(&self, member: &str) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        let body = self.json();
        let rows = body["data"].as_array().expect("rows");
        let texts = rows.iter().map(|row| row[member].as_str());
        texts.map(|text| text.expect("a text").to_owned()).collect()
    }

    /// These members of each fault of a refused request, and `-` for what it lacks.
    pub(crate) fn faults(&self, members: &[&str]) -> Vec<String> {
        assert_eq!(self.status, StatusCode::BAD_REQUEST, "{}", self.body);
        let problem = self.json();
        let faults = problem["errors"].as_array().expect("faults").iter();
        let shown = faults.map(|fault| {
            let texts = members.iter().map(|name| fault[*name].as_str());
            let texts: Vec<&str> = texts.map(|text| text.unwrap_or("-")).collect();
            texts.join(" ")
        });
        shown.collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers));
        value.to_str().expect("ASCII")
    }
}

async fn opened(kind: Kind, connections: u32) -> (TestDb, DatabaseConnection) {
    let database = testdb::fresh(kind).await;
    let db = entity::connect::connect(&database.url, connections).await;
    (database, db.expect("the database opens"))
}

/// Reads the registry when a test says so, not by itself in between.
pub(crate) fn settings() -> Settings {
    Settings {
        refresh: std::time::Duration::from_secs(3600),
        ..Settings::new("secret")
    }
}

/// Follows no redirect and unpacks nothing, so that a test sees what came.
fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    let client = client.no_gzip().no_brotli().no_zstd();
    client
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}
