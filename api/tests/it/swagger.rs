//! Swagger UI comes out of the binary, with nothing from other hosts.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use testdb::Kind;

use crate::world::{World, settings};

#[tokio::test]
async fn the_page_and_all_that_it_asks_for_are_served() {
    let world = World::without_schema(Kind::Sqlite, settings()).await;
    let page = world.get("/api/swagger").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(
        !page.body.contains("//"),
        "nothing from other hosts: {}",
        page.body
    );
    let references = page
        .body
        .split(['"'])
        .filter(|part| part.starts_with("swagger/"));
    let references: Vec<&str> = references.collect();
    assert_eq!(references.len(), 4, "{}", page.body);
    for reference in references {
        let path = format!("/api/{reference}");
        let plain = world.get(&path).await;
        assert_eq!(plain.status, 200, "{path}");
        assert!(!plain.headers.contains_key("content-encoding"), "{path}");
        assert!(!plain.body.is_empty(), "{path}");
    }
    let script = world.get("/api/swagger/swagger-ui-bundle.js").await;
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(script.body.contains("SwaggerUIBundle"));
}

#[tokio::test]
async fn large_assets_go_out_compressed_and_once() {
    let world = World::without_schema(Kind::Sqlite, settings()).await;
    let path = "/api/swagger/swagger-ui-bundle.js";
    let packed = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let unpacked = packed
        .get(format!("{}{path}", world.url))
        .send()
        .await
        .expect("an answer");
    let unpacked = unpacked.text().await.expect("it unpacks");
    assert_eq!(unpacked, world.get(path).await.body);
    let gzip = world.get_with(path, &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    let length: usize = gzip.header("content-length").parse().expect("a number");
    assert!(length < unpacked.len() / 2);
    let again = world
        .get_with(path, &[(IF_NONE_MATCH, gzip.header("etag"))])
        .await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn the_root_leads_to_it() {
    let world = World::without_schema(Kind::Sqlite, settings()).await;
    for path in ["/", "/api"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 307, "{path}");
        // Relative to either path it is the same place.
        assert_eq!(answer.header("location"), "api/swagger");
    }
    tokio::time::timeout(Duration::from_secs(5), world.stopped())
        .await
        .expect("it ends")
        .expect("without an error");
}
