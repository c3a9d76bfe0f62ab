//! Tokens that are given out and taken back, and requests that are sent on to another origin.

use super::{
    drill::{Drill, Theme, complete, failed, partial},
    fact::{
        Fact::{Asked, Count},
        What, live,
    },
    script::records,
    things::Things,
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Tokens and other origins",
        drills: [tokens(), elsewhere()].into_iter().flatten().collect(),
    }
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
    ]
}

/// Sent on to the upstream under its other name: another origin.
pub(super) fn away(request: &Request, path: &str) -> Reply {
    let port = request
        .header("host")
        .and_then(|host| host.rsplit(':').next());
    let url = format!("http://localhost:{}{path}", port.unwrap_or_default());
    Reply::status(307, "").with("location", url)
}
