//! Pages that are found to be as they were by their records, and others that contradict them.

use super::{
    drill::{Drill, Theme, complete, partial, suspect},
    fact::{Fact::Count, What, column, live, only},
    script::{list, records},
    things::{Things, UNTOLD},
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Pages that are compared",
        drills: [compared(), contradicting()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

fn compared() -> Vec<Drill> {
    let volatile = || {
        Drill {
        definition: Things {
            page: r#"{ kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "body:/total" }"#,
            resource: r#"records = "body:/data""#,
            ..Things::default()
        }
        .toml(),
        serve: |all, request| wrapped(all, request, "\"served\":1"),
        ..Drill::default()
    }
    };
    vec![
        Drill {
            name: "the same records in another envelope",
            upstream: "writes the time and a request's number around the same records, and no `ETag`",
            acts: vec![
                complete(|request| {
                    let token = format!("\"served\":{}", 1000 + request.number);
                    wrapped(&records(6), request, &token)
                })
                .that([
                    live(6),
                    Count(What::Unchanged, 6),
                    column(
                        "each page is remembered once",
                        "SELECT CAST(COUNT(*) AS CHAR) FROM page",
                        &[Some("3")],
                    ),
                ]),
            ],
            ..volatile()
        },
        Drill {
            name: "the same records and another total",
            upstream: "gives the same records, and states 7 in all",
            acts: vec![
                partial("6 records came where the upstream states 7", |request| {
                    let from = (request.number_in("page") * 2).min(6);
                    let page = list(&records(6)[from..(from + 2).min(6)]);
                    Reply::json(format!(r#"{{"data":{page},"total":7}}"#))
                })
                .that([live(6)]),
            ],
            ..volatile()
        },
        Drill {
            name: "the same page twice",
            upstream: "gives the records of its first page on its second one too, both as they are known",
            acts: vec![
                suspect("had come on an earlier page", |request| {
                    let first = Request {
                        query: [("limit".to_owned(), "2".to_owned())].into(),
                        ..request.clone()
                    };
                    wrapped(&records(6), &first, "\"served\":2")
                })
                .that([live(6)]),
            ],
            ..volatile()
        },
    ]
}

/// Pages of which one is as it was, and another says otherwise of its rows.
fn contradicting() -> Vec<Drill> {
    let other = r#"{"id":"k2","name":"another","size":2}"#;
    vec![
        Drill {
            name: "a record of a known page on another one",
            upstream: "gives a record of its second page, which is as it was, on its first one too, with another content",
            before: records(4),
            acts: vec![
                partial("1 records came on two pages", move |request| {
                    let mut all = records(4);
                    other.clone_into(&mut all[1]);
                    paged(&all, request)
                })
                .that([live(4)]),
            ],
            after: records(4),
            ..Drill::default()
        },
        Drill {
            name: "a tombstone of a record of a known page",
            upstream: "marks a record of its first page, which is as it was, as deleted on its third one, and takes that back",
            definition: Things {
                page: UNTOLD,
                deletes: "{ max = \"50%\", flag = \"/gone\" }",
                ..Things::default()
            }
            .toml(),
            before: records(4),
            acts: vec![
                complete(|request| {
                    let mut all = records(4);
                    all.push(r#"{"id":"k1","gone":true}"#.to_owned());
                    match paged(&all, request) {
                        page if request.number_in("page") < 3 => page,
                        _ => Reply::json("[]"),
                    }
                })
                .that([only(&["k0", "k2", "k3"]), Count(What::Deleted, 1)]),
            ],
            after: records(4),
            ..Drill::default()
        },
    ]
}

fn wrapped(all: &[String], request: &Request, more: &str) -> Reply {
    let from = (request.number_in("page") * 2).min(all.len());
    let page = list(&all[from..(from + 2).min(all.len())]);
    let total = all.len();
    Reply::json(format!(r#"{{"data":{page},"total":{total},{more}}}"#))
}
