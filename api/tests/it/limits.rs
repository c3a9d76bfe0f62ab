//! What nobody waits for any longer, no database works on.

use std::time::{Duration, Instant};

use entity::dialect::{Reader, is_going, is_read_only, is_timeout, lacks_table};
use sea_orm::{ConnectionTrait, Statement};
use testdb::Kind;
use tokio::time::timeout;

use crate::{
    cats::{breeds, many_breeds},
    world::{World, settings},
};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

async fn slow_world(kind: Kind) -> World {
    let settings = api::Settings {
        query_timeout: Duration::from_millis(500),
        ..settings()
    };
    let world = World::with_connections(kind, settings, 1).await;
    world.mirrored(&breeds(), &many_breeds()).await;
    world.slow_names().await;
    world
}

fn statement(world: &World, sql: &str) -> Statement {
    Statement::from_string(world.db.get_database_backend(), sql)
}

#[tokio::test]
async fn no_query_goes_on_after_its_request() {
    for kind in testdb::kinds() {
        let world = slow_world(kind).await;
        // Servers are told which index a list walks, and what is slow here, a view, has none.
        let list = (kind == Kind::Sqlite).then_some("/api/v1/cats/breeds?sort=name");
        for path in ["/api/v1/cats/breeds/-/random?name=zebra"]
            .into_iter()
            .chain(list)
        {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 504, "{path} on {kind:?}: {}", answer.body);
            assert_eq!(answer.json()["code"], "QUERY_TIMEOUT");
            // There is one connection, and it is free.
            let free = world.db.query_one_raw(statement(&world, "SELECT 1"));
            let free = timeout(LONG, free).await;
            free.expect("nothing keeps it").expect("it answers");
        }
    }
}

#[tokio::test]
async fn no_query_goes_on_after_its_caller_gave_it_up() {
    for kind in testdb::kinds() {
        let settings = api::Settings {
            query_timeout: LONG * 3,
            ..settings()
        };
        let world = World::with_connections(kind, settings, 1).await;
        world.mirrored(&breeds(), &many_breeds()).await;
        world.slow_names().await;
        given_up(&world, "/api/v1/cats/breeds/-/random?name=zebra").await;
        // The servers' lists: see above.
        if kind == Kind::Sqlite {
            given_up(&world, "/api/v1/cats/breeds?sort=name").await;
        }
    }
}

async fn given_up(world: &World, path: &str) {
    let started = Instant::now();
    let answer = world.get(&format!("{path}&timeout_ms=100")).await;
    assert_eq!(answer.status, 504, "{path}: {}", answer.body);
    assert_eq!(answer.json()["code"], "QUERY_TIMEOUT");
    let free = world.db.query_one_raw(statement(world, "SELECT 1"));
    let free = timeout(LONG, free).await;
    free.expect("nothing keeps it").expect("it answers");
    assert!(started.elapsed() < LONG, "{path} on {:?}", world.kind);
}

#[tokio::test]
async fn a_caller_says_how_long_it_waits_where_the_database_is_asked() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let routes = ["?", "/b01?", "/-/facets?facet=name&", "/-/random?"];
        for route in routes {
            let path = format!("/api/v1/cats/breeds{route}");
            takes_its_time(&world, &path).await;
        }
        for route in ["/-/export", "/-/changes", "/-/schema"] {
            let path = format!("/api/v1/cats/breeds{route}?timeout_ms=5");
            let answer = world.get(&path).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.body);
            assert_eq!(answer.faults(&["code"]), ["UNKNOWN_PARAMETER"], "{path}");
        }
    })
    .await;
}

async fn takes_its_time(world: &World, path: &str) {
    let longer = format!("{path}timeout_ms=99999999999999999999999");
    let longer = world.get(&longer).await;
    assert_eq!(longer.status, 200, "{path}: {}", longer.body);
    for query in [
        "timeout_ms=0",
        "timeout_ms=5s",
        "timeout_ms",
        "timeout_ms=5&timeout_ms=6",
    ] {
        let answer = world.get(&format!("{path}{query}")).await;
        assert_eq!(answer.status, 400, "{path}{query}: {}", answer.body);
        assert_eq!(answer.faults(&["parameter"]), ["timeout_ms"]);
    }
}

#[tokio::test]
async fn what_a_server_says_of_itself_is_told_from_what_it_says_of_a_statement() {
    for kind in testdb::kinds() {
        let world = World::with_schema(kind, settings()).await;
        let missing = world
            .db
            .execute_unprepared("SELECT 1 FROM no_such_thing")
            .await;
        let missing = missing.expect_err("there is no such table");
        assert!(lacks_table(&missing) && !is_going(&missing), "{missing}");
        let wrong = world.db.execute_unprepared("SELECT").await;
        let wrong = wrong.expect_err("it is no statement");
        assert!(!lacks_table(&wrong) && !is_going(&wrong), "{wrong}");
        if kind != Kind::Sqlite {
            // ER_SERVER_SHUTDOWN, which each statement is answered with while the server goes down.
            let goes = "SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = 1053";
            let goes = world.db.execute_unprepared(goes).await;
            let goes = goes.expect_err("it is an error");
            assert!(is_going(&goes) && !lacks_table(&goes), "{goes}");
            let refuses = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290";
            let refuses = world.db.execute_unprepared(refuses).await;
            let refuses = refuses.expect_err("it is an error");
            assert!(is_read_only(&refuses) && !is_going(&refuses), "{refuses}");
        }
    }
}

#[tokio::test]
async fn a_query_ends_by_itself_when_its_time_is_over() {
    for kind in testdb::kinds() {
        let world = slow_world(kind).await;
        let reader = Reader::new(world.db.clone(), Duration::from_millis(300));
        let slow = statement(&world, "SELECT name FROM cats_breeds");
        let error = timeout(LONG, reader.query_all_raw(slow)).await;
        let error = error.expect("it ends").expect_err("it has no rows");
        assert!(is_timeout(&error), "{error}");
        // The limit was that statement's: the connection's next one has none.
        let quick = statement(
            &world,
            "SELECT COUNT(*) FROM twelve a, twelve b, twelve c, twelve d, twelve e, twelve f WHERE a.rowno + b.rowno + c.rowno + d.rowno + e.rowno + f.rowno > 0",
        );
        let row = world.db.query_one_raw(quick).await;
        let row = row.expect("it answers").expect("a row");
        assert_eq!(row.try_get_by_index::<i64>(0).expect("a number"), 2_985_984);
    }
}

#[tokio::test]
async fn what_is_given_up_is_interrupted() {
    let world = slow_world(Kind::Sqlite).await;
    let reader = Reader::new(world.db.clone(), LONG * 100);
    let started = Instant::now();
    let slow = statement(&world, "SELECT name FROM cats_breeds");
    let given_up = timeout(Duration::from_millis(50), reader.query_all_raw(slow)).await;
    assert!(given_up.is_err());
    let quick = statement(
        &world,
        "SELECT COUNT(*) FROM twelve a, twelve b, twelve c, twelve d, twelve e, twelve f WHERE a.rowno + b.rowno + c.rowno + d.rowno + e.rowno + f.rowno > 0",
    );
    let row = timeout(LONG, world.db.query_one_raw(quick)).await;
    row.expect("the connection is free")
        .expect("it is not interrupted");
    assert!(started.elapsed() < LONG);
}

#[tokio::test]
async fn a_reader_does_not_write() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let reader = Reader::new(world.db.clone(), LONG);
        let delete = "DELETE FROM cats_breeds";
        assert!(reader.execute_unprepared(delete).await.is_err());
        assert!(reader.execute_raw(statement(&world, delete)).await.is_err());
        assert_eq!(
            world.get("/api/v1/cats/breeds").await.column("id").len(),
            12
        );
    })
    .await;
}
