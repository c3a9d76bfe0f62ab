//! Storms of server errors, and refusals that no waiting helps.

use super::{
    drill::{Drill, Theme, complete, failed, partial},
    fact::{Fact::Count, What, live},
    script::{instead, records},
    things::{TWICE, Things},
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Refusals",
        drills: [storms(), refusals()].into_iter().flatten().collect(),
    }
}

fn storms() -> Vec<Drill> {
    vec![
        Drill {
            name: "500 for good",
            upstream: "answers everything with 500, however often it is asked",
            definition: Things {
                retry: TWICE,
                ..Things::default()
            }
            .toml(),
            acts: vec![
                failed("status 500: broken", |_| Reply::status(500, "broken"))
                    .that([live(6), Count(What::Requests, 2)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a storm of 500 and 503",
            upstream: "answers every other request with 500 or 503",
            definition: Things {
                retry: TWICE,
                ..Things::default()
            }
            .toml(),
            acts: vec![
                complete(|request| match request.number {
                    0 | 4 => Reply::status(500, ""),
                    2 => Reply::status(503, ""),
                    _ => paged(&records(5), request),
                })
                .that([live(5), Count(What::Requests, 6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "503 on the last page",
            upstream: "answers its last page with 503, and no body",
            acts: vec![
                partial("status 503: (no body)", instead(2, Reply::status(503, "")))
                    .that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a partial run, and a good one at once",
            upstream: "answers its last page with 500, and is well a second later",
            acts: vec![
                partial("status 500", instead(2, Reply::status(500, ""))),
                complete(|request: &Request| paged(&records(5), request))
                    .that([live(5), Count(What::Deleted, 1)]),
            ],
            ..Drill::default()
        },
    ]
}

fn refusals() -> Vec<Drill> {
    vec![
        Drill {
            name: "401 that repeats the key",
            upstream: "answers 401, and repeats the key that it was asked with",
            definition: Things {
                source: r#"auth = { kind = "header", name = "x-api-key", value = "${FAKE_KEY}" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![failed("no such key: ***", |_| {
                Reply::status(401, r#"{"error":"no such key: s3cret"}"#)
            })],
            ..Drill::default()
        },
        Drill {
            name: "an error in odd bytes",
            upstream: "answers 500 with NUL, half a character and half a megabyte of blanks",
            acts: vec![failed("b \u{fffd} c", |_| Reply::Answer {
                status: 500,
                headers: Vec::new(),
                body: [b"a\0b \xff c".to_vec(), vec![b' '; 1 << 19]].concat(),
            })],
            ..Drill::default()
        },
        Drill {
            name: "404 in the middle",
            upstream: "answers the second page with 404",
            acts: vec![
                partial("status 404: gone", instead(1, Reply::status(404, "gone"))).that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "204 in the middle",
            upstream: "answers the second page with 204, No Content",
            acts: vec![
                partial("cannot be read: EOF", instead(1, Reply::status(204, ""))).that([live(6)]),
            ],
            ..Drill::default()
        },
    ]
}
