//! Who follows changes is told of none once it may not read them: a rule changed, a key was taken back.

use std::time::Duration;

use api::Settings;
use entity::definition::Definition;
use reqwest::{Method, header::ACCEPT};
use testdb::Kind;
use tokio::time::timeout;

use super::{
    rules::registered,
    world::{callers, definition, mirrored, rule},
};
use crate::world::{World, settings};

/// Longer than any machine takes.
const LONG: Duration = Duration::from_secs(60);

async fn closed(world: &World, name: &'static str) {
    let of = definition(("cats", name, &["public"]));
    let closed = Definition {
        read: rule(&["admin"]),
        ..of
    };
    registered(world, &closed).await;
}

#[tokio::test]
async fn a_stream_ends_when_its_rule_changes() {
    World::each(async |world| {
        mirrored(&world).await;
        let path = "/api/v1/cats/pictures/-/changes";
        let mut stream = world
            .open(Method::GET, path, &[(ACCEPT, "text/event-stream")])
            .await;
        let greeting = stream.chunk().await.expect("it goes on").expect("an event");
        assert!(greeting.starts_with(b"event: version"));
        closed(&world, "pictures").await;
        let end = timeout(LONG, stream.chunk()).await.expect("it ends");
        assert_eq!(end.expect("it ends well"), None);
        let again = world.get(path).await;
        assert_eq!(again.status, 404, "{}", again.body);
    })
    .await;
}

#[tokio::test]
async fn a_long_poll_is_told_that_there_is_nothing() {
    World::each(async |world| {
        mirrored(&world).await;
        let poll = world.get("/api/v1/cats/pictures/-/changes?wait=60");
        let change = async {
            somebody_waits(&world).await;
            closed(&world, "pictures").await;
        };
        let (answer, ()) = tokio::join!(poll, change);
        assert_eq!(answer.status, 404, "{}", answer.body);
    })
    .await;
}

/// Whoever waits is counted.
async fn somebody_waits(world: &World) {
    let waits = async || {
        let metrics = world.get("/metrics").await;
        metrics.body.contains("catchment_followers 1")
    };
    while !waits().await {}
}

#[tokio::test]
async fn a_stream_ends_when_its_rights_go() {
    let settings = Settings {
        heartbeat: Duration::from_millis(20),
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    mirrored(&world).await;
    let callers = callers(&world).await;
    let admin = callers.last().expect("an admin");
    let mut headers = admin.headers();
    headers.push((ACCEPT, "text/event-stream"));
    let path = "/api/v1/dogs/kennels/-/changes";
    let mut stream = world.open(Method::GET, path, &headers).await;
    assert_eq!(stream.status(), 200);
    let rights =
        sea_orm::ConnectionTrait::execute_unprepared(&world.db, "UPDATE user SET active = FALSE");
    rights.await.expect("it is written");
    // Whoever is remembered is so for a while.
    world.wait(chrono::Duration::hours(1));
    let ended = async {
        while let Some(piece) = stream.chunk().await.expect("it ends well") {
            assert!(!piece.is_empty());
        }
    };
    timeout(LONG, ended).await.expect("it ends");
}
