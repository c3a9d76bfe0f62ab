//! Cursors and URLs of next pages that repeat, loop, lead away or end too early.

use chrono::Duration;

use super::{
    drill::{Act, Drill, Theme, complete, partial, suspect},
    fact::{Fact::Count, What, live},
    script::{list, range, records},
    things::Things,
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Cursors",
        drills: [tokens(), urls()].into_iter().flatten().collect(),
    }
}

/// Pages by a token in the body, and a flag that there is more.
fn by_token() -> Drill {
    Drill {
        definition: Things {
            page: r#"{ kind = "cursor", param = "at", next = "body:/next", more = "body:/more" }"#,
            resource: "records = \"body:/data\"",
            ..Things::default()
        }
        .toml(),
        serve: tokened,
        ..Drill::default()
    }
}

fn tokened(all: &[String], request: &Request) -> Reply {
    let from = request.number_in("at").min(all.len());
    let to = (from + 2).min(all.len());
    match to < all.len() {
        true => page(&all[from..to], "true", &format!("\"{to}\"")),
        false => page(&all[from..to], "false", "null"),
    }
}

/// Pages behind the record whose size is asked with.
fn behind(all: &[String], request: &Request) -> Reply {
    let from = request
        .parameter("at")
        .map_or(0, |_| request.number_in("at") + 1);
    let to = (from + 2).min(all.len());
    page(
        &all[from.min(to)..to],
        if to < all.len() { "true" } else { "false" },
        "null",
    )
}

/// Pages with an `ETag` of where they are, and 304 to who knows it.
fn marked(all: &[String], request: &Request) -> Reply {
    let tag = format!("\"{}-{}\"", request.number_in("at"), all.len());
    match request.header("if-none-match") == Some(&tag) {
        true => Reply::status(304, "").with("etag", tag),
        false => tokened(all, request).with("etag", tag),
    }
}

fn page(records: &[String], more: &str, next: &str) -> Reply {
    let data = list(records);
    Reply::json(format!(r#"{{"data":{data},"more":{more},"next":{next}}}"#))
}

fn tokens() -> Vec<Drill> {
    let at = |request: &Request| request.number_in("at").min(4);
    vec![
        Drill {
            name: "a repeated cursor",
            upstream: "gives the cursor that it was asked with for the next page, and other records",
            acts: vec![
                suspect("the pages do not end", |request| {
                    let n = request.number.min(3) * 2;
                    page(&range(n, n + 2), "true", "\"2\"")
                })
                .that([Count(What::Requests, 2)]),
            ],
            after: records(6),
            ..by_token()
        },
        Drill {
            name: "cursors in a circle",
            upstream: "gives the cursors 2, 4, 2, 4, …",
            acts: vec![suspect("the pages do not end", move |request| {
                let next = if at(request) == 2 { "\"4\"" } else { "\"2\"" };
                page(&range(at(request), at(request) + 2), "true", next)
            })],
            after: records(6),
            ..by_token()
        },
        Drill {
            name: "cursors in a wide circle",
            upstream: "goes through seven cursors for ever, each time with other records",
            acts: vec![suspect("leads back to one that came before", |request| {
                let next = format!("\"t{}\"", request.number % 7);
                let n = request.number * 2;
                page(&range(n, n + 2), "true", &next)
            })],
            // What came before the circle was found is written, and gone again.
            definition: by_token().definition.replace("50%", "100%"),
            ..by_token()
        },
        Drill {
            name: "new cursors and no records, without end",
            upstream: "gives empty pages, each with a cursor of its own",
            acts: vec![suspect("100 in a row held no record", |request| {
                page(&[], "true", &format!("\"{}\"", request.number + 1))
            })],
            ..by_token()
        },
        Drill {
            name: "more, and no cursor",
            upstream: "says that there is more, and gives `null` for the cursor",
            acts: vec![partial("more", |_| page(&records(5), "true", "null")).that([live(6)])],
            ..by_token()
        },
        Drill {
            name: "a page that says nothing of more",
            upstream: "gives a second page with neither cursor nor the flag that there is more, which its first one has",
            acts: vec![
                partial(
                    "a page does not say whether there is more, and one before it said so",
                    |request| match request.number_in("at") {
                        2 => Reply::json(r#"{"data":[]}"#),
                        _ => tokened(&records(6), request),
                    },
                )
                .that([live(6)]),
            ],
            ..by_token()
        },
        Drill {
            name: "a page of nothing after the last record's key",
            upstream: "leads on by the last record's key, and gives a second page without records and without the flag that there is more",
            definition: Things {
                page: r#"{ kind = "cursor", param = "at", next = "last:/size", more = "body:/more" }"#,
                resource: "records = \"body:/data\"\nmode = \"upsert\"",
                ..Things::default()
            }
            .toml(),
            serve: behind,
            acts: vec![
                partial("a page does not say whether there is more", |request| {
                    match request.number_in("at") {
                        1 => Reply::json(r#"{"data":[]}"#),
                        _ => behind(&records(6), request),
                    }
                })
                .that([live(6), Count(What::Fetched, 2)]),
            ],
            after: records(6),
            ..Drill::default()
        },
        Drill {
            name: "a flag that there is more, on pages that are as they were",
            upstream: "answers 304 to each page but the second, which says nothing of more",
            serve: marked,
            acts: vec![
                partial("a page does not say whether there is more", |request| {
                    match request.number_in("at") {
                        2 => Reply::json(r#"{"data":[]}"#),
                        _ => marked(&records(6), request),
                    }
                })
                .that([live(6)]),
            ],
            ..by_token()
        },
        Drill {
            name: "a cursor, and no more",
            upstream: "gives a cursor with its last page, and says that there is no more",
            acts: vec![
                complete(|_| page(&records(5), "false", "\"9\""))
                    .that([live(5), Count(What::Requests, 1)]),
            ],
            ..by_token()
        },
        Drill {
            name: "a cursor that is no text",
            upstream: "gives an object for the cursor, and takes it back as it wrote it",
            acts: vec![
                complete(|request| match request.parameter("at") {
                    None => page(&records(3), "true", "{\"id\": 7}"),
                    Some("{\"id\": 7}") => page(&range(3, 5), "false", "null"),
                    _ => Reply::status(400, "another cursor"),
                })
                .that([live(5)]),
            ],
            ..by_token()
        },
        Drill {
            name: "a cursor that has expired",
            upstream: "refuses its cursor after a while with 400, and gives new ones from the first page on",
            acts: vec![
                partial("status 400", move |request| match at(request) {
                    0 => page(&records(2), "true", "\"2\""),
                    _ => Reply::status(400, "expired"),
                }),
                complete(move |request| match request.parameter("at") {
                    None => page(&records(2), "true", "\"3\""),
                    Some("3") => page(&range(2, 6), "false", "null"),
                    _ => Reply::status(400, "expired"),
                })
                .that([live(6)]),
            ],
            after: records(6),
            ..by_token()
        },
    ]
}

fn urls() -> Vec<Drill> {
    let by_url = || Drill {
        definition: Things {
            page: r#"{ kind = "url", next = "body:/next" }"#,
            resource: "records = \"body:/data\"",
            ..Things::default()
        }
        .toml(),
        serve: |all, request| {
            let from = request.number_in("at").min(all.len());
            let to = (from + 2).min(all.len());
            let next = match to < all.len() {
                true => format!("\"/things?at={to}\""),
                false => "null".to_owned(),
            };
            page(&all[from..to], "false", &next)
        },
        ..Drill::default()
    };
    vec![
        Drill {
            name: "a URL of its own page",
            upstream: "gives its own URL for the next page",
            acts: vec![suspect("the pages do not end", |_| {
                page(&records(2), "false", "\"/things\"")
            })],
            ..by_url()
        },
        Drill {
            name: "a URL that leads away",
            upstream: "gives a URL of another host for the next page",
            acts: vec![
                partial("leads away from", |_| {
                    page(&records(2), "false", "\"http://127.0.0.2:9/things\"")
                })
                .that([live(6), Count(What::Requests, 1)]),
            ],
            ..by_url()
        },
        Drill {
            name: "a URL that never answers again",
            upstream: "answers its second page with 500 from then on, whenever it is asked for, and leads elsewhere from the first one",
            acts: [(); 3]
                .map(|()| Act {
                    later: Duration::minutes(5),
                    ..partial("status 500", |request| match request.parameter("at") {
                        None => page(&records(2), "false", "\"/things?at=2\""),
                        _ => Reply::status(500, ""),
                    })
                })
                .into_iter()
                .chain([Act {
                    later: Duration::minutes(5),
                    ..complete(|request| match request.parameter("at") {
                        None => page(&records(2), "false", "\"/things?at=3\""),
                        Some("3") => page(&range(2, 6), "false", "null"),
                        _ => Reply::status(500, ""),
                    })
                    .that([live(6)])
                }])
                .collect(),
            after: records(6),
            ..by_url()
        },
    ]
}
