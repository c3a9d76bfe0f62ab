//! How pages are asked for: paging kinds, credentials, waits.

use entity::run::Outcome;
use sea_orm::EntityTrait;

use crate::{
    upstream::{Reply, Request},
    world::{THINGS, assert_outcome, on_each_database},
};

fn record(n: usize) -> String {
    format!(r#"{{"id":"k{n}"}}"#)
}

fn slice(from: usize, to: usize) -> String {
    format!("[{}]", (from..to).map(record).collect::<Vec<_>>().join(","))
}

fn with_page(page: &str) -> String {
    let from = THINGS.find("page    =").expect("a page line");
    let to = from + THINGS[from..].find('\n').expect("a line's end");
    format!("{}page = {page}{}", &THINGS[..from], &THINGS[to..])
}

#[tokio::test]
async fn pages_by_offset_with_the_total_in_the_body() {
    let toml = with_page(r#"{ kind = "offset", param = "skip", size_param = "take", size = 2, total = "body:/meta/total" }"#)
        .replace("key     =", "records = \"body:/items\"\nkey     =");
    on_each_database(&toml, async |world| {
        world.upstream.answers(|request| {
            let from = request.number_in("skip");
            Reply::json(format!(
                r#"{{"items":{},"meta":{{"total":5}}}}"#,
                slice(from, (from + 2).min(5))
            ))
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        let asked: Vec<_> = world
            .upstream
            .asked()
            .iter()
            .map(|request| request.parameter("skip").map(str::to_owned))
            .collect();
        assert_eq!(
            asked,
            [Some("0".into()), Some("2".into()), Some("4".into())]
        );
        assert_eq!(world.live("things").await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn pages_by_link_keep_their_credentials_to_themselves() {
    let toml = with_page(r#"{ kind = "link", size_param = "per_page", size = 2 }"#).replace(
        "schedule =",
        "auth = { kind = \"query\", name = \"api_key\", value = \"${FAKE_KEY}\" }\nschedule =",
    );
    on_each_database(&toml, async |world| {
        world.upstream.answers(|request: &Request| {
            let from = request.number_in("after");
            let next = format!("</things?after={}&api_key=s3cret>; rel=\"next\"", from + 2);
            let page = Reply::json(slice(from, from + 2));
            match from {
                0 => page.with("link", next),
                2 => Reply::status(500, "broken"),
                _ => page,
            }
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        let asked = world.upstream.asked();
        assert!(
            asked
                .iter()
                .all(|request| request.parameter("api_key") == Some("s3cret"))
        );
        // The page to go on with is written down without the key that the upstream had put into its link.
        let cursor = entity::cursor::Entity::find()
            .one(&world.db)
            .await
            .expect("the database answers")
            .expect("a cursor");
        assert!(
            cursor.position.contains("after=2") && !cursor.position.contains("s3cret"),
            "{}",
            cursor.position
        );
        let run = entity::run::Entity::find()
            .one(&world.db)
            .await
            .expect("the database answers")
            .expect("a run");
        assert!(!run.error.expect("a reason").contains("s3cret"));
        assert!(!format!("{:?}", world.catalog).contains("s3cret"));
    })
    .await;
}

#[tokio::test]
async fn a_search_is_posted_with_its_page_in_the_body() {
    let paging = r#"{ kind = "cursor", param = "/at/start", in = "body", next = "body:/next", more = "body:/more", size_param = "size", size = 2 }"#;
    let toml = with_page(paging).replace(
        "key     =",
        "method = \"POST\"\nbody = { filter = { kind = \"cat\", key = \"${FAKE_KEY}\" } }\nrecords = \"body:/items\"\nkey     =",
    );
    on_each_database(&toml, async |world| {
        world.upstream.answers(|request| match request.number {
            0 => Reply::json(format!(
                r#"{{"items":{},"next":"two","more":true}}"#,
                slice(0, 2)
            )),
            _ => Reply::json(format!(
                r#"{{"items":{},"next":null,"more":false}}"#,
                slice(2, 3)
            )),
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(world.live("things").await, ["k0", "k1", "k2"]);
        let asked = world.upstream.asked();
        let bodies: Vec<_> = asked.iter().map(|request| request.body.as_str()).collect();
        assert_eq!(
            bodies,
            [
                r#"{"filter":{"key":"s3cret","kind":"cat"},"size":2}"#,
                r#"{"at":{"start":"two"},"filter":{"key":"s3cret","kind":"cat"},"size":2}"#,
            ]
        );
        assert!(asked.iter().all(|request| request.method == "POST"));
        assert_eq!(asked[0].header("content-type"), Some("application/json"));
    })
    .await;
}

#[tokio::test]
async fn a_link_that_leads_away_is_not_followed() {
    let toml = with_page(r#"{ kind = "link" }"#);
    on_each_database(&toml, async |world| {
        world.upstream.answers(|_| {
            Reply::json(slice(0, 2)).with("link", "<http://127.0.0.2:1/x>; rel=\"next\"")
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert!(report.error.expect("a reason").contains("leads away from"));
    })
    .await;
}

#[tokio::test]
async fn each_kind_of_credential_is_sent() {
    let cases = [
        (
            r#"{ kind = "header", name = "x-api-key", value = "${FAKE_KEY}" }"#,
            "x-api-key",
            "s3cret",
        ),
        (
            r#"{ kind = "bearer", token = "${FAKE_KEY}" }"#,
            "authorization",
            "Bearer s3cret",
        ),
        (
            r#"{ kind = "basic", username = "me", password = "${FAKE_KEY}" }"#,
            "authorization",
            "Basic bWU6czNjcmV0",
        ),
    ];
    for (auth, header, value) in cases {
        let toml = THINGS.replace(
            "schedule =",
            &format!("headers = {{ x-client = \"catchment\" }}\nauth = {auth}\nschedule ="),
        );
        on_each_database(&toml, async |world| {
            world.upstream.has(&[]);
            world.sync("things").await;
            let asked = world.upstream.asked();
            assert_eq!(
                asked[0].headers.get(header).map(String::as_str),
                Some(value)
            );
            assert_eq!(
                asked[0].headers.get("x-client").map(String::as_str),
                Some("catchment")
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_short_wait_is_waited_for_and_a_long_one_defers_the_run() {
    on_each_database(THINGS, async |world| {
        world.upstream.answers(|request| match request.number {
            0 => Reply::status(429, "slow down").with("retry-after", 0),
            _ => Reply::json(slice(0, 1)).with("pagination-count", 1),
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!(report.counts.requests, 2);
        world
            .upstream
            .answers(|_| Reply::status(429, "slow down").with("retry-after", 3600));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Deferred);
        assert_eq!(
            report.error.as_deref(),
            Some("the upstream asks to wait until 2026-11-21 09:00:02 UTC")
        );
        assert_eq!(world.live("things").await, ["k0"]);
    })
    .await;
}

#[tokio::test]
async fn a_long_wait_defers_even_a_run_that_may_not_ask_twice() {
    let once = THINGS.replace("attempts = 2", "attempts = 1");
    on_each_database(&once, async |world| {
        world
            .upstream
            .answers(|_| Reply::status(503, "later").with("retry-after", 3600));
        assert_outcome(&world.sync("things").await, Outcome::Deferred);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_asked_for_once_the_budget_is_spent() {
    let limited = THINGS.replace(
        "schedule =",
        "limits = { remaining = \"header:x-left\", reset = \"header:x-reset\" }\nschedule =",
    );
    on_each_database(&limited, async |world| {
        world.upstream.answers(|_| {
            Reply::json(slice(0, 2))
                .with("pagination-count", 4)
                .with("x-left", 0)
                .with("x-reset", 3600)
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Deferred);
        assert_eq!(world.upstream.asked().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_bounded_even_when_it_is_compressed() {
    let bounded = THINGS.replace("schedule =", "max_body = \"64KiB\"\nschedule =");
    on_each_database(&bounded, async |world| {
        world
            .upstream
            .answers(|_| Reply::json(format!("[{}]", " ".repeat(1 << 20))));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Failed);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("larger than max_body, 65536 bytes")
        );
    })
    .await;
}

#[tokio::test]
async fn a_status_may_stand_for_nothing() {
    let empty = THINGS.replace("key     =", "status = { 404 = \"empty\" }\nkey     =");
    on_each_database(&empty, async |world| {
        world.upstream.answers(|_| Reply::html(404, "nothing here"));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
    })
    .await;
}
