//! `ETag`, 304, HEAD, compression, and how long an answer may be kept.

use std::io::Read;

use chrono::Duration;
use entity::run::Outcome;
use reqwest::{
    Method,
    header::{ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH},
};
use serde_json::json;

use crate::{
    cats::{breed, breeds, image, images, many_breeds, row, text},
    world::{Answer, World},
};

const LIST: &str = "/api/v1/cats/breeds?weight=3";
const ALL: &str = "/api/v1/cats/breeds";
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
        assert_eq!(list.header("vary"), "accept, accept-encoding");
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
async fn a_date_is_as_good_as_a_tag_where_it_tells_as_much() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &many_breeds()).await;
        let since = async |path: &str, date: &str| {
            world
                .get_with(path, &[(IF_MODIFIED_SINCE, date)])
                .await
                .status
        };
        let dated = async |path: &str| {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 200, "{path}");
            answer.header("last-modified").to_owned()
        };
        // Another change in the same second may still come.
        let early = dated(ALL).await;
        assert_eq!(early, "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(since(ALL, &early).await, 200);
        world.write(&breeds(), (id, 2), &[breed("new", &[])]).await;
        world.ended(id, Outcome::Complete).await;
        assert_eq!(since(ALL, &early).await, 200);
        world.wait(Duration::seconds(61));
        for path in [ALL, ONE] {
            // What was given out before the second change is not taken for what is there now.
            assert_eq!(since(path, &early).await, 200, "{path}");
            let late = dated(path).await;
            assert_eq!(late, "Fri, 15 Jan 2027 08:00:01 GMT", "{path}");
            assert_eq!(since(path, &late).await, 304, "{path}");
            let between = "Fri, 15 Jan 2027 08:00:30 GMT";
            assert_eq!(since(path, between).await, 200, "{path}");
            let both = [
                (IF_NONE_MATCH, "W/\"other\""),
                (IF_MODIFIED_SINCE, late.as_str()),
            ];
            assert_eq!(world.get_with(path, &both).await.status, 200, "{path}");
        }
        // What a filter finds depends on the definition as well, of which no date tells.
        assert_eq!(since(LIST, &dated(LIST).await).await, 200);
        let late = dated(ALL).await;
        world.ended(id, Outcome::Failed).await;
        assert_eq!(since(ALL, &late).await, 200, "the rows became stale");
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
        assert_eq!(large.header("vary"), "accept, accept-encoding");
        let small = world.get_with(ONE, &gzip).await;
        assert!(!small.headers.contains_key("content-encoding"));
    })
    .await;
}

#[tokio::test]
async fn rows_come_in_the_coding_that_the_client_likes_best() {
    World::each(async |world| {
        let payload = json!({ "id": "b", "notes": "soft and warm ".repeat(100) });
        let long = row(&breeds(), "b", &payload.to_string(), &[("id", text("b"))]);
        world.mirrored(&breeds(), &[long]).await;
        let plain = world.get(ALL).await;
        let cases = [
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, zstd;q=0.9", "gzip"),
            ("zstd", "zstd"),
        ];
        // The first time each is compressed, the second it is kept.
        for (accepted, coding) in cases.iter().chain(&cases) {
            let (headers, body) = world.bytes(ALL, &[(ACCEPT_ENCODING, accepted)]).await;
            assert_eq!(headers["content-encoding"], coding);
            assert_eq!(headers["vary"], "accept, accept-encoding");
            assert_eq!(headers["etag"], plain.header("etag"));
            assert_eq!(decoded(coding, &body), plain.body);
        }
        let refused = world
            .get_with(ALL, &[(ACCEPT_ENCODING, "br;q=0, gzip;q=0")])
            .await;
        assert_eq!(refused.body, plain.body);
        assert!(!refused.headers.contains_key("content-encoding"));
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_is_served_as_stale_while_the_database_is_gone() {
    World::each(async |world| {
        world.mirrored(&breeds(), &many_breeds()).await;
        let paths = [LIST, ONE, "/api/v1/cats/breeds?shape=array&limit=2"];
        let mut before = Vec::new();
        for path in paths {
            before.push(world.get(path).await);
        }
        world.db.clone().close().await.expect("it closes");
        world.refresh().await;
        for (path, before) in paths.into_iter().zip(before) {
            let after = world.get(path).await;
            assert_eq!(after.status, 200, "{path}");
            let told = before.body.replace("\"stale\":false", "\"stale\":true");
            assert_eq!(after.body, told, "{path}");
            assert_ne!(after.header("etag"), before.header("etag"), "{path}");
        }
        let never_asked = world.get("/api/v1/cats/breeds?weight=4").await;
        assert_eq!(never_asked.status, 503);
        let catalog = world.get("/api/v1/catalog").await.json();
        assert_eq!(catalog["data"][0]["resources"][0]["stale"], true);
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_of_children_goes_with_their_parent() {
    World::each(async |world| {
        let breeds_id = world.mirrored(&breeds(), &many_breeds()).await;
        let children = [image("b01", "i1", 1), image("b02", "i2", 1)];
        world.mirrored(&images(), &children).await;
        let path = "/api/v1/cats/breeds/b01/images";
        assert_eq!(world.get(path).await.column("id"), ["i1"]);
        world.delete(&breeds(), (breeds_id, 2), &[2]).await;
        assert_eq!(world.get(path).await.status, 404);
    })
    .await;
}

/// A body in that coding.
fn decoded(coding: &str, body: &[u8]) -> String {
    let mut text = String::new();
    let read = match coding {
        "br" => brotli::Decompressor::new(body, 4096).read_to_string(&mut text),
        "gzip" => flate2::read::GzDecoder::new(body).read_to_string(&mut text),
        _ => zstd::Decoder::new(body).and_then(|mut zstd| zstd.read_to_string(&mut text)),
    };
    read.expect("it can be read");
    text
}

fn same(one: &Answer, other: &Answer, headers: &[&str]) {
    for name in headers {
        assert_eq!(one.header(name), other.header(name), "{name}");
    }
}
