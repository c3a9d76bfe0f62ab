//! The state of everything as server-sent events.

use api::Settings;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use testdb::Kind;

use super::{operator::Operator, syncer::Syncer};
use crate::{
    cats::breeds,
    world::{World, settings},
};

/// A stream, read event by event.
struct Stream {
    response: Response,
    rest: String,
}

impl Stream {
    async fn open(operator: &Operator<'_>) -> Self {
        let response = operator.open(Method::GET, "/events", None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            response,
            rest: String::new(),
        }
    }

    /// The next event or comment; `None`: the stream ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let event = event.to_owned();
                self.rest = rest.to_owned();
                return Some(event);
            }
            let piece = self.response.chunk().await.expect("the stream goes on")?;
            let piece = std::str::from_utf8(&piece).expect("whole texts");
            self.rest.push_str(piece);
        }
    }

    /// The name and the data of the next event.
    async fn event(&mut self) -> (String, Value) {
        let event = self.next().await.expect("an event");
        let (name, data) = event.split_once('\n').expect("two lines");
        let name = name.strip_prefix("event: ").expect("a name");
        let data = data.strip_prefix("data: ").expect("data");
        (name.to_owned(), serde_json::from_str(data).expect("JSON"))
    }
}

#[tokio::test]
async fn all_is_told_first_and_then_what_changes() {
    World::each(async |world| {
        let id = world.mirrored(&breeds(), &[]).await;
        let (operator, syncer) = (Operator::of(&world).await, Syncer(&world));
        let mut streams = [Stream::open(&operator).await, Stream::open(&operator).await];
        for stream in &mut streams {
            let (name, syncers) = stream.event().await;
            assert_eq!(
                (name.as_str(), syncers),
                ("syncers", Value::Array(Vec::new()))
            );
            let (name, breeds) = stream.event().await;
            assert_eq!(
                (name.as_str(), &breeds["state"]),
                ("resource", &"unattended".into())
            );
        }
        // Nothing is told while nothing changes.
        world.refresh().await;
        syncer.is_there().await;
        world.refresh().await;
        let run = syncer.runs(id).await;
        world.refresh().await;
        for stream in &mut streams {
            let (name, syncers) = stream.event().await;
            assert_eq!(
                (name.as_str(), &syncers[0]["name"]),
                ("syncers", &"host-1".into())
            );
            let (_, first) = stream.event().await;
            let told = match first["state"] == "idle" {
                true => stream.event().await.1,
                false => first,
            };
            assert_eq!(
                (&told["state"], &told["running"]["run"]),
                (&"running".into(), &run.into())
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_there_and_ends_with_the_server() {
    let settings = Settings {
        heartbeat: std::time::Duration::from_millis(5),
        followers: 1,
        ..settings()
    };
    let mut world = World::with_schema(Kind::Sqlite, settings).await;
    world.mirrored(&breeds(), &[]).await;
    let mut stream = {
        let operator = Operator::of(&world).await;
        let stream = Stream::open(&operator).await;
        let refused = operator.open(Method::GET, "/events", None).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        stream
    };
    assert_eq!(
        (stream.event().await.0, stream.event().await.0),
        ("syncers".to_owned(), "resource".to_owned())
    );
    assert_eq!(stream.next().await.as_deref(), Some(":"));
    world.stop();
    while let Some(piece) = stream.next().await {
        assert_eq!(piece, ":");
    }
}
