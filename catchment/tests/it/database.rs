//! `catchment migrate` on each kind of database, and a run through the same doors.

use testdb::{Kind, TestDb, fresh, kinds};

use crate::world::{World, with_shop};

fn world(db: &TestDb) -> World {
    World::new().with("CATCHMENT__DATABASE__URL", &db.url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_goes_up_and_down_and_says_where_it_stands() {
    for kind in kinds() {
        let db = fresh(kind).await;
        let world = world(&db);
        let check = |command: &str, expected: (bool, bool)| {
            let output = world.run(&format!("migrate {command} --json"));
            assert_eq!(
                output.code,
                Some(0),
                "{kind:?} {command}: {}",
                output.stderr
            );
            let document = output.json();
            let newest = document["migrations"].as_array().unwrap().last().unwrap();
            let found = (newest["applied"] == true, newest["changed"] == true);
            assert_eq!(found, expected, "{kind:?} {command}");
        };
        check("up", (true, true));
        check("up", (true, false));
        check("status", (true, false));
        check("down", (false, true));
        check("status", (false, false));
        assert_eq!(world.run("status").code, Some(1), "{kind:?}");
        check("up", (true, true));
        assert_eq!(world.run("status").code, Some(0), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_database_takes_a_run() {
    for kind in kinds() {
        let db = fresh(kind).await;
        let world = with_shop().await.with("CATCHMENT__DATABASE__URL", &db.url);
        assert_eq!(world.run("migrate up").code, Some(0), "{kind:?}");
        let synced = world.run("sync shop.items");
        assert_eq!(
            synced.code,
            Some(0),
            "{kind:?}: {}{}",
            synced.stdout,
            synced.stderr
        );
        assert_eq!(
            world.run("status --json").json()["resources"][0]["rows"],
            3,
            "{kind:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_missing_is_told_with_what_makes_it() {
    let db = fresh(Kind::Sqlite).await;
    std::fs::write(db.file().unwrap(), "").unwrap();
    let asked = world(&db).run("status");
    assert_eq!(asked.code, Some(1));
    assert!(
        asked.stderr.contains("`catchment migrate up` applies it"),
        "{}",
        asked.stderr
    );
}

#[test]
fn a_password_never_shows() {
    let url = "mysql://user:${DB_PASSWORD}@nothing.invalid/nothing";
    let world = World::new()
        .with("CATCHMENT__DATABASE__URL", url)
        .with("CATCHMENT__LOG__LEVEL", "debug");
    let unset = world.run("status");
    assert_eq!(unset.code, Some(2));
    assert!(
        unset
            .stderr
            .contains("`database.url`: `${DB_PASSWORD}` is not set"),
        "{}",
        unset.stderr
    );
    let world = world.with("DB_PASSWORD", "hidden");
    let refused = world.run("status");
    assert_eq!(refused.code, Some(1));
    assert!(
        refused
            .stderr
            .contains("mysql://user:***@nothing.invalid/nothing"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("hidden"), "{}", refused.stderr);
}

#[test]
fn a_database_of_another_kind_is_a_wrong_setting() {
    for url in [
        "postgres://user:hidden@h/d",
        "catchment.db",
        "mysql://user:hidden@h:port/d",
    ] {
        let refused = World::new()
            .with("CATCHMENT__DATABASE__URL", url)
            .run("migrate up");
        assert_eq!(refused.code, Some(2), "{url}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("write sqlite://FILE or mysql://"),
            "{}",
            refused.stderr
        );
        assert!(!refused.stderr.contains("hidden"), "{}", refused.stderr);
    }
}
