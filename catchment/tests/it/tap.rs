//! `status`, `stop`, `start`, `run`, `cancel`: the api in one process, the syncer in another, each with its own connection,
//! and the command line on their database or, with a key, on the api.

use std::{
    io::Write,
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::Query, http::HeaderMap, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::world::{Process, World};

#[derive(serde::Deserialize)]
struct Asked {
    page: usize,
}

/// An upstream of six things on three pages, whose last ones it holds back while its gate is shut.
struct Upstream {
    base_url: String,
    gate: watch::Sender<bool>,
    /// The pages that were asked for while it was shut.
    held: watch::Receiver<usize>,
}

impl Upstream {
    async fn open() -> Self {
        let (gate, open) = watch::channel(true);
        let (told, held) = watch::channel(0);
        let told = Arc::new(Mutex::new(told));
        let things = move |Query(asked): Query<Asked>| {
            let (mut open, told) = (open.clone(), Arc::clone(&told));
            async move {
                held_back(asked.page, &mut open, &told).await;
                let ids = (asked.page * 2..6).take(2);
                let things: Vec<Value> = ids.map(|id| json!({ "id": id })).collect();
                let total = HeaderMap::from_iter([("x-total".parse().unwrap(), 6.into())]);
                (total, Json(things))
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/things", get(things));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self {
            base_url,
            gate,
            held,
        }
    }

    fn shut(&self) {
        self.gate.send_replace(false);
    }

    fn unlock(&self) {
        self.gate.send_replace(true);
    }

    /// Waits until a page is held back that was not before.
    async fn holds(&mut self) {
        self.held.changed().await.unwrap();
    }
}

/// A world with that upstream, its api running, and a key for it.
struct Place {
    world: World,
    upstream: Upstream,
    _api: Process,
    /// What makes a command ask the api.
    remote: String,
    _database: testdb::TestDb,
}

impl Place {
    async fn on(kind: testdb::Kind) -> Self {
        let database = testdb::fresh(kind).await;
        let upstream = Upstream::open().await;
        let world = World::new()
            .with("CATCHMENT__SOURCES__DIR", "sources")
            .with("CATCHMENT__DATABASE__URL", &database.url)
            .with("CATCHMENT__API__REFRESH", "50ms")
            .with("CATCHMENT__SYNCER__LEASE", "2s")
            .with("CATCHMENT__SYNCER__POLL", "100ms");
        let definition = format!(
            r#"
[source]
name = "fake"
base_url = "{}"
schedule = "every 1h"
limits = {{ concurrency = 1 }}

[resource.things]
path = "/things"
key = "id"
fields = {{ id = "integer" }}
page = {{ kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "header:x-total" }}
"#,
            upstream.base_url
        );
        world.file("sources/fake.toml", &definition);
        assert_eq!(world.run("migrate up").code, Some(0));
        let key = key(&world);
        let api = world.start("api");
        let line: Value = serde_json::from_str(&api.line("the api listens")).unwrap();
        let remote = format!("--api http://{}", line["address"].as_str().unwrap());
        Self {
            world: world.with("CATCHMENT_API_KEY", &key),
            upstream,
            _api: api,
            remote,
            _database: database,
        }
    }

    /// What a command prints as JSON, asked of the database and of the api: the same.
    fn told(&self, command: &str) -> Value {
        let (local, remote) = (
            self.world.run(&format!("{command} --json")),
            self.world.run(&format!("{command} --json {}", self.remote)),
        );
        assert_eq!(remote.code, local.code, "{command}: {}", remote.stderr);
        assert_eq!(remote.json(), local.json(), "{command}");
        local.json()
    }

    /// What the one resource is at.
    fn state(&self) -> Value {
        let [local, remote] = ["", &self.remote].map(|side| {
            let told = self.world.run(&format!("status --json {side}"));
            told.json()["resources"][0]["state"].clone()
        });
        assert_eq!(remote, local);
        local
    }
}

/// A key with which the syncer may be steered.
fn key(world: &World) -> String {
    let mut add = world.command("user add anna --role operator");
    let mut add = add.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = add.stdin.take().unwrap();
    stdin.write_all(b"a long way to Tipperary\n").unwrap();
    drop(stdin);
    assert!(add.wait().unwrap().success());
    let made = world.run("key create taps --user anna --scope sync,read --json");
    made.json()["key"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_tap_is_turned_from_here_and_from_afar() {
    for kind in testdb::kinds() {
        let mut place = Place::on(kind).await;
        let nobody = place.world.run(&format!("stop fake {}", place.remote));
        assert_eq!(nobody.code, Some(2), "{kind:?}: it is not registered yet");
        let syncer = place.world.start("syncer");
        syncer.line("run ended");
        assert_eq!(place.state(), "idle", "{kind:?}");

        // Stop, and start again.
        let stopped = place.world.run(&format!("stop fake {}", place.remote));
        assert_eq!(
            stopped.stdout, "fake.things: stopped\n",
            "{}",
            stopped.stderr
        );
        let refused = place.world.run("run fake.things");
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.stderr.contains("start it first"),
            "{}",
            refused.stderr
        );
        assert_eq!(place.world.run("start").stdout, "fake.things: idle\n");

        // Run and wait, from both sides.
        for side in ["", &place.remote] {
            let ran = place
                .world
                .run(&format!("run fake.things --mode full --wait {side}"));
            assert_eq!(ran.code, Some(0), "{kind:?}: {}{}", ran.stdout, ran.stderr);
            assert!(
                ran.stdout.contains("fake.things: complete in "),
                "{}",
                ran.stdout
            );
        }
        let runs = place.told("runs fake.things");
        assert_eq!(
            (&runs["runs"][0]["mode"], &runs["runs"][0]["trigger"]),
            (&json!("full"), &json!("manual"))
        );

        // A run that is held up is seen, refused a second time, and cancelled.
        place.upstream.shut();
        let asked = place.world.run(&format!(
            "run fake.things --mode full --json {}",
            place.remote
        ));
        assert_eq!(asked.code, Some(0), "{}", asked.stderr);
        place.upstream.holds().await;
        assert_eq!(place.state(), "running");
        assert_eq!(place.world.run("run fake.things").code, Some(1));
        let status = place.world.run("status --json").json();
        let run = status["resources"][0]["running"]["run"].as_i64().unwrap();
        let cancelled = place.world.run(&format!("cancel {run} {}", place.remote));
        assert_eq!(cancelled.code, Some(0), "{}", cancelled.stderr);
        // Before it has heard of it the run may end by itself.
        syncer.line("the run is cancelled");
        place.upstream.unlock();
        syncer.line("cancelled by key:anna/taps");
        let again = place.world.run(&format!("cancel {run}"));
        assert_eq!(again.code, Some(1), "{}", again.stdout);
        syncer.signal("TERM");
        assert_eq!(syncer.end().code, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_watches_is_told_how_a_run_comes_on_and_ends() {
    for kind in testdb::kinds() {
        let mut place = Place::on(kind).await;
        let syncer = place.world.start("syncer");
        syncer.line("run ended");
        let sides = ["", &place.remote];
        let watches = sides.map(|side| place.world.start(&format!("status --watch {side}")));
        for watch in &watches {
            watch.line("fake.things  complete");
        }
        place.upstream.shut();
        let asked = place.world.run("run fake.things --mode full");
        assert_eq!(asked.code, Some(0), "{kind:?}: {}", asked.stderr);
        place.upstream.holds().await;
        for watch in &watches {
            watch.line("fake.things  running: 1 of 3 pages");
        }
        place.upstream.unlock();
        for watch in &watches {
            watch.line("fake.things  idle: complete, 6 rows, version ");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_syncer_is_told_of_and_what_it_was_asked_is_done_by_the_next() {
    for kind in testdb::kinds() {
        let mut place = Place::on(kind).await;
        let first = place.world.start("syncer");
        first.line("run ended");
        place.upstream.shut();
        let asked = place.world.run(&format!(
            "run fake.things --mode full --json {}",
            place.remote
        ));
        let command = asked.json()["commands"][0]["command"].clone();
        place.upstream.holds().await;
        assert_eq!(place.state(), "running", "{kind:?}");
        first.signal("KILL");
        assert_eq!(first.end().code, None);
        place.upstream.unlock();
        // Its lease runs out by itself.
        while place.world.run("status --json").json()["resources"][0]["running"] != Value::Null {}
        let status = place.told("status");
        assert_ne!(status["resources"][0]["state"], "running", "{kind:?}");
        assert_eq!(
            place.told("runs --limit 1")["runs"][0]["outcome"],
            Value::Null
        );

        let second = place.world.start("syncer");
        second.line("command answered");
        let api = place.remote.strip_prefix("--api ").unwrap();
        let told = reqwest::Client::builder().no_proxy().build().unwrap();
        let told = told.get(format!("{api}/api/v1/sync/commands/{command}"));
        let key = place.world.variable("CATCHMENT_API_KEY");
        let told = told.header("x-api-key", key).send().await.unwrap();
        let told: Value = serde_json::from_str(&told.text().await.unwrap()).unwrap();
        assert_eq!(
            told["data"]["answer"]["outcome"], "complete",
            "{kind:?}: {told}"
        );
        assert_eq!(
            place.told("runs --limit 1")["runs"][0]["outcome"],
            "complete"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_api_that_refuses_is_told_of() {
    let place = Place::on(testdb::Kind::Sqlite).await;
    let wrong = place
        .world
        .run(&format!("status --key ctm_wrong {}", place.remote));
    assert_eq!(wrong.code, Some(1));
    assert!(!wrong.stderr.contains("ctm_wrong"), "{}", wrong.stderr);
    let nobody = place.world.run("status --api http://127.0.0.1:1");
    assert_eq!(nobody.code, Some(1));
    let expected = "error: the api at http://127.0.0.1:1/ cannot be asked";
    assert!(nobody.stderr.starts_with(expected), "{}", nobody.stderr);
    let without = place.world.run("status --key ctm_x");
    assert_eq!(without.code, Some(2), "{}", without.stderr);
}

/// Lets the first page through, and the others when the gate is open.
async fn held_back(
    page: usize,
    open: &mut watch::Receiver<bool>,
    told: &Mutex<watch::Sender<usize>>,
) {
    if page > 0 && !*open.borrow() {
        told.lock().unwrap().send_modify(|held| *held += 1);
        open.wait_for(|open| *open).await.unwrap();
    }
}
