//! What holds for every answer: errors, the stated budget, and the end.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::World;
use crate::demo::base_url;
use crate::demo::budget::Budget;

#[tokio::test]
async fn errors_are_plain_text() {
    let world = World::new().await;
    for (path, status, text) in [
        (
            "/v1/breeds/zzzz",
            400,
            "INVALID_DATA - there is no breed 'zzzz'",
        ),
        ("/v1/images/zzzz", 400, "there is no image 'zzzz'"),
        ("/v1/nowhere", 404, "NOT_FOUND"),
        ("/nowhere", 404, "NOT_FOUND"),
        (
            "/v1/breeds?limit=ten",
            400,
            "limit: invalid digit found in string",
        ),
        (
            "/v1/images/search?order=UP",
            400,
            "order: unknown variant `UP`",
        ),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(
            answer.header("content-type"),
            "text/plain; charset=utf-8",
            "{path}"
        );
        assert!(answer.body.contains(text), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn each_api_answer_states_the_budget() {
    let world = World::new().await;
    for (consumed, path) in [
        (1, "/v1/breeds"),
        (2, "/v1/breeds/zzzz"),
        (3, "/v1/nowhere"),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.header("ratelimit-limit"), "100000");
        assert_eq!(answer.header("ratelimit-consumed"), consumed.to_string());
        assert_eq!(
            answer.header("ratelimit-remaining"),
            (100_000 - consumed).to_string()
        );
        DateTime::parse_from_rfc3339(answer.header("ratelimit-reset")).unwrap();
        let wait: f64 = answer.header("retry-after-seconds").parse().unwrap();
        assert!(wait > 0.0 && wait <= 60.0, "{wait}");
    }
}

#[test]
fn a_spent_budget_refuses_until_the_minute_is_over() {
    let budget = Budget::per_minute(1);
    let start = DateTime::parse_from_rfc3339("2026-11-21T07:54:00.250Z")
        .unwrap()
        .to_utc();
    let at = |milliseconds| budget.consume(start + TimeDelta::milliseconds(milliseconds));
    assert!(at(0).granted);
    let refused = at(27_888);
    assert!(!refused.granted);
    let headers = refused
        .headers()
        .map(|(name, value)| format!("{name}: {value}"));
    assert_eq!(
        headers,
        [
            "ratelimit-limit: 1",
            "ratelimit-remaining: 0",
            "ratelimit-consumed: 1",
            "ratelimit-reset: 2026-11-21T07:55:00.250Z",
            "retry-after-seconds: 32.112",
        ]
    );
    assert!(!at(59_999).granted);
    assert!(at(60_000).granted);
}

#[tokio::test]
async fn a_stop_ends_it_although_connections_are_idle() {
    let world = World::new().await;
    let silent = TcpStream::connect(&world.address).await.unwrap();
    let mut kept = TcpStream::connect(&world.address).await.unwrap();
    kept.write_all(b"GET /v1/categories HTTP/1.1\r\nhost: demo\r\n\r\n")
        .await
        .unwrap();
    kept.readable().await.unwrap();
    world.get("/v1/categories").await;

    world.stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), world.server).await;
    ended.expect("still serving").unwrap().unwrap();
    drop((silent, kept));
}

#[test]
fn the_pictures_of_a_listener_on_all_interfaces_are_at_the_loopback() {
    let urls = ["0.0.0.0:80", "[::]:80", "10.0.0.7:80"].map(|it| base_url(it.parse().unwrap()));
    let expected = [
        "http://127.0.0.1:80",
        "http://127.0.0.1:80",
        "http://10.0.0.7:80",
    ];
    assert_eq!(urls, expected);
}
