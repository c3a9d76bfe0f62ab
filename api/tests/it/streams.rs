//! Changes as server-sent events: told as they come, resumed by the last one's id, bounded in number.

use std::time::Duration;

use api::Settings;
use entity::record::Row;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, HeaderName},
};
use testdb::Kind;

use crate::{
    cats::{breed, breeds, row, text},
    changes::{renamed, status},
    world::{World, settings},
    writer::{Op, Writer},
};

const CHANGES: &str = "/api/v1/cats/breeds/-/changes";
const EVENTS: (HeaderName, &str) = (ACCEPT, "text/event-stream");

fn two() -> [Row; 2] {
    ["a", "b"].map(|id| breed(id, &[]))
}

/// A stream, read event by event.
struct Stream {
    response: Response,
    rest: String,
}

impl Stream {
    async fn open(world: &World, query: &str, last_id: Option<&str>) -> Self {
        let mut headers = vec![EVENTS, (ACCEPT_ENCODING, "gzip")];
        headers.extend(last_id.map(|id| (HeaderName::from_static("last-event-id"), id)));
        let path = format!("{CHANGES}{query}");
        let response = world.open(Method::GET, &path, &headers).await;
        assert_eq!(response.status(), StatusCode::OK);
        Self {
            response,
            rest: String::new(),
        }
    }

    /// The next event or comment, without the blank line behind it; `None`: the stream ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let event = event.to_owned();
                self.rest = rest.to_owned();
                return Some(event);
            }
            let piece = self.response.chunk().await.expect("the stream goes on")?;
            self.rest
                .push_str(std::str::from_utf8(&piece).expect("whole texts"));
        }
    }

    /// Kind and id of the next events.
    async fn told(&mut self, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        while told.len() < count {
            let event = self.next().await.expect("another event");
            let mut lines = event.lines();
            let mut field = |name: &str| {
                let line = lines.next().expect("a line");
                line.strip_prefix(name).expect("a field").to_owned()
            };
            let shown = format!("{} {}", field("event: "), field("id: "));
            assert!(field("data: ").starts_with('{'));
            told.push(shown);
        }
        told
    }
}

#[tokio::test]
async fn a_stream_tells_what_was_what_is_and_what_comes() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, breeds(), &two()).await;
        let mut stream = Stream::open(&world, "?since=0", None).await;
        let head = stream.response.headers().clone();
        assert_eq!(head["content-type"], "text/event-stream");
        assert_eq!(head["cache-control"], "no-store");
        assert_eq!(head["x-accel-buffering"], "no");
        assert!(!head.contains_key("content-encoding"), "{head:?}");
        let first = stream.next().await.expect("an event");
        let expected = "event: insert\nid: 1.1\ndata: {\"seq\":\"1.1\",\"version\":1,\"op\":\"insert\",\"key\":\"a\",\
                        \"at\":\"2027-01-15T08:00:00Z\",\"data\":{\"id\":\"a\"}}";
        assert_eq!(first, expected);
        assert_eq!(stream.told(2).await, ["insert 1.2", "version 1"]);
        writer.commit(vec![Op::Put(renamed("a", "x")), Op::Delete("b")]).await;
        assert_eq!(stream.told(3).await, ["update 2.1", "delete 2.2", "version 2"]);
        writer.commit(vec![Op::Put(breed("c", &[]))]).await;
        assert_eq!(stream.told(2).await, ["insert 3.3", "version 3"]);
    })
    .await;
}

#[tokio::test]
async fn a_stream_goes_on_behind_the_last_id() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, breeds(), &two()).await;
        writer.commit(vec![Op::Put(renamed("a", "x"))]).await;
        let check = async |query: &str, last_id: Option<&str>, expected: &[&str]| {
            let mut stream = Stream::open(&world, query, last_id).await;
            assert_eq!(
                stream.told(expected.len()).await,
                expected,
                "{query} {last_id:?}"
            );
        };
        // Without a place it begins now, and says where that is.
        check("", None, &["version 2"]).await;
        check("?since=0", Some("1.2"), &["update 2.1", "version 2"]).await;
        check("?since=0", Some("2"), &["version 2"]).await;
        check("", Some("1"), &["update 2.1", "version 2"]).await;
        let ahead = [EVENTS, (HeaderName::from_static("last-event-id"), "7")];
        let ahead = world.get_with(CHANGES, &ahead).await;
        assert_eq!(ahead.status, StatusCode::GONE);
        assert_eq!(ahead.header("content-type"), "application/problem+json");
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_where_changes_go_without_a_trace() {
    World::each(async |world| {
        let mut writer = Writer::begin(&world, breeds(), &two()).await;
        let mut stream = Stream::open(&world, "", None).await;
        assert_eq!(stream.told(1).await, ["version 1"]);
        writer.commit(vec![Op::Remove("a")]).await;
        assert_eq!(stream.next().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_record_with_line_breaks_is_one_line_of_data() {
    World::each(async |world| {
        let rows = [row(
            &breeds(),
            "odd",
            "{\n\"id\":\r\n\"odd\" }",
            &[("id", text("odd"))],
        )];
        Writer::begin(&world, breeds(), &rows).await;
        let mut stream = Stream::open(&world, "?since=0", None).await;
        let event = stream.next().await.expect("an event");
        assert!(event.ends_with(r#""data":{ "id":  "odd" }}"#), "{event}");
        assert_eq!(event.lines().count(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_large_change_comes_in_pieces() {
    World::each(async |world| {
        let name = "x".repeat(10_000);
        let rows: Vec<Row> = (0..30)
            .map(|at| renamed(&format!("b{at:02}"), &name))
            .collect();
        Writer::begin(&world, breeds(), &rows).await;
        let mut stream = Stream::open(&world, "?since=0", None).await;
        let mut expected: Vec<String> = (1..=30).map(|rowno| format!("insert 1.{rowno}")).collect();
        expected.push("version 1".to_owned());
        assert_eq!(stream.told(31).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_stream_with_nothing_to_tell_says_that_it_is_there() {
    let settings = Settings {
        heartbeat: Duration::from_millis(10),
        query_timeout: Duration::from_millis(30),
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    let mut writer = Writer::begin(&world, breeds(), &two()).await;
    let mut stream = Stream::open(&world, "", None).await;
    assert_eq!(stream.told(1).await, ["version 1"]);
    for _beat in 0..10 {
        assert_eq!(stream.next().await.as_deref(), Some(":"));
    }
    writer.commit(vec![Op::Put(breed("c", &[]))]).await;
    let mut event = String::from(":");
    while event == ":" {
        event = stream.next().await.expect("the stream goes on");
    }
    assert!(event.starts_with("event: insert\nid: 2.3\n"), "{event}");
}

#[tokio::test]
async fn streams_end_with_the_server() {
    let mut world = World::with_schema(Kind::Sqlite, settings()).await;
    Writer::begin(&world, breeds(), &two()).await;
    let mut stream = Stream::open(&world, "", None).await;
    assert_eq!(stream.told(1).await, ["version 1"]);
    world.stop();
    assert_eq!(stream.next().await, None);
    world.stopped().await.expect("it ends well");
}

#[tokio::test]
async fn no_more_wait_than_there_are_places_for() {
    let settings = Settings {
        followers: 1,
        ..settings()
    };
    let world = World::with_schema(Kind::Sqlite, settings).await;
    Writer::begin(&world, breeds(), &two()).await;
    let mut stream = Stream::open(&world, "", None).await;
    assert_eq!(stream.told(1).await, ["version 1"]);
    let metrics = world.get("/metrics").await.body;
    assert!(metrics.contains("\ncatchment_followers 1\n"), "{metrics}");
    for answer in [
        world.get_with(CHANGES, &[EVENTS]).await,
        world.get(&format!("{CHANGES}?wait=1")).await,
    ] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.json()["code"], "OVERLOADED");
        assert_eq!(answer.header("retry-after"), "1");
    }
    let at_once = world.get(&format!("{CHANGES}?since=0")).await;
    assert_eq!(at_once.status, StatusCode::OK);
}

#[tokio::test]
async fn followers_at_the_same_place_share_one_reading() {
    // Only these servers count the queries of a session; there is one connection, so it is the session of all.
    let servers = testdb::kinds()
        .into_iter()
        .filter(|kind| *kind != Kind::Sqlite);
    for kind in servers {
        let world = World::with_connections(kind, settings(), 1).await;
        let mut writer = Writer::begin(&world, breeds(), &two()).await;
        let mut streams = Vec::new();
        for _follower in 0..40 {
            let mut stream = Stream::open(&world, "", None).await;
            assert_eq!(stream.told(1).await, ["version 1"]);
            streams.push(stream);
        }
        let before = status(&world, "Com_select").await;
        writer.commit(vec![Op::Put(renamed("a", "x"))]).await;
        for stream in &mut streams {
            assert_eq!(stream.told(2).await, ["update 2.1", "version 2"]);
        }
        let asked = status(&world, "Com_select").await - before;
        assert!(asked < 10, "{asked} queries on {kind:?}");
    }
}
