//! Alive, ready, healthy: also before the schema is there.

use std::time::Duration;

use api::Settings;
use entity::run::Outcome;
use reqwest::header::HeaderName;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    cats::{breeds, many_breeds},
    world::{CONNECTIONS, World, settings},
};

#[tokio::test]
async fn a_database_without_the_schema_is_waited_for() {
    for kind in testdb::kinds() {
        let settings = Settings {
            refresh: Duration::from_millis(5),
            ..settings()
        };
        let world = World::without_schema(kind, settings).await;
        assert_eq!(world.get("/livez").await.status, 200);
        let waits = "the database has no schema yet; run `catchment migrate up`";
        for path in [
            "/readyz",
            "/api/v1/catalog",
            "/api/v1/cats/breeds",
            "/api/openapi.json",
        ] {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 503, "{path}");
            assert_eq!(answer.json()["code"], "NOT_READY", "{path}");
            assert_eq!(answer.json()["detail"], waits, "{path}");
        }
        let health = world.get("/healthz").await;
        assert_eq!(health.status, 503);
        assert_eq!(health.json()["checks"]["database"][0]["status"], "fail");

        migration::up(&world.db).await.expect("the schema is made");
        timeout(Duration::from_secs(10), ready(&world))
            .await
            .expect("it is ready by itself");
        assert_eq!(
            world.get("/api/v1/catalog").await.json(),
            json!({ "data": [] })
        );
    }
}

#[tokio::test]
async fn a_stale_resource_is_a_warning() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        world.wait(chrono::Duration::seconds(90));
        let health = world.get("/healthz").await;
        assert_eq!(health.header("content-type"), "application/health+json");
        let body = health.json();
        assert_eq!(body["status"], "pass");
        let check = &body["checks"]["cats.breeds"][0];
        assert_eq!(check["observedValue"], json!(90));
        assert_eq!(check["time"], "2027-01-15T08:00:00Z");
        world.ended(id, Outcome::Failed).await;
        let health = world.get("/healthz").await;
        assert_eq!(health.status, 200);
        let body = health.json();
        assert_eq!(body["status"], "warn");
        assert_eq!(body["checks"]["cats.breeds"][0]["lastOutcome"], "failed");
        assert_eq!(world.get("/readyz").await.status, 200);
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_is_served_until_the_database_is_back() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let list = "/api/v1/cats/breeds";
        let moved = async |from: &str, to: &str| {
            let sql = format!("ALTER TABLE {from} RENAME TO {to}");
            let done = world.db.execute_unprepared(&sql).await;
            done.expect("the table gets another name");
            world.refresh().await;
        };
        // Nothing is kept yet, so nothing can be served.
        moved("resource", "away").await;
        assert_eq!(world.get("/readyz").await.json()["code"], "NOT_READY");
        let health = world.get("/healthz").await;
        assert_eq!(health.status, 503);
        let checks = health.json()["checks"].clone();
        assert_eq!(checks["database"][0]["status"], "fail");
        assert_eq!(checks["answers"][0]["observedValue"], 0);
        moved("away", "resource").await;
        assert_eq!(world.get("/readyz").await.json()["status"], "pass");

        assert_eq!(world.get(list).await.json()["meta"]["stale"], false);
        moved("resource", "away").await;
        let ready = world.get("/readyz").await;
        assert_eq!(ready.status, 200);
        assert_eq!(ready.json()["status"], "warn");
        let health = world.get("/healthz").await;
        assert_eq!(health.status, 200);
        let body = health.json();
        assert_eq!(body["status"], "warn");
        assert_eq!(body["checks"]["database"][0]["status"], "fail");
        assert_eq!(body["checks"]["answers"][0]["observedValue"], 1);
        let breeds = &body["checks"]["cats.breeds"][0];
        assert_eq!(breeds["status"], "warn");
        assert_eq!(
            breeds["output"],
            "the database cannot be read, and may know more by now"
        );
        assert_eq!(world.get(list).await.json()["meta"]["stale"], true);

        moved("away", "resource").await;
        assert_eq!(world.get("/readyz").await.json()["status"], "pass");
        assert_eq!(world.get("/healthz").await.json()["status"], "pass");
        assert_eq!(world.get(list).await.json()["meta"]["stale"], false);
    })
    .await;
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_ended() {
    for kind in testdb::kinds() {
        let settings = Settings {
            query_timeout: Duration::from_millis(50),
            ..settings()
        };
        let world = World::with_schema(kind, settings).await;
        world.mirrored(&breeds(), &many_breeds()).await;
        // All connections are taken: the query waits for one.
        let mut taken = Vec::new();
        for _ in 0..CONNECTIONS {
            taken.push(world.db.begin().await.expect("a connection"));
        }
        let answer = world.get("/api/v1/cats/breeds").await;
        assert_eq!(answer.status, 504);
        assert_eq!(answer.json()["code"], "QUERY_TIMEOUT");
        assert_eq!(world.get("/livez").await.status, 200);
    }
}

#[tokio::test]
async fn before_there_is_a_schema_nobody_is_known_and_nothing_is_at_fault() {
    for kind in testdb::kinds() {
        let world = World::without_schema(kind, settings()).await;
        let key = HeaderName::from_static("x-api-key");
        let shown = [(
            key,
            "ctm_17396def_9b8yEHtfc0fTvnbrtv75Oh4_TUk-9S9DP1GgqxfkADY",
        )];
        let answer = world.get_with("/api/v1/users/1", &shown).await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(answer.json()["code"], "NOT_READY");
    }
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    for kind in testdb::kinds() {
        let world = World::without_schema(kind, settings()).await;
        assert_eq!(world.get("/livez").await.status, 200);
        let stopped = timeout(Duration::from_secs(5), world.stopped()).await;
        stopped.expect("it ends").expect("without an error");
    }
}

async fn ready(world: &World) {
    while world.get("/readyz").await.status != 200 {}
}
