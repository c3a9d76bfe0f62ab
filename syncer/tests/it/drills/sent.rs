//! Requests that are more than a GET: searches, tokens that are given out, and where they are sent on to.

use super::{
    drill::{Act, Drill, Theme, complete, deferred, failed, partial},
    fact::{
        Fact::{Asked, Count},
        What, live,
    },
    script::{list, records},
    things::{TWICE, Things},
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Searches, tokens and redirects",
        drills: [searches(), refusals(), tokens(), elsewhere()]
            .into_iter()
            .flatten()
            .collect(),
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
            definition: search().definition.replace(super::things::ONCE, TWICE),
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

fn tokens() -> Vec<Drill> {
    let by_login = || {
        Drill {
        definition: Things {
            source: r#"auth = { kind = "login", path = "/login", body = { password = "${FAKE_KEY}" }, token = "body:/token" }"#,
            ..Things::default()
        }
        .toml(),
        serve: |records, request| with_token("s3cret-1", records, request),
        ..Drill::default()
    }
    };
    vec![
        Drill {
            name: "401 that a new token heals",
            upstream: "takes back its token after the first page, and gives another one to who asks",
            acts: vec![
                complete(|request| match request.number {
                    0 => paged(&records(5), request),
                    _ => with_token("s3cret-2", &records(5), request),
                })
                .that([
                    live(5),
                    Asked(vec!["/things", "/things", "/login", "/things", "/things"]),
                    Count(What::Requests, 4),
                ]),
            ],
            ..by_login()
        },
        Drill {
            name: "401 that no new token heals",
            upstream: "refuses each token that it gives, and repeats it",
            acts: vec![
                failed("status 401", |request| {
                    let said = request.header("authorization").unwrap_or_default();
                    match request.path.as_str() {
                        "/login" => Reply::json(r#"{"token":"s3cret-3"}"#),
                        _ => Reply::status(401, format!("not {said}")),
                    }
                })
                .that([live(6), Asked(vec!["/things", "/login", "/things"])]),
            ],
            ..by_login()
        },
        Drill {
            name: "a login that fails",
            upstream: "takes back its token, and answers its login with 403 and the password",
            acts: vec![
                failed("status 403", |request| match request.path.as_str() {
                    "/login" => Reply::status(403, format!("no: {}", request.body)),
                    _ => Reply::status(401, ""),
                })
                .that([live(6)]),
            ],
            ..by_login()
        },
        Drill {
            name: "a login without a token",
            upstream: "takes back its token, and answers its login with an HTML page and status 200",
            acts: vec![
                failed("no token could be had", |request| {
                    match request.path.as_str() {
                        "/login" => Reply::html(200, "<html>"),
                        _ => Reply::status(401, ""),
                    }
                })
                .that([live(6)]),
            ],
            ..by_login()
        },
    ]
}

/// Gives out `token`, and takes no other.
fn with_token(token: &str, records: &[String], request: &Request) -> Reply {
    let bearer = format!("Bearer {token}");
    match request.path.as_str() {
        "/login" => Reply::json(format!(r#"{{"token":"{token}"}}"#)),
        _ if request.header("authorization") != Some(&bearer) => Reply::status(401, "who is it?"),
        _ => paged(records, request),
    }
}

/// The upstream under its other name: another origin.
fn elsewhere() -> Vec<Drill> {
    let away = |request: &Request, path: &str| {
        let port = request
            .header("host")
            .and_then(|host| host.rsplit(':').next());
        let url = format!("http://localhost:{}{path}", port.unwrap_or_default());
        Reply::status(307, "").with("location", url)
    };
    let is_away = |request: &Request| {
        request
            .header("host")
            .is_some_and(|host| host.starts_with("localhost"))
    };
    let secretive = Things {
        source: r#"auth = { kind = "header", name = "x-api-key", value = "${FAKE_KEY}" }"#,
        ..Things::default()
    };
    vec![
        Drill {
            name: "a redirect to another origin",
            upstream: "redirects each page to another origin, which has the records, and must not see the key",
            definition: secretive.toml(),
            acts: vec![
                complete(
                    move |request| match (is_away(request), request.header("x-api-key")) {
                        (false, Some("s3cret")) => {
                            let page = request.number_in("page");
                            away(request, &format!("/files?page={page}&limit=2"))
                        }
                        (true, None) => paged(&records(5), request),
                        _ => Reply::status(500, "a key in the wrong place"),
                    },
                )
                .that([live(5), Count(What::Requests, 6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a redirect to a login page",
            upstream: "redirects its second page to the login page of another origin, which is HTML with status 200",
            definition: secretive.toml(),
            acts: vec![
                partial("content type `text/html`", move |request| {
                    match (is_away(request), request.number_in("page")) {
                        (true, _) => Reply::html(200, "<html>sign in</html>"),
                        (false, 1) => away(request, "/login"),
                        _ => paged(&records(5), request),
                    }
                })
                .that([live(6), Asked(vec!["/things", "/things", "/login"])]),
            ],
            ..Drill::default()
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
