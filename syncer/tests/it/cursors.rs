//! Pages that the upstream itself leads through: tokens, URLs, and the last record.

use std::sync::atomic::{AtomicBool, Ordering};

use entity::{cursor, page, run::Outcome};
use sea_orm::EntityTrait;

use crate::{
    upstream::{Reply, Request},
    world::{World, assert_outcome, on_each_database},
};

fn toml(page: &str) -> String {
    format!(
        r#"
[source]
name     = "fake"
base_url = "http://replaced/v1"
schedule = "every 1h"
retry    = {{ attempts = 1 }}

[resource.things]
path    = "/things"
key     = "id"
records = "body:/data"
page    = {page}
"#
    )
}

fn data(records: std::ops::Range<usize>) -> String {
    let records: Vec<String> = records.map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    format!(r#""data":[{}]"#, records.join(","))
}

async fn brings_seven(world: &World) {
    let report = world.sync("things").await;
    assert_outcome(&report, Outcome::Complete);
    assert_eq!(
        world.live("things").await,
        ["0", "1", "2", "3", "4", "5", "6"]
    );
}

#[tokio::test]
async fn a_token_in_the_body_leads_on() {
    let page = r#"{ kind = "cursor", param = "after", next = "body:/meta/next", more = "body:/meta/more", size = 3, size_param = "limit" }"#;
    on_each_database(&toml(page), async |world| {
        world.upstream.answers(|request| {
            assert_eq!(request.parameter("limit"), Some("3"));
            let start = match request.parameter("after") {
                None => 0,
                Some(token) => token
                    .trim_start_matches("t/")
                    .parse()
                    .expect("a token of ours"),
            };
            let end = (start + 3).min(7);
            let next = if end < 7 {
                format!(r#""t/{end}""#)
            } else {
                "null".to_owned()
            };
            Reply::json(format!(
                r#"{{{},"meta":{{"next":{next},"more":{}}}}}"#,
                data(start..end),
                end < 7
            ))
        });
        brings_seven(&world).await;
        assert_eq!(world.upstream.asked().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_token_in_a_header_and_more_that_leads_nowhere() {
    let page =
        r#"{ kind = "cursor", param = "after", next = "header:x-next", more = "body:/more" }"#;
    on_each_database(&toml(page), async |world| {
        world
            .upstream
            .answers(|request| match request.parameter("after") {
                None => {
                    Reply::json(format!(r#"{{{},"more":true}}"#, data(0..4))).with("x-next", "p2")
                }
                _ => Reply::json(format!(r#"{{{},"more":false}}"#, data(4..7))),
            });
        brings_seven(&world).await;
        world
            .upstream
            .answers(|_| Reply::json(format!(r#"{{{},"more":true}}"#, data(0..4))));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Partial);
        assert_eq!(
            report.error.as_deref(),
            Some("the way on is lost: it says that there is more, and not where")
        );
        assert_eq!(world.live("things").await.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn the_last_record_is_where_the_next_page_begins() {
    let page = r#"{ kind = "cursor", param = "starting_after", next = "last:/id", more = "body:/has_more" }"#;
    on_each_database(&toml(page), async |world| {
        world.upstream.answers(|request| {
            let start = request
                .parameter("starting_after")
                .map_or(0, |id| id.parse::<usize>().expect("an id") + 1);
            let end = (start + 3).min(7);
            Reply::json(format!(
                r#"{{{},"has_more":{}}}"#,
                data(start..end),
                end < 7
            ))
        });
        brings_seven(&world).await;
        assert_eq!(world.upstream.asked().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_url_in_the_body_leads_on_absolute_or_not() {
    let page = r#"{ kind = "url", next = "body:/next" }"#;
    on_each_database(&toml(page), async |world| {
        let base = world.upstream.url.clone();
        world
            .upstream
            .answers(move |request| match request.parameter("page") {
                None => Reply::json(format!(
                    r#"{{{},"next":"{base}/v1/things?page=2"}}"#,
                    data(0..3)
                )),
                Some("2") => Reply::json(format!(r#"{{{},"next":"?page=3"}}"#, data(3..6))),
                Some(_) => Reply::json(format!(r#"{{{},"next":null}}"#, data(6..7))),
            });
        brings_seven(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_way_that_leads_in_a_circle_is_suspect() {
    let page = r#"{ kind = "cursor", param = "after", next = "body:/next" }"#;
    on_each_database(&toml(page), async |world| {
        // Through four tokens for ever, each time with other records.
        let circle = |request: &Request| {
            let at = request.number_in("after");
            let next = if at == 4 { 1 } else { at + 1 };
            Reply::json(format!(
                r#"{{{},"next":{next}}}"#,
                data(request.number * 3..request.number * 3 + 3)
            ))
        };
        world.upstream.answers(circle);
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Suspect);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("leads back to one that came before")
        );
        assert!(world.upstream.asked().len() < 16);
    })
    .await;
}

/// What a process would go on with, and what is remembered of pages.
async fn stored(world: &World) -> String {
    let cursors = cursor::Entity::find().all(&world.db).await;
    let pages = page::Entity::find().all(&world.db).await;
    let (cursors, pages) = (
        cursors.expect("they are read"),
        pages.expect("they are read"),
    );
    assert!(!cursors.is_empty() && !pages.is_empty());
    format!("{cursors:?} {pages:?}")
}

/// Three pages, each with the way to the next, which repeats the key; the third one breaks while it is the first run.
fn echoing(world: &World, next: impl Fn(&str) -> String + Send + Sync + 'static) {
    let breaks = AtomicBool::new(true);
    world.upstream.answers(move |request| {
        assert_eq!(request.header("x-key"), Some("s3cret"));
        let (path, page) = (request.path.as_str(), request.number_in("page").max(1));
        assert_eq!(path, "/bots3cret/things");
        if page > 1 {
            assert_eq!(request.parameter("session"), Some("s3cret"));
        }
        if page == 3 && breaks.swap(false, Ordering::SeqCst) {
            return Reply::status(500, "broken");
        }
        let tag = format!("\"{page}\"");
        if request.header("if-none-match") == Some(&tag) {
            return Reply::status(304, "");
        }
        let records = data(page..page + 1);
        let next = match page {
            3 => "null".to_owned(),
            page => format!("\"{}\"", next(&format!("page={}&session=", page + 1))),
        };
        Reply::json(format!(r#"{{{records},"next":{next}}}"#)).with("etag", tag)
    });
}

#[tokio::test]
async fn a_secret_that_the_way_on_repeats_is_stored_nowhere() {
    let page = r#"{ kind = "url", next = "body:/next" }"#;
    let toml = toml(page)
        .replace("\"/things\"", "\"/bot${FAKE_KEY}/things\"")
        .replace(
            "[resource.things]",
            "auth = { kind = \"header\", name = \"x-key\", value = \"${FAKE_KEY}\" }\n[resource.things]",
        );
    for key in ["s3cret", "%733cret", "s3cr%65t"] {
        on_each_database(&toml, async |world| {
            echoing(&world, move |query| {
                format!("/bots3cret/things?{query}{key}")
            });
            assert_outcome(&world.sync("things").await, Outcome::Partial);
            assert_eq!(world.upstream.asked().len(), 3);
            let stored = stored(&world).await;
            assert!(
                !stored.contains(key) && !stored.contains("s3cret"),
                "{stored}"
            );
            assert!(stored.contains("/bot‹secret"), "{stored}");
            let source = &world.catalog.sources[0];
            let plan = source.resource("things").expect("it is defined");
            let state = syncer::state::show(&world.ctx, source, plan).await;
            let state = state.expect("the database answers").expect("it is there");
            let at = state.unfinished.and_then(|place| place.at);
            let at = at.expect("it is unfinished");
            assert!(at.contains("page=3") && !at.contains("s3cret"), "{at}");
            // The next run goes on there, and the one after it finds the way among what it remembers.
            assert_outcome(&world.sync("things").await, Outcome::Complete);
            assert_eq!(world.upstream.asked().len(), 1);
            let report = world.sync("things").await;
            assert_outcome(&report, Outcome::Complete);
            assert_eq!((report.counts.requests, report.counts.bytes), (3, 0));
            assert_eq!(world.live("things").await, ["1", "2", "3"]);
        })
        .await;
    }
}

#[tokio::test]
async fn a_secret_in_a_token_is_stored_nowhere() {
    let page = r#"{ kind = "cursor", param = "after", next = "body:/next" }"#;
    let toml = toml(page).replace(
        "[resource.things]",
        "headers = { x-key = \"${FAKE_KEY}\" }\n[resource.things]",
    );
    on_each_database(&toml, async |world| {
        let breaks = AtomicBool::new(true);
        world
            .upstream
            .answers(move |request| match request.parameter("after") {
                None => Reply::json(format!(r#"{{{},"next":"‹s3cret›2"}}"#, data(0..1))),
                Some("‹s3cret›2") if breaks.swap(false, Ordering::SeqCst) => {
                    Reply::status(500, "broken")
                }
                Some("‹s3cret›2") => Reply::json(format!(r#"{{{},"next":null}}"#, data(1..2))),
                Some(other) => Reply::status(400, other),
            });
        assert_outcome(&world.sync("things").await, Outcome::Partial);
        let stored = stored(&world).await;
        assert!(!stored.contains("s3cret"), "{stored}");
        assert!(stored.contains("‹›‹secret 0.0››2"), "{stored}");
        world.upstream.asked();
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.upstream.asked().len(), 1);
        assert_eq!(world.live("things").await, ["0", "1"]);
    })
    .await;
}
