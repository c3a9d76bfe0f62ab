//! Searches: requests that are a POST, with their page in the body.

use super::{
    drill::{Act, Drill, Theme, complete, deferred, failed, partial},
    fact::{
        Fact::{Asked, Count},
        What, live,
    },
    script::{list, records},
    things::{ONCE, TWICE, Things},
    tokens::away,
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Searches",
        drills: [searches(), refusals()].into_iter().flatten().collect(),
    }
}

/// A search whose page is in the body of a POST.
fn search() -> Drill {
    Drill {
        definition: Things {
            page: r#"{ kind = "cursor", in = "body", param = "/at/after", next = "body:/next", more = "body:/more" }"#,
            resource: "method  = \"POST\"\nbody    = { find = \"things\" }\nrecords = \"body:/data\"",
            ..Things::default()
        }
        .toml(),
        serve: found,
        ..Drill::default()
    }
}

/// Where a search goes on, from its body; `None`: at the start.
fn after(request: &Request) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
    body.pointer("/at/after")
        .and_then(|after| after.as_str())
        .map(str::to_owned)
}

fn found(all: &[String], request: &Request) -> Reply {
    let from = after(request).and_then(|after| after.parse().ok());
    let from = from.unwrap_or(0).min(all.len());
    let to = (from + 2).min(all.len());
    let (data, more) = (list(&all[from..to]), to < all.len());
    Reply::json(format!(r#"{{"data":{data},"more":{more},"next":"{to}"}}"#))
}

fn searches() -> Vec<Drill> {
    vec![
        Drill {
            name: "a search that forgets its place",
            upstream: "ignores the token in the body of a POST, and gives its first page again",
            acts: vec![suspect_of_circle(|request| {
                let first = Request {
                    body: String::new(),
                    ..request.clone()
                };
                found(&records(6), &first)
            })],
            ..search()
        },
        Drill {
            name: "a search whose token has expired",
            upstream: "fails on the second page of a search, and then refuses its token with 400",
            acts: vec![
                partial("status 500", |request| match after(request) {
                    None => found(&records(6), request),
                    Some(_) => Reply::status(500, ""),
                }),
                complete(|request| match after(request).as_deref() {
                    Some("2") if request.number == 0 => Reply::status(400, "expired"),
                    _ => found(&records(5), request),
                })
                .that([live(5), Count(What::Deleted, 1)]),
            ],
            ..search()
        },
        Drill {
            name: "304 to a search",
            upstream: "answers a POST with 304, which is no answer to one",
            acts: vec![
                failed("status 304", |_| {
                    Reply::status(304, "").with("etag", "\"a\"")
                })
                .that([live(6)]),
            ],
            ..search()
        },
        Drill {
            name: "a search that is sent to another origin",
            upstream: "redirects a POST to another origin, which must not see its body",
            acts: vec![
                failed("it redirects a POST to", move |request| {
                    away(request, "/search")
                })
                .that([live(6), Asked(vec!["/things"])]),
            ],
            ..search()
        },
    ]
}

fn suspect_of_circle(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Act {
    super::drill::suspect("the pages do not end", script).that([live(6), Count(What::Requests, 2)])
}

/// Waits that are asked of a POST, which is sent again as it was.
fn refusals() -> Vec<Drill> {
    const LATER: &str = "the upstream asks to wait until 2026-11-21 09:00:02 UTC";
    let refused = |name, upstream, reply: Reply| Drill {
        name,
        upstream,
        acts: vec![
            deferred(LATER, move |_| reply.clone()).that([live(6), Count(What::Requests, 1)]),
        ],
        ..search()
    };
    let too_many = || Reply::status(429, r#"{"code":"rate_limited"}"#);
    vec![
        refused(
            "429 to a POST with seconds",
            "answers a search with 429 and `Retry-After: 3600`",
            too_many().with("retry-after", "3600"),
        ),
        refused(
            "429 to a POST with an HTTP date",
            "answers a search with 429 and `Retry-After: Sat, 21 Nov 2026 09:00:02 GMT`",
            too_many().with("retry-after", "Sat, 21 Nov 2026 09:00:02 GMT"),
        ),
        refused(
            "503 to a POST with RFC 3339",
            "answers a search with 503 and `Retry-After: 2026-11-21T09:00:02Z`",
            Reply::status(503, "").with("retry-after", "2026-11-21T09:00:02Z"),
        ),
        Drill {
            name: "429 to a POST with a wait in its body",
            upstream: "answers a search with 429 and `{\"wait\":3600}`, which `limits.retry_after` names",
            definition: search().definition.replace(
                "schedule =",
                "limits   = { retry_after = \"body:/wait\" }\nschedule =",
            ),
            ..refused("", "", Reply::status(429, r#"{"wait":3600}"#))
        },
        Drill {
            name: "a POST that is refused once",
            upstream: "answers the second page of a search with 503 once, and then takes the same body again",
            definition: search().definition.replace(ONCE, TWICE),
            acts: vec![
                complete(
                    |request| match (request.number, after(request).as_deref()) {
                        (1, Some("2")) => Reply::status(503, ""),
                        (2, place) if place != Some("2") => Reply::status(500, "another body"),
                        _ => found(&records(5), request),
                    },
                )
                .that([live(5), Count(What::Requests, 4)]),
            ],
            ..search()
        },
    ]
}
