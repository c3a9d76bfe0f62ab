//! Pages of which the upstream says that they are as they were, rightly or not.

use std::hash::{DefaultHasher, Hash, Hasher};

use syncer::How;

use super::{
    drill::{Act, Drill, Theme, complete, failed, partial, suspect},
    fact::{
        Fact::{Count, Payload},
        What, live,
    },
    script::records,
    things::{Things, UNTOLD},
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Pages that are said to be as they were",
        drills: [told(), lied()].into_iter().flatten().collect(),
    }
}

/// Pages with an `ETag` of what they hold, and 304 for who knows it.
fn by_tag() -> Drill {
    Drill {
        serve: tagged,
        ..Drill::default()
    }
}

fn tagged(records: &[String], request: &Request) -> Reply {
    let page = paged(records, request);
    let tag = match &page {
        Reply::Answer { body, .. } => tag(body),
        _ => String::new(),
    };
    match request.header("if-none-match") == Some(&tag) {
        true => unchanged(request).with("pagination-count", records.len()),
        false => page.with("etag", tag),
    }
}

fn tag(body: &[u8]) -> String {
    let mut hash = DefaultHasher::new();
    body.hash(&mut hash);
    format!("\"{:x}\"", hash.finish())
}

/// 304, with what it was asked with.
fn unchanged(request: &Request) -> Reply {
    let tag = request.header("if-none-match").unwrap_or("\"of nothing\"");
    Reply::status(304, "").with("etag", tag)
}

/// 304 to whatever is known, and the total of six.
fn all_as_they_were(request: &Request) -> Reply {
    match request.header("if-none-match") {
        Some(_) => unchanged(request).with("pagination-count", 6),
        None => Reply::status(500, "no `ETag`"),
    }
}

/// The same, with `--full`.
fn full(act: Act) -> Act {
    Act {
        how: How {
            full: true,
            ..How::default()
        },
        ..act
    }
}

fn told() -> Vec<Drill> {
    vec![
        Drill {
            name: "304 for everything",
            upstream: "answers 304 to each page that it is asked for with the `ETag` of last time, and states 6 beside it",
            acts: vec![complete(all_as_they_were).that([
                live(6),
                Count(What::Requests, 3),
                Count(What::Fetched, 6),
                Count(What::Unchanged, 6),
            ])],
            ..by_tag()
        },
        Drill {
            name: "304 without a total",
            upstream: "answers 304 to each page, and does not state the total anew: the page behind the last one is asked for",
            acts: vec![
                complete(|request| match request.header("if-none-match") {
                    Some(_) => unchanged(request),
                    None => Reply::json("[]"),
                })
                .that([
                    live(6),
                    Count(What::Requests, 4),
                    Count(What::Unchanged, 6),
                ]),
            ],
            ..by_tag()
        },
        Drill {
            name: "304 beside a page that is another",
            upstream: "answers 304 to its first two pages, and has one record less on its third",
            acts: vec![
                complete(|request| tagged(&records(5), request))
                    .that([live(5), Count(What::Deleted, 1)]),
            ],
            definition: untold(),
            serve: tagged,
            ..Drill::default()
        },
        Drill {
            name: "a mass deletion beside 304",
            upstream: "answers 304 to its first page, and has nothing on the others, where it had four records",
            acts: vec![
                suspect(
                    "it would delete 4 of 6 rows where deletes.max is 50 %",
                    |request| tagged(&records(2), request),
                )
                .that([live(6), Count(What::Deleted, 0)]),
            ],
            definition: untold(),
            ..by_tag()
        },
        Drill {
            name: "304 and a total that fell",
            upstream: "answers 304 to its first page and states 6 beside it, and 5 with the others; the next run asks without `ETag`",
            acts: vec![
                partial("the stated total fell by 1", |request| {
                    match request.number_in("page") {
                        0 => all_as_they_were(request),
                        _ => tagged(&records(5), request),
                    }
                })
                .that([live(6)]),
                complete(|request| match request.header("if-none-match") {
                    Some(_) => Reply::status(500, "an `ETag`"),
                    None => tagged(&records(5), request),
                })
                .that([live(5), Count(What::Deleted, 1)]),
            ],
            ..by_tag()
        },
        Drill {
            name: "304 until it breaks off",
            upstream: "answers 304 to its first page, 500 to its second, and is as it was an hour later",
            acts: vec![
                partial("status 500", |request| match request.number_in("page") {
                    1 => Reply::status(500, ""),
                    _ => tagged(&records(6), request),
                })
                .that([live(6)]),
                Act {
                    later: chrono::Duration::hours(1),
                    ..complete(all_as_they_were).that([live(6), Count(What::Unchanged, 6)])
                },
            ],
            ..by_tag()
        },
    ]
}

/// Without a total, which a 304 does not state anew.
fn untold() -> String {
    Things {
        page: UNTOLD,
        ..Things::default()
    }
    .toml()
}

fn lied() -> Vec<Drill> {
    let other = r#"{"id":"k1","name":"another","size":1}"#;
    let changed = move || {
        let mut all = records(6);
        other.clone_into(&mut all[1]);
        all
    };
    vec![
        Drill {
            name: "an ETag that lies",
            upstream: "answers 304 to each page, though a record of its first one is another; `--full` asks without `ETag`",
            acts: vec![
                complete(all_as_they_were).that([live(6), Payload("k1", records(2).remove(1))]),
                full(complete(move |request| tagged(&changed(), request))).that([
                    live(6),
                    Count(What::Updated, 1),
                    Payload("k1", other.to_owned()),
                ]),
            ],
            ..by_tag()
        },
        Drill {
            name: "304 to who knows nothing",
            upstream: "answers 304 to a request without `ETag`, as a broken cache does",
            acts: vec![failed("status 304", unchanged).that([live(6)])],
            ..Drill::default()
        },
        Drill {
            name: "one ETag for all pages",
            upstream: "gives each page the same `ETag`, and answers 304 to it only where the page is as it was",
            serve: |records, request| paged(records, request).with("etag", "\"all\""),
            acts: vec![
                complete(|request| paged(&records(5), request).with("etag", "\"all\""))
                    .that([live(5), Count(What::Deleted, 1)]),
            ],
            ..Drill::default()
        },
    ]
}
