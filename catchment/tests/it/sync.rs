//! `catchment sync`, `status` and `runs`: what they say, and the exit code of each outcome.

use std::{
    io::{BufRead, BufReader, Read},
    process::Command,
    time::Duration,
};

use entity::{lease, resource};
use insta::internals::Redaction;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait};

use crate::world::{World, with_shop};

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_tells_the_outcome() {
    let world = with_shop().await;
    let check = |target: &str, outcome: &str, code: i32| {
        let synced = world.run(&format!("sync shop.{target}"));
        assert_eq!(
            synced.code,
            Some(code),
            "{target}: {}{}",
            synced.stdout,
            synced.stderr
        );
        assert!(
            synced
                .stdout
                .starts_with(&format!("shop.{target}: {outcome} in ")),
            "{}",
            synced.stdout
        );
    };
    check("items", "complete", 0);
    check("broken", "failed", 1);
    check("parts", "partial", 3);
    check("few", "suspect", 4);
    check("later", "deferred", 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_runs_the_worst_outcome_counts() {
    let world = with_shop().await;
    let synced = world.run("sync shop --json");
    assert_eq!(synced.code, Some(4));
    let runs = synced.json();
    let outcomes: Vec<_> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["outcome"].as_str().unwrap())
        .collect();
    // An upstream that asks to wait asks it for all that would come after.
    assert_eq!(
        outcomes,
        ["complete", "suspect", "deferred", "deferred", "deferred"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_with_its_counts() {
    let synced = with_shop().await.run("sync shop.items --json").json();
    insta::assert_json_snapshot!(synced, { ".runs[].duration_ms" => millis() }, @r#"
    {
      "not_run": [],
      "runs": [
        {
          "bad_values": 0,
          "bytes": 28,
          "deleted": 0,
          "duration_ms": "[ms]",
          "error": null,
          "fetched": 3,
          "inserted": 3,
          "mode": "incremental",
          "outcome": "complete",
          "pages": 1,
          "rejected": 0,
          "requests": 1,
          "resource": "items",
          "run": 1,
          "source": "shop",
          "total": null,
          "unchanged": 0,
          "updated": 0
        }
      ],
      "skipped": []
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_log_has_the_names_of_a_run_and_its_times() {
    let world = with_shop().await;
    world.run("sync shop.items");
    let runs = world.run("runs shop --json").json();
    insta::assert_json_snapshot!(runs, {
        ".runs[].duration_ms" => millis(),
        ".runs[].started_at" => time(),
        ".runs[].ended_at" => time(),
    }, @r#"
    {
      "runs": [
        {
          "bad_values": 0,
          "bytes": 28,
          "deleted": 0,
          "duration_ms": "[ms]",
          "ended_at": "[time]",
          "error": null,
          "fetched": 3,
          "inserted": 3,
          "mode": "incremental",
          "outcome": "complete",
          "pages": 1,
          "rejected": 0,
          "requests": 1,
          "resource": "items",
          "resumed_from": null,
          "run": 1,
          "source": "shop",
          "started_at": "[time]",
          "total": null,
          "trigger": "manual",
          "unchanged": 0,
          "updated": 0
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_says_how_fresh_and_complete_a_resource_is() {
    let world = with_shop().await;
    world.run("sync shop.items");
    let status = world.run("status --json").json();
    insta::assert_json_snapshot!(status, {
        ".resources[].last_run_at" => time(),
        ".resources[].synced_at" => time(),
        ".resources[].changed_at" => time(),
        ".resources[].next_run_at" => time(),
    }, @r#"
    {
      "budgets": [],
      "resources": [
        {
          "changed_at": "[time]",
          "complete": true,
          "enabled": true,
          "last_run_at": "[time]",
          "next_run_at": "[time]",
          "outcome": "complete",
          "rejects": 0,
          "resource": "items",
          "rows": 3,
          "running": null,
          "source": "shop",
          "state": "unattended",
          "synced_at": "[time]",
          "version": 1
        }
      ],
      "syncers": []
    }
    "#);
}

fn millis() -> Redaction {
    insta::dynamic_redaction(|value, _| {
        assert!(
            value.as_i64().is_some_and(|millis| millis >= 0),
            "{value:?}"
        );
        "[ms]"
    })
}

fn time() -> Redaction {
    insta::dynamic_redaction(|value, _| {
        let is_time = value.as_str().is_some_and(|text| text.ends_with('Z'));
        assert!(is_time, "{value:?}");
        "[time]"
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_tables() {
    let world = with_shop().await;
    assert_eq!(world.run("runs").stdout, "no run yet\n");
    assert!(
        world
            .run("status")
            .stdout
            .contains("no resource is registered yet")
    );
    world.run("sync shop.items");
    world.run("sync shop.broken");
    let status = world.run("status").stdout;
    let lines: Vec<Vec<&str>> = status
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][..4], ["RESOURCE", "OUTCOME", "ROWS", "VERSION"]);
    assert_eq!(lines[1][..4], ["shop.items", "complete", "3", "1"]);
    assert_eq!(lines[2][..5], ["shop.broken", "failed", "0", "0", "never"]);
    let runs = world.run("runs --limit 1").stdout;
    assert!(
        runs.contains("shop.broken") && !runs.contains("shop.items"),
        "{runs}"
    );
    assert!(
        runs.contains("\nrun 2: "),
        "the error is told below the table: {runs}"
    );
    let runs = world.run("runs shop.items").stdout;
    assert!(
        runs.contains("shop.items") && !runs.contains("shop.broken"),
        "{runs}"
    );
    let asked = world.run("runs shop.item");
    assert_eq!(asked.code, Some(2));
    assert!(
        asked.stderr.contains("did you mean `items`?"),
        "{}",
        asked.stderr
    );
}

async fn database(world: &World) -> DatabaseConnection {
    let url = format!("sqlite://{}", world.path("catchment.db").display());
    entity::connect::connect(&url, 1).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_died_took_nobody_knows_how_long() {
    let world = with_shop().await;
    world.run("sync shop.items");
    // It is left as a process leaves it that is killed.
    let died = "UPDATE run SET outcome = NULL, ended_at = NULL";
    let db = database(&world).await;
    db.execute_unprepared(died).await.unwrap();
    world.run("sync shop.items");
    let resumed = "UPDATE run SET resumed_from = 1 WHERE id = 2";
    db.execute_unprepared(resumed).await.unwrap();
    let runs = world.run("runs").stdout;
    let lines: Vec<&str> = runs.lines().collect();
    assert!(lines[1].contains("complete (went on from 1)"), "{runs}");
    let killed: Vec<&str> = lines[2].split_whitespace().collect();
    assert_eq!(killed[..3], ["1", "shop.items", "failed"], "{runs}");
    assert_eq!(killed[6], "-", "{runs}");
    let runs = world.run("runs --json").json();
    assert_eq!(runs["runs"][1]["duration_ms"], serde_json::Value::Null);
}

/// Another process takes the lease of the shop's items, and is not heard of again.
async fn taken(world: &World) {
    world.run("sync shop.items");
    let db = database(world).await;
    let all = resource::Entity::find().all(&db).await.unwrap();
    let items = all.iter().find(|resource| resource.name == "items");
    let hour = Duration::from_secs(3600);
    let held = lease::Entity::take(&db, items.unwrap().id, "another", hour).await;
    assert!(held.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_another_process_says_so() {
    let world = with_shop().await.with("CATCHMENT__SYNCER__LEASE", "1s");
    taken(&world).await;
    let synced = world.run("sync shop.items");
    assert_eq!(synced.code, Some(1));
    let state = world.run("state show shop.items").stdout;
    assert!(
        state.contains("held by another; ends in 59 min unless it is renewed"),
        "{state}"
    );
    assert_eq!(
        synced.stdout,
        "shop.items: skipped, another process is at work on it\n"
    );
    assert_eq!(
        synced.stderr,
        "shop.items: waiting for another process to finish or its lease to end (at most 1.0 s)\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_it_waits_names_what_did_not_run() {
    let world = with_shop().await;
    taken(&world).await;
    let stopped = |arguments: &str| {
        let mut child = world.command(arguments).spawn().unwrap();
        let mut waits = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut waits).unwrap();
        assert!(waits.contains("waiting for another process"), "{waits}");
        let id = child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let mut told = String::new();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_to_string(&mut told).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{told}");
        told
    };
    let not_run = ["items", "few", "later", "broken", "parts"];
    let lines = not_run.map(|name| format!("shop.{name}: not run, it was stopped before\n"));
    assert_eq!(stopped("sync shop"), lines.concat());
    let told: serde_json::Value = serde_json::from_str(&stopped("sync shop --json")).unwrap();
    assert_eq!(told["skipped"], serde_json::json!([]));
    let names = not_run.map(|name| format!("shop.{name}"));
    assert_eq!(told["not_run"], serde_json::json!(names));
}

#[test]
fn a_database_that_is_not_there_is_told_and_not_made() {
    let world = World::new();
    for command in [
        "status",
        "runs",
        "sync thecatapi",
        "migrate status",
        "migrate down",
    ] {
        let asked = world.run(command);
        assert_eq!(asked.code, Some(1), "{command}");
        assert!(
            asked
                .stderr
                .contains("there is no database sqlite://catchment.db yet"),
            "{}",
            asked.stderr
        );
        assert!(!world.path("catchment.db").exists(), "{command}");
    }
}
