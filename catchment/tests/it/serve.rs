//! `catchment up`, `syncer` and `api`: ports, schema, logs, stop.

use std::{collections::BTreeSet, net::TcpListener};

use serde_json::Value;

use crate::{
    user::{PASSWORD, told},
    world::{Process, Shop, World, with_shop},
};

/// The address that a role says it listens at.
fn address(process: &Process, what: &str) -> String {
    let line: Value = serde_json::from_str(&process.line(what)).unwrap();
    line["address"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_makes_its_schema_serves_what_it_mirrors_and_stops_cleanly() {
    let world = with_shop()
        .await
        .with("CATCHMENT__DATABASE__URL", "sqlite://new.db");
    let up = world.start("up");
    let api = address(&up, "the api listens");
    let run: Value = serde_json::from_str(&up.line("run ended")).unwrap();
    assert_eq!(
        (&run["resource"], &run["outcome"]),
        (&"items".into(), &"complete".into()),
        "{run}"
    );
    let answer = loop {
        let answer = get(&format!("http://{api}/api/v1/shop/items")).await;
        if answer["meta"]["complete"] == true {
            break answer;
        }
    };
    assert_eq!(answer["data"].as_array().unwrap().len(), 3, "{answer}");
    up.signal("TERM");
    let ended = up.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // Who starts it can make the first admin; the log, which goes elsewhere, does not say how.
    assert!(
        ended.stderr.starts_with("there is no user yet"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("cts_") && !ended.stdout.contains("cts_"));
    let last: Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_says_who_may_read_a_source() {
    let world = with_shop()
        .await
        .with("CATCHMENT__SOURCE__SHOP__READ", "authenticated");
    assert_eq!(told(&world, "user add anna", PASSWORD).code, Some(0));
    let key = world.run("key create reports --user anna --scope read --json");
    let key = key.json()["key"].as_str().unwrap().to_owned();
    let up = world.start("up");
    let api = address(&up, "the api listens");
    up.line("run ended");
    let ask = async |path: &str, key: Option<&str>| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.get(format!("http://{api}/api/v1/{path}"));
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    while ask("shop/items", Some(&key)).await.0 != 200 {}
    assert_eq!(ask("shop/items", None).await.0, 404);
    assert!(!ask("catalog", None).await.1.contains("shop"));
    assert!(ask("catalog", Some(&key)).await.1.contains("shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_source_that_is_due_runs_at_the_start_however_many_there_are() {
    let shop = Shop::open().await;
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    for at in 0..20 {
        let definition = format!(
            "[source]\nname = \"shop{at}\"\nbase_url = \"{}\"\nschedule = \"every 1h\"\n\n\
             [resource.items]\npath = \"/items\"\nkey = \"id\"\npage = {{ kind = \"none\" }}\n",
            shop.base_url
        );
        world.file(&format!("sources/shop{at}.toml"), &definition);
    }
    assert_eq!(world.run("migrate up").code, Some(0));
    let syncer = world.start("syncer");
    let mut ran = BTreeSet::new();
    while ran.len() < 20 {
        let run: Value = serde_json::from_str(&syncer.line("run ended")).unwrap();
        ran.insert(run["source"].as_str().unwrap().to_owned());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn syncers_that_start_at_once_on_an_empty_database_make_its_tables_together() {
    for kind in testdb::kinds() {
        let database = testdb::fresh(kind).await;
        let world = with_shop()
            .await
            .with("CATCHMENT__DATABASE__URL", &database.url);
        assert_eq!(world.run("migrate up").code, Some(0));
        let syncers: Vec<Process> = (0..4).map(|_| world.start("syncer")).collect();
        for syncer in &syncers {
            // A run of its own, or one that another has made: it got past the tables.
            syncer.line("\"resource\":");
        }
        for syncer in syncers {
            syncer.signal("TERM");
            let ended = syncer.end();
            assert_eq!(ended.code, Some(0), "{kind:?}: {}", ended.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_wait_for_the_schema_and_say_so() {
    for role in ["syncer", "api"] {
        let world = with_shop()
            .await
            .with("CATCHMENT__DATABASE__URL", "sqlite://new.db");
        let process = world.start(role);
        let line = process.line("waiting for the schema");
        assert!(line.contains("catchment migrate up"), "{line}");
        assert_eq!(world.run("migrate up").code, Some(0));
        process.line(if role == "api" {
            "ready to serve"
        } else {
            "run ended"
        });
        process.signal("INT");
        assert_eq!(process.end().code, Some(0), "{role}");
    }
}

#[test]
fn a_role_that_waits_can_be_stopped() {
    for role in ["syncer", "api"] {
        let world = World::new();
        let process = world.start(role);
        process.line("waiting for the schema");
        process.signal("TERM");
        assert_eq!(process.end().code, Some(0), "{role}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (command, role) in [
        ("api", "API"),
        ("syncer", "SYNCER"),
        ("up", "API"),
        ("demo", "SYNCER"),
    ] {
        let variable = format!("CATCHMENT__{role}__LISTEN");
        let ended = World::new().with(&variable, &address).run(command);
        assert_eq!(ended.code, Some(1), "{command}");
        assert!(
            ended.stderr.contains(&address) && ended.stderr.contains(&variable),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_holds_the_log_as_json_lines() {
    let world = with_shop()
        .await
        .with("CATCHMENT__LOG__FOLDER", "logs")
        .with("CATCHMENT__LOG__FORMAT", "text");
    let synced = world.run("sync shop.broken");
    assert_eq!((synced.code, synced.stderr.as_str()), (Some(1), ""));
    let files: Vec<_> = std::fs::read_dir(world.path("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(
        files[0]
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("catchment-sync."),
        "{files:?}"
    );
    let text = std::fs::read_to_string(&files[0]).unwrap();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let run = lines.rfind(|line| line["message"] == "run ended").unwrap();
    let field = |name: &str| run[name].clone();
    assert_eq!(
        ["source", "resource", "run", "outcome"].map(field),
        [
            "shop".into(),
            "broken".into(),
            1.into(),
            Value::from("failed")
        ]
    );
}

/// A world whose only upstream takes requests and never answers.
fn with_mute() -> (World, TcpListener) {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", upstream.local_addr().unwrap());
    let world = World::new().with("CATCHMENT__SOURCES__DIR", "sources");
    let definition = format!(
        r#"
[source]
name = "mute"
base_url = "{base_url}"
schedule = "every 1h"
timeout = "10m"

[resource.items]
path = "/items"
key = "id"
page = {{ kind = "none" }}
fields = {{ id = "integer" }}
"#
    );
    world.file("sources/mute.toml", &definition);
    (world, upstream)
}

#[test]
fn a_second_signal_does_not_wait_for_the_page_in_flight() {
    let (world, upstream) = with_mute();
    let world = world.with("CATCHMENT__STOP__GRACE", "10m");
    let up = world.start("up");
    let in_flight = upstream.accept().unwrap();
    up.signal("INT");
    up.line("stopping; once more to stop at once");
    up.signal("INT");
    assert_eq!(up.end().code, Some(130));
    drop(in_flight);
}

#[test]
fn a_page_that_does_not_end_is_cut_off_after_the_grace() {
    let (world, upstream) = with_mute();
    let world = world.with("CATCHMENT__STOP__GRACE", "50ms");
    let up = world.start("up");
    let in_flight = upstream.accept().unwrap();
    up.signal("TERM");
    let ended = up.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert!(ended.stdout.contains("cut off"), "{}", ended.stdout);
    drop(in_flight);
    // The run log keeps what was cut off; the next run closes it.
    let runs = world.run("runs --json").json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
}

async fn get(url: &str) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}
