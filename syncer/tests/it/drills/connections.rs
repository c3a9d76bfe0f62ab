//! Connections that stall, break off, or lead elsewhere.

use super::{
    drill::{Drill, Theme, complete, failed, partial},
    fact::{Fact::Asked, Fact::Count, What, live},
    script::{at_first, instead, records},
    things::{TWICE, Things},
};
use crate::upstream::{Reply, Then, paged};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

pub(super) fn theme() -> Theme {
    Theme {
        title: "Connections",
        drills: [breaks(), stalls(), passing(), redirects()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// The second page is `reply`: a partial run whose reason ends with `cause`.
fn second(name: &'static str, upstream: &'static str, cause: &'static str, reply: Reply) -> Drill {
    Drill {
        name,
        upstream,
        acts: vec![partial(cause, instead(1, reply)).that([live(6)])],
        ..Drill::default()
    }
}

fn truncated() -> Reply {
    Reply::Truncated {
        body: b"[{\"id\":\"k2\"".to_vec(),
        promised: 500,
    }
}

fn breaks() -> Vec<Drill> {
    vec![
        second(
            "a truncated body",
            "promises 500 bytes for the second page, sends 11 and closes",
            "end of file before message length reached",
            truncated(),
        ),
        second(
            "a truncated body in chunks",
            "closes before the last chunk of the second page",
            "unexpected EOF during chunk size line",
            Reply::raw(
                format!("{HEAD}transfer-encoding: chunked\r\n\r\nb\r\n[{{\"id\":\"k2\"\r\n"),
                Then::Closes,
            ),
        ),
        second(
            "a reset",
            "resets the connection in place of the second page",
            "Connection reset by peer",
            Reply::Reset,
        ),
        second(
            "a reset in the body",
            "resets the connection in the middle of the second page",
            "Connection reset by peer",
            Reply::raw(
                format!("{HEAD}content-length: 500\r\n\r\n[{{\"id\":\"k2\""),
                Then::Resets,
            ),
        ),
        second(
            "no answer at all",
            "closes the connection in place of the second page",
            "connection closed before message completed",
            Reply::raw("", Then::Closes),
        ),
        second(
            "what is not HTTP",
            "answers the second page in another protocol",
            "invalid HTTP version",
            Reply::raw("SSH-2.0-OpenSSH_9.2p1\r\n", Then::Closes),
        ),
        second(
            "a head that breaks off",
            "closes the connection in the middle of the second page's headers",
            "connection closed before message completed",
            Reply::raw("HTTP/1.1 200 OK\r\ncontent-ty", Then::Closes),
        ),
    ]
}

fn stalls() -> Vec<Drill> {
    let stalled = |name, upstream, bytes: String| Drill {
        definition: Things {
            source: "timeout = \"1s\"",
            ..Things::default()
        }
        .toml(),
        ..second(
            name,
            upstream,
            "it was not answered in full within 1s; `timeout` allows more",
            Reply::raw(bytes, Then::Stalls),
        )
    };
    vec![
        stalled(
            "a stalled answer",
            "takes the request for the second page, and says nothing, longer than `timeout`",
            String::new(),
        ),
        stalled(
            "a stalled body",
            "sends the beginning of the second page, and then nothing, longer than `timeout`",
            format!("{HEAD}content-length: 500\r\n\r\n[{{\"id\":\"k2\""),
        ),
    ]
}

/// A fault of the first answer that passes: the request is sent again, and the run is complete.
fn passing() -> Vec<Drill> {
    let passes = |name, upstream, fault: Reply| Drill {
        name,
        upstream,
        definition: Things {
            retry: TWICE,
            ..Things::default()
        }
        .toml(),
        acts: vec![complete(at_first(fault)).that([live(5), Count(What::Requests, 4)])],
        ..Drill::default()
    };
    vec![
        passes(
            "a reset that passes",
            "resets the first connection, and is well for the next",
            Reply::Reset,
        ),
        passes(
            "a truncated body that passes",
            "breaks the first answer off, and is well for the next",
            truncated(),
        ),
        passes(
            "a page that ends in the middle, and passes",
            "ends its first page in the middle of a record, counts its bytes rightly, and is well for the next request",
            Reply::json(r#"[{"id":"k0","name":"n0"},{"id":"#),
        ),
    ]
}

fn redirects() -> Vec<Drill> {
    let to = |url: &str| Reply::status(302, "").with("location", url);
    vec![
        Drill {
            name: "a redirect",
            upstream: "redirects the first page to another path of its own",
            acts: vec![
                complete(move |request| match request.path.as_str() {
                    "/things" if request.number == 0 => to("/moved?page=0&limit=2"),
                    _ => paged(&records(5), request),
                })
                .that([
                    live(5),
                    Asked(vec!["/things", "/moved", "/things", "/things"]),
                ]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "redirects in a circle",
            upstream: "redirects the first page to itself, for ever",
            acts: vec![failed("it redirects more than 5 times", move |_| {
                to("/things?page=0&limit=2")
            })],
            ..Drill::default()
        },
        Drill {
            name: "a redirect that leads nowhere",
            upstream: "redirects the second page to another host, where nobody answers",
            definition: Things {
                source: r#"auth = { kind = "bearer", token = "${FAKE_KEY}" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![
                partial(
                    "Connection refused",
                    instead(1, to("http://127.0.0.2:9/login")),
                )
                .that([Asked(vec!["/things", "/things"])]),
            ],
            ..Drill::default()
        },
    ]
}
