//! What keeps callers from harming each other, and what browsers are told.

use std::{sync::Arc, time::Duration};

use api::Settings;
use reqwest::{
    Method,
    header::{HeaderName, IF_NONE_MATCH, ORIGIN},
};
use sea_orm::TransactionTrait;
use testdb::Kind;
use tokio::task::JoinSet;

use crate::{
    cats::{breeds, many_breeds, row, text},
    world::{Answer, CONNECTIONS, World, settings},
};

const LIST: &str = "/api/v1/cats/breeds";
const PAGE: (HeaderName, &str) = (ORIGIN, "https://app.example.org");

async fn world(settings: Settings) -> World {
    let world = World::with_schema(Kind::Sqlite, settings).await;
    world.mirrored(&breeds(), &many_breeds()).await;
    world
}

fn with_origins(origins: &[&str]) -> Settings {
    let origins = origins
        .iter()
        .map(|origin| origin.parse().expect("an origin"));
    Settings {
        cors_origins: origins.collect(),
        ..settings()
    }
}

fn with_rate(rate: &str) -> Settings {
    Settings {
        rate_limit: Some(rate.parse().expect("a rate")),
        ..settings()
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_what_it_is() {
    let world = world(settings()).await;
    let check = async |path: &str, status: u16, policy: &str| {
        let answer = world.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let told = answer.header("content-security-policy");
        assert!(told.starts_with(policy), "{path}: {told}");
        assert!(told.contains("frame-ancestors 'none'"), "{path}: {told}");
    };
    check(LIST, 200, "default-src 'none';").await;
    check("/livez", 200, "default-src 'none';").await;
    check("/api/openapi.json", 200, "default-src 'none';").await;
    check("/nowhere", 404, "default-src 'none';").await;
    check("/api/v1/cats/breeds?nmae=x", 400, "default-src 'none';").await;
    check(
        "/api/swagger",
        200,
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;",
    )
    .await;
    check(
        "/problems/not-found",
        200,
        "default-src 'none'; style-src 'unsafe-inline';",
    )
    .await;
}

#[tokio::test]
async fn no_page_of_another_origin_reads_unless_it_may() {
    let world = world(settings()).await;
    let answer = world.get_with(LIST, &[PAGE]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let asked = HeaderName::from_static("access-control-request-method");
    let preflight = world
        .send(Method::OPTIONS, LIST, &[PAGE, (asked, "GET")])
        .await;
    assert_eq!(preflight.status, 405);
}

#[tokio::test]
async fn pages_of_origins_that_may_read_all_that_we_tell() {
    let world = world(with_origins(&[
        "https://app.example.org",
        "http://localhost:3000",
    ]))
    .await;
    let answer = world.get_with(LIST, &[PAGE]).await;
    assert_eq!(answer.header("access-control-allow-origin"), PAGE.1);
    let exposed = answer.header("access-control-expose-headers");
    let exposed: Vec<&str> = exposed.split(',').map(str::trim).collect();
    // What a browser shows each page anyway, and what is none of its business.
    let other = [
        "cache-control",
        "content-length",
        "content-type",
        "last-modified",
        "date",
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
    ];
    for name in answer.headers.keys().map(HeaderName::as_str) {
        let is_known = name.starts_with("access-control-") || other.contains(&name);
        assert!(is_known || exposed.contains(&name), "{name} is not exposed");
    }
    let vary: Vec<&str> = answer
        .headers
        .get_all("vary")
        .iter()
        .map(|value| value.to_str().expect("ASCII"))
        .collect();
    assert!(vary.join(", ").contains("origin"), "{vary:?}");
    for path in ["/nowhere", "/api/v1/cats/breeds?nmae=x"] {
        let problem = world.get_with(path, &[PAGE]).await;
        assert_eq!(
            problem.header("access-control-allow-origin"),
            PAGE.1,
            "{path}"
        );
    }
    let stranger = world
        .get_with(LIST, &[(ORIGIN, "https://evil.example")])
        .await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_preflight_says_what_may_be_asked() {
    let world = world(with_origins(&["*"])).await;
    let asked = HeaderName::from_static("access-control-request-method");
    let answer = world
        .send(Method::OPTIONS, LIST, &[PAGE, (asked, "GET")])
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let methods = answer.header("access-control-allow-methods");
    assert_eq!(methods, "GET,HEAD,POST,PUT,PATCH,DELETE");
    assert_eq!(answer.header("access-control-max-age"), "3600");
    let headers = answer.header("access-control-allow-headers");
    assert!(
        headers.contains("if-none-match") && headers.contains("x-api-key"),
        "{headers}"
    );
}

#[tokio::test]
async fn one_request_too_many_at_once_is_refused() {
    let settings = Settings {
        in_flight: 2,
        query_timeout: Duration::from_secs(60),
        ..settings()
    };
    let world = Arc::new(world(settings).await);
    // All connections are taken: a query waits for one, and is in flight until it has it.
    let mut taken = Vec::new();
    for _ in 0..CONNECTIONS {
        taken.push(world.db.begin().await.expect("a connection"));
    }
    let mut asked = JoinSet::new();
    for _ in 0..3 {
        let world = Arc::clone(&world);
        asked.spawn(async move { world.get(LIST).await });
    }
    let mut answered = async || {
        let answer = asked.join_next().await.expect("one was asked");
        answer.expect("it does not panic")
    };
    // The others cannot be answered yet.
    let refused = answered().await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["code"], "OVERLOADED");
    assert_eq!(refused.header("retry-after"), "1");
    for path in ["/livez", "/healthz", "/readyz", "/metrics"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    drop(taken);
    assert_eq!(answered().await.status, 200);
    assert_eq!(answered().await.status, 200);
    assert_eq!(world.get(LIST).await.status, 200);
}

fn quota(answer: &Answer) -> (&str, &str) {
    (
        answer.header("ratelimit-policy"),
        answer.header("ratelimit"),
    )
}

#[tokio::test]
async fn an_answer_costs_what_it_takes() {
    let world = world(with_rate("20/h")).await;
    let check = async |path: &str, headers: &[(HeaderName, &str)], status: u16, rest: u32| {
        let answer = world.get_with(path, headers).await;
        assert_eq!(answer.status, status, "{path}");
        let (policy, left) = quota(&answer);
        assert_eq!(policy, "\"caller\";q=20;w=3600", "{path}");
        assert!(
            left.starts_with(&format!("\"caller\";r={rest};")),
            "{path}: {left}"
        );
        answer
    };
    // The database is asked, and the next time it is not.
    let first = check(LIST, &[], 200, 15).await;
    assert_eq!(quota(&first).1, "\"caller\";r=15;t=900");
    check(LIST, &[], 200, 14).await;
    let tag = first.header("etag");
    for _ in 0..5 {
        check(LIST, &[(IF_NONE_MATCH, tag)], 304, 14).await;
    }
    check("/nowhere", &[], 404, 13).await;
    check("/api/v1/cats/breeds?nmae=x", &[], 400, 12).await;
    check("/api/v1/catalog", &[], 200, 11).await;
    check("/api/v1/cats/breeds/-/facets?facet=name", &[], 200, 1).await;
    // Who has a unit may ask for what costs more, and owes it.
    check("/api/v1/cats/breeds/-/random", &[], 200, 0).await;
    let refused = check(LIST, &[], 429, 0).await;
    assert_eq!(refused.json()["code"], "QUOTA_EXCEEDED");
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((800..=900).contains(&wait), "{wait}");
    for path in ["/livez", "/healthz", "/readyz", "/metrics"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.headers.contains_key("ratelimit"), "{path}");
    }
}

#[tokio::test]
async fn an_export_costs_by_its_bytes() {
    let world = World::with_schema(Kind::Sqlite, with_rate("100/h")).await;
    let note = "x".repeat(30_000);
    let rows = (0..100).map(|at| {
        let id = format!("b{at}");
        let payload = serde_json::json!({ "id": id, "note": note }).to_string();
        row(&breeds(), &id, &payload, &[("id", text(&id))])
    });
    world.mirrored(&breeds(), &rows.collect::<Vec<_>>()).await;
    let export = world.get("/api/v1/cats/breeds/-/export").await;
    assert_eq!(export.body.len() / (1 << 20), 2);
    assert_eq!(quota(&export).1, "\"caller\";r=95;t=180");
    let next = world.get("/api/v1/cats/breeds?limit=1").await;
    // Two whole pieces, and the list.
    let left = quota(&next).1;
    assert!(left.starts_with("\"caller\";r=80;"), "{left}");
}

#[tokio::test]
async fn only_the_trusted_header_tells_callers_apart() {
    let forwarded = HeaderName::from_static("x-forwarded-for");
    let from = |address: &'static str| [(forwarded.clone(), address)];
    let alone = world(with_rate("1/h")).await;
    assert_eq!(
        alone.get_with(LIST, &from("198.51.100.1")).await.status,
        200
    );
    assert_eq!(
        alone.get_with(LIST, &from("198.51.100.2")).await.status,
        429
    );
    let proxied = Settings {
        client_header: Some("X-Forwarded-For".parse().expect("a header")),
        ..with_rate("1/h")
    };
    let proxied = world(proxied).await;
    assert_eq!(
        proxied.get_with(LIST, &from("198.51.100.1")).await.status,
        200
    );
    assert_eq!(
        proxied.get_with(LIST, &from("198.51.100.2")).await.status,
        200
    );
    let lied = from("198.51.100.9, 198.51.100.2");
    assert_eq!(proxied.get_with(LIST, &lied).await.status, 429);
}

#[tokio::test]
async fn without_a_limit_there_is_none() {
    let world = world(settings()).await;
    assert!(!world.get(LIST).await.headers.contains_key("ratelimit"));
}
