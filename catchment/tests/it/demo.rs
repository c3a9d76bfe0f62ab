//! `catchment demo`: up within two seconds, and gone without a trace.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_serves_what_it_mirrored_and_stops_on_either_signal() {
    for signal in ["INT", "TERM"] {
        let demo = World::new().start("demo");
        let told = demo.text("mirrored within");
        let curl = told
            .lines()
            .find_map(|line| line.trim().strip_prefix("curl "));
        let url = curl.unwrap().trim_matches('\'').to_owned();
        let list = get(&url).await;
        let names: Vec<_> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|breed| &breed["name"])
            .collect();
        assert_eq!(names, ["Abyssinian", "Chausie", "Egyptian Mau"], "{list}");
        let database = told
            .lines()
            .find_map(|line| line.trim().strip_prefix("database"));
        let database = database
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned();
        assert!(std::path::Path::new(&database).exists(), "{database}");
        demo.signal(signal);
        let ended = demo.end();
        assert_eq!(
            (ended.code, ended.stderr.as_str()),
            (Some(0), ""),
            "{}",
            ended.stdout
        );
        assert!(
            !std::path::Path::new(&database).exists(),
            "{database} is left"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_demo_says_to_try_works() {
    let demo = World::new().start("demo");
    let told = demo.text("mirrored within");
    let urls: Vec<_> = told
        .lines()
        .filter_map(|line| line.trim().strip_prefix("curl "))
        .collect();
    assert_eq!(urls.len(), 3, "{told}");
    for url in urls {
        let list = get(url.trim_matches('\'')).await;
        assert!(
            !list["data"].as_array().unwrap().is_empty(),
            "{url}: {list}"
        );
    }
    let swagger = told
        .lines()
        .find_map(|line| line.strip_prefix("open "))
        .unwrap();
    let page = client().get(swagger).send().await.unwrap();
    assert!(page.status().is_success(), "{swagger}: {}", page.status());
    demo.signal("INT");
    assert_eq!(demo.end().code, Some(0));
}

/// The budget is 2 s; a debug build on a machine that compiles and tests other things gets some more.
const BUDGET: Duration = Duration::from_secs(if cfg!(debug_assertions) { 8 } else { 2 });

#[tokio::test(flavor = "multi_thread")]
async fn the_first_records_are_served_within_the_budget() {
    let began = Instant::now();
    let demo = World::new().start("demo");
    let told = demo.line("/thecatapi/breeds?origin");
    let url = told
        .trim()
        .trim_start_matches("curl ")
        .trim_matches('\'')
        .to_owned();
    while get(&url).await["data"].as_array().is_none_or(Vec::is_empty) {
        assert!(
            began.elapsed() < BUDGET,
            "no record after {:?}",
            began.elapsed()
        );
        tokio::task::yield_now().await;
    }
    demo.signal("INT");
    assert_eq!(demo.end().code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_sent_request_does_not_keep_a_demo_alive() {
    let demo = World::new()
        .with("CATCHMENT__STOP__GRACE", "100ms")
        .start("demo");
    let told = demo.text("mirrored within");
    let mut held = Vec::new();
    for part in ["upstream", "syncer", "api"] {
        let line = told
            .lines()
            .find_map(|line| line.trim().strip_prefix(part))
            .unwrap();
        let address = line
            .trim()
            .trim_start_matches("http://")
            .split(['/', ' '])
            .next()
            .unwrap();
        let mut half = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut half, b"GET / HTTP/1.1\r\nHost: a").unwrap();
        held.push(half);
    }
    let began = Instant::now();
    demo.signal("TERM");
    assert_eq!(demo.end().code, Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_demo_needs_no_way_through_the_proxy() {
    let world = World::new().with("HTTP_PROXY", "http://127.0.0.1:9");
    let demo = world.with("http_proxy", "http://127.0.0.1:9").start("demo");
    let told = demo.line("mirrored within");
    assert!(told.contains("67 breeds"), "{told}");
    demo.signal("INT");
    assert_eq!(demo.end().code, Some(0));
}

#[test]
fn a_demo_leaves_what_is_meant_for_others_alone() {
    let world = World::new()
        .with(
            "CATCHMENT__DATABASE__URL",
            "mysql://nobody@127.0.0.1:9/nothing",
        )
        .with("CATCHMENT__SOURCES__DIR", "/nowhere")
        .with("CAT_API_KEY", "hidden");
    world.file("catchment.toml", "this is no settings file");
    let demo = world.start("demo --json");
    let api = demo.line("\"api\"");
    assert!(
        api.contains("http://127.0.0.1:") && !api.contains(":0/"),
        "{api}"
    );
    demo.line("}");
    demo.signal("INT");
    let ended = demo.end();
    assert_eq!(
        (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
        (Some(0), "", "")
    );
}

async fn get(url: &str) -> Value {
    let answer = client().get(url).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
