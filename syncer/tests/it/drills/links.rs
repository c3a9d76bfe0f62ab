//! `Link` headers that lead in a circle, nowhere, or that break off.

use super::{
    drill::{Drill, Theme, complete, failed, partial, suspect},
    fact::{Fact::Count, What, live},
    script::{linked, list, records},
    things::{LINKS, Things},
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Links",
        drills: vec![
            Drill {
                name: "a link to its own page",
                upstream: "gives a page whose `rel=\"next\"` is that page",
                acts: vec![
                    suspect(
                        "all 2 records of page 2 had come on an earlier page",
                        |_| Reply::json(list(&records(2))).with("link", to(0)),
                    )
                    .that([Count(What::Requests, 2)]),
                ],
                ..by_link()
            },
            Drill {
                name: "links in a circle",
                upstream: "links its second page back to its first",
                acts: vec![
                    suspect("had come on an earlier page", |request| {
                        let from = request.number_in("after") % 4;
                        Reply::json(list(&records(6)[from..from + 2])).with("link", to((from + 2) % 4))
                    })
                    .that([Count(What::Requests, 3)]),
                ],
                ..by_link()
            },
            Drill {
                name: "one page under ever new links",
                upstream: "gives the same page for each of its links, which are never the same, where `key` is `hash`",
                definition: Things {
                    page: LINKS,
                    ..Things::default()
                }
                .toml()
                .replace(r#"["id"]"#, r#""hash""#),
                acts: vec![
                    suspect("all 2 records of page 2 had come on an earlier page", |request| {
                        Reply::json(list(&records(2))).with("link", to(request.number))
                    })
                    .that([Count(What::Requests, 2)]),
                ],
                ..by_link()
            },
            Drill {
                name: "empty pages without an end",
                upstream: "gives empty pages, each with a link to a further one",
                acts: vec![suspect("100 in a row held no record", |request| {
                    Reply::json("[]").with("link", to(request.number))
                })],
                ..by_link()
            },
            Drill {
                name: "headers that a proxy takes away",
                upstream: "gives its first page without the `Link` and without the total that the definition names",
                definition: Things {
                    page: r#"{ kind = "link", size_param = "limit", size = 2, total = "header:x-total" }"#,
                    ..Things::default()
                }
                .toml(),
                serve: told,
                acts: vec![partial("2 records came, and no total in `header:x-total`", |_| {
                    Reply::json(list(&records(2)))
                })],
                ..by_link()
            },
            Drill {
                name: "a link to nothing",
                upstream: "answers its own link to the third page with 404, where `status` is `{ 404 = \"empty\" }`",
                definition: Things {
                    page: LINKS,
                    resource: r#"status = { 404 = "empty" }"#,
                    ..Things::default()
                }
                .toml(),
                acts: vec![
                    partial("status 404: gone", |request| match request.number_in("after") {
                        4 => Reply::status(404, "gone"),
                        _ => linked(&records(6), request),
                    })
                    .that([live(6)]),
                    // The first page of all is where a definition leads, and may be nowhere.
                    suspect("it would delete 6 of 6 rows", |_| Reply::status(404, "gone")),
                ],
                ..by_link()
            },
            Drill {
                name: "a link header that breaks off",
                upstream: "cuts its `Link` header off in the middle of the URL, with one record still to come",
                acts: vec![
                    failed("its `Link` header breaks off", |request| match request.number_in("after") {
                        4 => linked(&records(6), request),
                        _ => Reply::json(list(&records(5)))
                            .with("link", "</things?after=4; rel=\"next\""),
                    })
                    .that([live(6)]),
                ],
                after: records(6),
                ..by_link()
            },
            Drill {
                name: "a link that has expired",
                upstream: "refuses its link after a while with 410, gives new ones from the first page on, and never takes the old one again",
                acts: vec![
                    partial("status 410", expiring(1)),
                    complete(expiring(2)).that([live(6)]),
                ],
                after: records(6),
                ..by_link()
            },
            Drill {
                name: "a secret in a link",
                upstream: "repeats the key that it was asked with in its links, and then fails",
                definition: Things {
                    source: r#"query = { token = "${FAKE_KEY}" }"#,
                    page: LINKS,
                    ..Things::default()
                }
                .toml(),
                acts: vec![partial("status 500: broken", |request| {
                    match request.number_in("after") {
                        _ if request.parameter("token") != Some("s3cret") => Reply::status(401, ""),
                        0 => Reply::json(list(&records(2)))
                            .with("link", "</things?after=2&token=s3cret>; rel=\"next\""),
                        _ => Reply::status(500, "broken"),
                    }
                })],
                ..by_link()
            },
        ],
    }
}

fn by_link() -> Drill {
    Drill {
        definition: Things {
            page: LINKS,
            ..Things::default()
        }
        .toml(),
        serve: linked,
        ..Drill::default()
    }
}

/// Links of a session, and none but the second one is good.
fn expiring(session: usize) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| match (request.number_in("after"), request.number_in("session")) {
        (0, _) => Reply::json(list(&records(2))).with(
            "link",
            format!("</things?after=2&session={session}>; rel=\"next\""),
        ),
        (_, 2) => Reply::json(list(&records(6)[2..])),
        _ => Reply::status(410, "expired"),
    }
}

fn to(after: usize) -> String {
    format!("</things?after={after}>; rel=\"next\"")
}

fn told(records: &[String], request: &Request) -> Reply {
    linked(records, request).with("x-total", records.len())
}
