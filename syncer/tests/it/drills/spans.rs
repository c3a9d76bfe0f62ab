//! Incremental runs that read window by window, and those that are told of deletions.

use chrono::Duration;
use syncer::How;

use super::{
    drill::{Act, Drill, Theme, complete, partial},
    fact::{
        Fact::{Count, Payload},
        What, column, only,
    },
    script::list,
    things::Things,
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Windows and tombstones",
        drills: [windows(), tombstones()].into_iter().flatten().collect(),
    }
}

const WINDOWS: &str = r#"
mode   = "upsert"
query  = { since = "{cursor}", until = "{cursor.until}" }
cursor = { field = "/at", type = "timestamp", start = "2026-11-01T00:00:00Z", window = "8d" }
"#;
const FLAGGED: &str = r#"
mode   = "upsert"
query  = { since = "{cursor}" }
cursor = { field = "/at", type = "timestamp", start = "2026-11-01T00:00:00Z" }
"#;

fn by(resource: &'static str, deletes: &'static str) -> Drill {
    Drill {
        definition: Things {
            page: "{ kind = \"none\" }",
            resource,
            deletes,
            fields: "at = \"timestamp\"",
            ..Things::default()
        }
        .toml(),
        before: Vec::new(),
        after: Vec::new(),
        ..Drill::default()
    }
}

/// Three windows: from the 1st, the 9th, and the 17th on.
const THREE: [(&str, &str); 3] = [
    ("a", "2026-11-02T00:00:00Z"),
    ("b", "2026-11-09T00:00:00Z"),
    ("c", "2026-11-20T00:00:00Z"),
];

/// Those of `all`, keys with their times, from `since` to `until`, both included.
fn within(all: &[(&str, &str)], request: &Request) -> Reply {
    let since = request.parameter("since").unwrap_or("");
    let until = request.parameter("until").unwrap_or("9");
    let came = all.iter().filter(|(_, at)| *at >= since && *at <= until);
    let came: Vec<String> = came
        .map(|(key, at)| format!(r#"{{"id":"{key}","at":"{at}"}}"#))
        .collect();
    Reply::json(list(&came))
}

/// Whether the request is for the window that begins on that day of the month.
fn is_from(day: &str, request: &Request) -> bool {
    let since = request.parameter("since").unwrap_or("");
    since.starts_with(&format!("2026-11-{day}T"))
}

fn windows() -> Vec<Drill> {
    let fails = |day: &'static str| {
        move |request: &Request| match is_from(day, request) {
            true => Reply::status(500, "broken"),
            false => within(&THREE, request),
        }
    };
    let windowed = || by(WINDOWS, "{ max = \"50%\" }");
    vec![
        Drill {
            name: "a window that fails",
            upstream: "answers the third of three windows with 500; a week later the first two are not asked for again",
            acts: vec![
                partial("status 500: broken", fails("17"))
                    .that([only(&["a", "b"]), Count(What::Requests, 3)]),
                Act {
                    later: Duration::days(7),
                    ..complete(|request| match request.number {
                        0 if !is_from("17", request) => Reply::status(500, "another window"),
                        _ => within(&THREE, request),
                    })
                    .that([only(&["a", "b", "c"])])
                },
            ],
            ..windowed()
        },
        Drill {
            name: "the first window fails",
            upstream: "answers the first of three windows with 500: nothing behind it is taken for read",
            acts: vec![
                super::drill::failed("status 500: broken", fails("01"))
                    .that([only(&[]), Count(What::Requests, 1)]),
                complete(|request| within(&THREE, request))
                    .that([only(&["a", "b", "c"]), Count(What::Inserted, 3)]),
            ],
            ..windowed()
        },
        Drill {
            name: "records on a window's edge",
            upstream: "has records of the very instant in which a window ends and the next begins, and gives them in both",
            acts: vec![
                complete(|request| {
                    let edge = [("a", "2026-11-09T00:00:00Z"), ("b", "2026-11-09T00:00:00Z")];
                    within(&edge, request)
                })
                .that([
                    only(&["a", "b"]),
                    Count(What::Inserted, 2),
                    Count(What::Unchanged, 2),
                ]),
            ],
            ..windowed()
        },
        Drill {
            name: "windows without anything",
            upstream: "has nothing in any window, and then a record in the first: only a full run finds it",
            acts: vec![
                complete(|_| Reply::json("[]")).that([only(&[])]),
                Act {
                    how: How {
                        full: true,
                        ..How::default()
                    },
                    ..complete(|request| within(&THREE, request)).that([only(&["a", "b", "c"])])
                },
            ],
            ..windowed()
        },
        Drill {
            name: "a window that is ignored",
            upstream: "gives all its records for each window",
            acts: vec![complete(|_| within(&THREE, &nothing())).that([
                only(&["a", "b", "c"]),
                Count(What::Inserted, 3),
                Count(What::Unchanged, 6),
            ])],
            ..windowed()
        },
    ]
}

/// A request for everything.
fn nothing() -> Request {
    Request {
        number: 0,
        method: String::new(),
        path: String::new(),
        query: std::collections::BTreeMap::new(),
        headers: std::collections::BTreeMap::new(),
        body: String::new(),
    }
}

fn tombstones() -> Vec<Drill> {
    let flagged = || by(FLAGGED, "{ max = \"50%\", flag = \"/gone\" }");
    let gives = |body: &'static str| move |_: &Request| Reply::json(body);
    let two = r#"[{"id":"a","at":"2026-11-02T00:00:00Z"},{"id":"b","at":"2026-11-02T00:00:00Z"}]"#;
    vec![
        Drill {
            name: "a tombstone",
            upstream: "marks a record as deleted, marks one that never was, and then has the first one again",
            acts: vec![
                complete(gives(two)).that([only(&["a", "b"])]),
                complete(gives(r#"[{"id":"a","gone":true},{"id":"x","gone":1}]"#)).that([
                    only(&["b"]),
                    Count(What::Deleted, 1),
                    column(
                        "the row is there, marked as deleted",
                        "SELECT payload FROM fake_things WHERE deleted_at IS NOT NULL",
                        &[Some(r#"{"id":"a","at":"2026-11-02T00:00:00Z"}"#)],
                    ),
                ]),
                complete(gives(r#"[{"id":"a","gone":true}]"#))
                    .that([only(&["b"]), Count(What::Deleted, 0)]),
                complete(gives(r#"[{"id":"a","at":"2026-11-03T00:00:00Z"}]"#)).that([
                    only(&["a", "b"]),
                    Payload("a", r#"{"id":"a","at":"2026-11-03T00:00:00Z"}"#.to_owned()),
                ]),
            ],
            ..flagged()
        },
        Drill {
            name: "marks that say no",
            upstream: "marks its records with `false`, `null`, `0` and an empty text, which say that they are there",
            acts: vec![
                complete(gives(
                    r#"[{"id":"a","gone":false},{"id":"b","gone":null},{"id":"c","gone":0},{"id":"d","gone":""}]"#,
                ))
                .that([only(&["a", "b", "c", "d"]), Count(What::Deleted, 0)]),
            ],
            ..flagged()
        },
        Drill {
            name: "a tombstone without a key",
            upstream: "marks a record as deleted and does not say which",
            acts: vec![
                complete(gives(two)).that([only(&["a", "b"])]),
                complete(gives(r#"[{"gone":true}]"#))
                    .that([only(&["a", "b"]), Count(What::Rejected, 1)]),
            ],
            ..flagged()
        },
        Drill {
            name: "a record and its tombstone on one page",
            upstream: "gives a record, and on the same page its tombstone: the first one counts, and the other is kept",
            acts: vec![
                complete(gives(
                    r#"[{"id":"a","at":"2026-11-02T00:00:00Z"},{"id":"a","gone":true}]"#,
                ))
                .that([only(&["a"]), Count(What::Rejected, 1)]),
            ],
            ..flagged()
        },
    ]
}
