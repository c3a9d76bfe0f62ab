//! `ETag`, 304, HEAD, compression, and how long an answer may be kept.

use chrono::Duration;
use entity::run::Outcome;
use reqwest::{
    Method,
    header::{ACCEPT_ENCODING, IF_NONE_MATCH},
};
use serde_json::json;

use crate::{
    cats::{breed, breeds, many_breeds},
    world::{Answer, World},
};

const LIST: &str = "/api/v1/cats/breeds?weight=3";
const ONE: &str = "/api/v1/cats/breeds/b01";

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let documents = [
            "/api/v1/catalog",
            "/api/v1/catalog/cats",
            "/api/v1/cats/breeds/-/schema",
            "/api/openapi.json",
        ];
        for path in [LIST, ONE].into_iter().chain(documents) {
            let full = world.get(path).await;
            assert_eq!(full.status, 200, "{path}");
            let tag = full.header("etag");
            assert!(tag.starts_with("W/\""), "{tag}");
            let again = world.get_with(path, &[(IF_NONE_MATCH, tag)]).await;
            assert_eq!(again.status, 304, "{path}");
            assert_eq!(again.body, "", "{path}");
            same(&again, &full, &["etag", "cache-control", "vary"]);
            let other = world
                .get_with(path, &[(IF_NONE_MATCH, "W/\"other\"")])
                .await;
            assert_eq!(other.status, 200, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_list_changes_with_the_version_and_its_claims_but_not_with_a_run() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let tag = world.get(LIST).await.header("etag").to_owned();
        let good = async || {
            let answer = world.get_with(LIST, &[(IF_NONE_MATCH, &tag)]).await;
            answer.status == 304
        };

        world.wait(Duration::minutes(30));
        world.ended(id, Outcome::Complete).await;
        assert!(good().await, "a run without changes");
        let synced = world.get(LIST).await.json()["meta"]["synced_at"].clone();
        assert_eq!(synced, json!("2027-01-15T08:30:00Z"));

        world.ended(id, Outcome::Failed).await;
        assert!(!good().await, "the rows became stale");
        world.ended(id, Outcome::Complete).await;
        assert!(good().await);

        world.write(&breeds(), (id, 2), &[breed("new", &[])]).await;
        assert!(!good().await, "the rows are no complete run's");
        world.ended(id, Outcome::Complete).await;
        assert!(!good().await, "the version moved");
        assert_eq!(world.get(LIST).await.header("catchment-version"), "2");
    })
    .await;
}

#[tokio::test]
async fn a_record_changes_with_its_own_bytes_only() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let tag = world.get(ONE).await.header("etag").to_owned();
        world.write(&breeds(), (id, 2), &[breed("new", &[])]).await;
        world.ended(id, Outcome::Complete).await;
        let again = world.get_with(ONE, &[(IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status, 304);
        let other = world.get("/api/v1/cats/breeds/b02").await;
        assert_ne!(other.header("etag"), tag);
    })
    .await;
}

#[tokio::test]
async fn headers_mirror_the_body() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let list = world.get("/api/v1/cats/breeds?limit=5&sort=name").await;
        let body = list.json();
        let meta = json!({
            "source": "cats", "resource": "breeds", "version": 1,
            "synced_at": "2027-01-15T08:00:00Z", "complete": true, "stale": false,
        });
        assert_eq!(body["meta"], meta);
        assert_eq!(list.header("catchment-version"), "1");
        assert_eq!(list.header("catchment-synced-at"), "2027-01-15T08:00:00Z");
        assert_eq!(list.header("last-modified"), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(list.header("x-total-count"), "12");
        assert_eq!(list.header("content-type"), "application/json");
        assert_eq!(list.header("vary"), "accept-encoding");
        let next = body["page"]["next"].as_str().expect("a cursor");
        let link = format!(
            "<?limit=5&sort=name&cursor={next}>; rel=\"next\", <breeds/-/schema>; rel=\"describedby\", \
             <../../openapi.json>; rel=\"service-desc\""
        );
        assert_eq!(list.header("link"), link);
        let one = world.get(ONE).await;
        assert_eq!(one.json()["meta"], meta);
        let link = "<-/schema>; rel=\"describedby\", <../../../openapi.json>; rel=\"service-desc\"";
        assert_eq!(one.header("link"), link);
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_kept_until_the_next_run() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let kept = async || world.get(LIST).await.header("cache-control").to_owned();
        let rest = "stale-while-revalidate=60, stale-if-error=86400";
        assert_eq!(kept().await, format!("public, max-age=60, {rest}"));
        world.wait(Duration::minutes(59) + Duration::seconds(50));
        assert_eq!(kept().await, format!("public, max-age=10, {rest}"));
        world.wait(Duration::seconds(20));
        assert_eq!(kept().await, format!("public, max-age=0, {rest}"));
    })
    .await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        for path in [
            LIST,
            ONE,
            "/api/v1/catalog",
            "/healthz",
            "/api/openapi.json",
            "/api/swagger",
        ] {
            let get = world.get(path).await;
            let head = world.send(Method::HEAD, path, &[]).await;
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.body, "", "{path}");
            same(&head, &get, &["content-type", "content-length"]);
        }
        assert_eq!(world.send(Method::HEAD, "/nowhere", &[]).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn only_large_answers_are_compressed() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let gzip = [(ACCEPT_ENCODING, "gzip")];
        let large = world.get_with("/api/openapi.json", &gzip).await;
        assert_eq!(large.header("content-encoding"), "gzip");
        assert_eq!(large.header("vary"), "accept-encoding");
        let small = world.get_with(ONE, &gzip).await;
        assert!(!small.headers.contains_key("content-encoding"));
    })
    .await;
}

fn same(one: &Answer, other: &Answer, headers: &[&str]) {
    for name in headers {
        assert_eq!(one.header(name), other.header(name), "{name}");
    }
}
