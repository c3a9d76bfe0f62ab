//! Equal requests at the same time: the database is asked once for all of them.

use std::{sync::Arc, time::Duration};

use api::Settings;
use reqwest::header::IF_NONE_MATCH;
use sea_orm::TransactionTrait;
use testdb::Kind;
use tokio::{
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use crate::{
    cats::{breeds, many_breeds},
    changes::status,
    world::{Answer, World, settings},
};

const LIST: &str = "/api/v1/cats/breeds?sort=name";
const ONE: &str = "/api/v1/cats/breeds/b01?fields=id";
const FACETS: &str = "/api/v1/cats/breeds/-/facets?facet=name";
const MANY: usize = 40;

/// With one connection. Who holds it has all who ask the database wait.
async fn narrow_world(kind: Kind, settings: Settings) -> Arc<World> {
    let world = World::with_connections(kind, settings, 1).await;
    world.mirrored(&breeds(), &many_breeds()).await;
    Arc::new(world)
}

/// So many requests, all of which are in flight when this returns.
async fn asked(world: &Arc<World>, path: &'static str) -> (JoinSet<Answer>, Vec<AbortHandle>) {
    let mut asked = JoinSet::new();
    let ask = |_| {
        let world = Arc::clone(world);
        asked.spawn(async move { world.get(path).await })
    };
    let handles = (0..MANY).map(ask).collect();
    // Whoever asks for what needs no database comes behind them.
    for _ in 0..MANY {
        assert_eq!(world.get("/livez").await.status, 200);
    }
    (asked, handles)
}

#[tokio::test]
async fn what_many_ask_for_is_asked_of_the_database_once() {
    // Only these servers count the queries of a session; there is one connection, so it is the session of all.
    let servers = testdb::kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Sqlite);
    for kind in servers {
        for path in [LIST, ONE, FACETS] {
            asked_once(kind, path).await;
        }
    }
}

async fn asked_once(kind: Kind, path: &'static str) {
    let world = narrow_world(kind, settings()).await;
    let selects = async || status(&world, "Com_select").await;
    let before = selects().await;
    let taken = world.db.begin().await.expect("a connection");
    let (asked, _) = asked(&world, path).await;
    taken.rollback().await.expect("it ends");
    let answers = asked.join_all().await;
    let by_all = selects().await - before;
    // Another URL of the same, of which nothing is kept.
    let alone = world.get(&format!("{path}&")).await;
    let by_one = selects().await - before - by_all;
    assert_eq!(by_all, by_one, "{path} on {kind:?}");
    for answer in answers {
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.body, alone.body, "{path}");
        assert_eq!(answer.header("etag"), alone.header("etag"), "{path}");
    }
}

#[tokio::test]
async fn who_goes_away_keeps_nobody_from_an_answer() {
    for kind in testdb::kinds() {
        let world = narrow_world(kind, settings()).await;
        let taken = world.db.begin().await.expect("a connection");
        let (asked, handles) = asked(&world, LIST).await;
        let (_stays, go) = handles.split_last().expect("there are many");
        go.iter().for_each(AbortHandle::abort);
        for _ in 0..MANY {
            assert_eq!(world.get("/livez").await.status, 200);
        }
        taken.rollback().await.expect("it ends");
        let answers = stayed(asked).await;
        assert_eq!(answers, [200], "{kind:?}");
        assert_eq!(world.get(LIST).await.status, 200);
    }
}

/// The answers of those who were not told to go.
async fn stayed(mut asked: JoinSet<Answer>) -> Vec<u16> {
    let mut statuses = Vec::new();
    while let Some(answer) = asked.join_next().await {
        statuses.extend(answer.ok().map(|answer| answer.status.as_u16()));
    }
    statuses
}

#[tokio::test]
async fn what_fails_fails_for_all_who_waited_and_not_for_who_comes_next() {
    for kind in testdb::kinds() {
        let settings = Settings {
            query_timeout: Duration::from_millis(300),
            ..settings()
        };
        let world = narrow_world(kind, settings).await;
        let taken = world.db.begin().await.expect("a connection");
        let started = Instant::now();
        let (asked, _) = asked(&world, LIST).await;
        for answer in asked.join_all().await {
            assert_eq!(answer.status, 504, "{kind:?}: {}", answer.body);
            assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
        }
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "not one after the other"
        );
        taken.rollback().await.expect("it ends");
        assert_eq!(world.get(LIST).await.status, 200);
    }
}

#[tokio::test]
async fn who_waits_for_less_fails_alone() {
    for kind in testdb::kinds() {
        for path in [LIST, ONE, FACETS] {
            fails_alone(kind, path).await;
        }
    }
}

async fn fails_alone(kind: Kind, path: &'static str) {
    let world = narrow_world(kind, settings()).await;
    let taken = world.db.begin().await.expect("a connection");
    let (asked, _) = asked(&world, path).await;
    let hasty = world.get(&format!("{path}&timeout_ms=20")).await;
    assert_eq!(hasty.status, 504, "{path} on {kind:?}: {}", hasty.body);
    taken.rollback().await.expect("it ends");
    for answer in asked.join_all().await {
        assert_eq!(answer.status, 200, "{path} on {kind:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_whoever_waits_for_however_long() {
    for kind in testdb::kinds() {
        let world = narrow_world(kind, settings()).await;
        for path in [LIST, "/api/v1/cats/breeds?limit=5", ONE, FACETS] {
            is_kept_for_all(&world, path).await;
        }
    }
}

async fn is_kept_for_all(world: &World, path: &str) {
    let made = world.get(&format!("{path}&timeout_ms=60000")).await;
    assert_eq!(made.status, 200, "{path}: {}", made.body);
    assert!(!made.header("link").contains("timeout_ms"), "{path}");
    let taken = world.db.begin().await.expect("a connection");
    for url in [path.to_owned(), format!("{path}&timeout_ms=20")] {
        let kept = world.get(&url).await;
        assert_eq!(kept.status, 200, "{url}: {}", kept.body);
        assert_eq!(kept.body, made.body, "{url}");
        for name in ["etag", "link"] {
            assert_eq!(kept.header(name), made.header(name), "{url}");
        }
    }
    taken.rollback().await.expect("it ends");
}

#[tokio::test]
async fn whoever_has_a_copy_is_told_so_among_those_who_have_none() {
    for kind in testdb::kinds() {
        let world = World::with_schema(kind, settings()).await;
        world.mirrored(&breeds(), &many_breeds()).await;
        let tag = world.get(LIST).await.header("etag").to_owned();
        let fresh = "/api/v1/cats/breeds?sort=name&limit=7";
        let with_copy = [(IF_NONE_MATCH, tag.as_str())];
        let (a, b, c, d) = tokio::join!(
            world.get_with(fresh, &with_copy),
            world.get(fresh),
            world.get_with(fresh, &with_copy),
            world.get(fresh),
        );
        assert_eq!(
            [a.status, b.status, c.status, d.status],
            [304, 200, 304, 200]
        );
    }
}
