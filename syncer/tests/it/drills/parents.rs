//! Parents that vanish, change or mislead while their children are read.

use super::{
    drill::{Act, Drill, Theme, complete, deferred, failed, partial},
    fact::{
        Fact::{Asked, Count},
        What, only,
    },
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Parents and children",
        drills: [vanishing(), values(), totals()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

const FAMILY: &str = r#"
[source]
name     = "fake"
base_url = "http://replaced"
schedule = "every 1h"
retry    = { attempts = 1 }

[defaults]
key     = ["id"]
page    = { kind = "none" }
deletes = { max = "100%" }

[resource.breeds]
path = "/breeds"
fields.picture = "text"

[resource.pictures]
path     = "/pictures/{parent.picture}"
for_each = { resource = "breeds", copy = { breed_id = "id" } }
key      = ["breed_id", "id"]
"#;

/// Three breeds with a picture each.
const THREE: &str =
    r#"[{"id":"a","picture":"x"},{"id":"b","picture":"y"},{"id":"c","picture":"z"}]"#;

fn family() -> Drill {
    Drill {
        definition: FAMILY.to_owned(),
        before: Vec::new(),
        after: Vec::new(),
        ..Drill::default()
    }
}

/// `breeds`, and one picture for each, but for the path that `odd` is the answer to.
fn with(
    breeds: &'static str,
    odd: &'static str,
    reply: Reply,
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| match request.path.as_str() {
        "/breeds" => Reply::json(breeds),
        path if path == odd => reply.clone(),
        _ => Reply::json(r#"[{"id":1}]"#),
    }
}

fn all(breeds: &'static str) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    with(breeds, "", Reply::Reset)
}

/// The parents, and then their children, from an upstream that is well.
fn mirrored() -> [Act; 2] {
    [
        complete(all(THREE)).of("breeds"),
        complete(all(THREE))
            .of("pictures")
            .that([only(&["a,1", "b,1", "c,1"])]),
    ]
}

fn vanishing() -> Vec<Drill> {
    let gone = Reply::status(404, "no such breed");
    let two = r#"[{"id":"a","picture":"x"},{"id":"c","picture":"z"}]"#;
    vec![
        Drill {
            name: "a parent that vanishes in the middle of a run",
            upstream: "loses a parent after the parents were read: its children are answered with 404",
            acts: mirrored()
                .into_iter()
                .chain([
                    partial("breeds b, y: ", with(THREE, "/pictures/y", gone.clone()))
                        .of("pictures")
                        .that([only(&["a,1", "b,1", "c,1"]), Count(What::Fetched, 2)]),
                    complete(all(two)).of("breeds"),
                    complete(all(two))
                        .of("pictures")
                        .that([only(&["a,1", "c,1"])]),
                ])
                .collect(),
            ..family()
        },
        Drill {
            name: "a parent that vanishes, where 404 means nothing",
            upstream: "answers the children of a lost parent with 404, where `status` is `{ 404 = \"empty\" }`",
            definition: FAMILY.replace("path     =", "status   = { 404 = \"empty\" }\npath     ="),
            acts: mirrored()
                .into_iter()
                .chain([complete(with(THREE, "/pictures/y", gone))
                    .of("pictures")
                    .that([only(&["a,1", "c,1"]), Count(What::Deleted, 1)])])
                .collect(),
            ..family()
        },
        Drill {
            name: "parents that are gone when their children are read on",
            upstream: "asks to wait in the middle of the children, and loses a parent before the run is gone on with: it walks the rest, and the next one begins anew",
            acts: mirrored()
                .into_iter()
                .chain([
                    deferred(
                        "the upstream asks to wait until",
                        with(
                            THREE,
                            "/pictures/z",
                            Reply::status(429, "").with("retry-after", 3600),
                        ),
                    )
                    .of("pictures"),
                    Act {
                        later: chrono::Duration::hours(1),
                        ..complete(all(two)).of("breeds")
                    },
                    partial("changed while its children were read", all(two))
                        .of("pictures")
                        .that([only(&["a,1", "b,1", "c,1"]), Asked(vec!["/pictures/z"])]),
                    complete(all(two)).of("pictures").that([
                        only(&["a,1", "c,1"]),
                        Asked(vec!["/pictures/x", "/pictures/z"]),
                    ]),
                ])
                .collect(),
            ..family()
        },
        Drill {
            name: "all children fail",
            upstream: "answers the children of every parent with 500",
            acts: mirrored()
                .into_iter()
                .chain([failed("status 500: broken (and 2 more)", |_| {
                    Reply::status(500, "broken")
                })
                .of("pictures")
                .that([only(&["a,1", "b,1", "c,1"]), Count(What::Requests, 3)])])
                .collect(),
            ..family()
        },
    ]
}

fn values() -> Vec<Drill> {
    let holes = r#"[{"id":"a","picture":"p"},{"id":"b","picture":null},{"id":"c"},{"id":"d","picture":""}]"#;
    let paths = r#"[{"id":"a","picture":".."},{"id":"b","picture":"%2e."}]"#;
    vec![
        Drill {
            name: "parents without the value that is asked with",
            upstream: "gives parents whose value is null, absent or empty: a request with a hole in it is never sent",
            acts: vec![
                complete(all(holes)).of("breeds"),
                complete(all(holes))
                    .of("pictures")
                    .that([only(&["a,1"]), Asked(vec!["/pictures/p"])]),
            ],
            ..family()
        },
        Drill {
            name: "a parent with a value of 100 kB",
            upstream: "gives a parent whose value is 100 kB long, too long for the URL that is made of it",
            definition: FAMILY.replace(
                "fields.picture = \"text\"",
                "fields.picture = { type = \"text\", index = false }",
            ),
            acts: vec![
                complete(long).of("breeds"),
                partial("breeds b, yyy", long)
                    .of("pictures")
                    .that([only(&["a,1"])]),
            ],
            ..family()
        },
        Drill {
            name: "a parent that leads out of its path",
            upstream: "gives a parent whose value is `..`",
            acts: vec![
                complete(all(paths)).of("breeds"),
                partial("a value in its path is `.` or `..`", all(paths))
                    .of("pictures")
                    .that([only(&["b,1"]), Asked(vec!["/pictures/%252e."])]),
            ],
            ..family()
        },
    ]
}

/// Two breeds, the second of which has a picture of 100 kB.
fn long(request: &Request) -> Reply {
    match request.path.len() {
        7 => Reply::json(format!(
            r#"[{{"id":"a","picture":"x"}},{{"id":"b","picture":"{}"}}]"#,
            "y".repeat(100_000)
        )),
        8..100 => Reply::json(r#"[{"id":1}]"#),
        _ => Reply::status(414, "too long"),
    }
}

fn totals() -> Vec<Drill> {
    let total = "page     = { kind = \"none\", total = \"header:x-total\" }\npath     =";
    let stated = |total: u64| {
        move |request: &Request| match request.path.as_str() {
            "/breeds" => Reply::json(THREE),
            _ => Reply::json(r#"[{"id":1}]"#).with("x-total", total),
        }
    };
    vec![Drill {
        name: "children beyond all counting",
        upstream: "states 18446744073709551615 children for each of three parents",
        definition: FAMILY.replace("path     =", total),
        acts: vec![
            complete(stated(1)).of("breeds"),
            complete(stated(1)).of("pictures"),
            partial(
                "breeds a, x: 1 records came where the upstream states 18446744073709551615 (and 2 more)",
                stated(u64::MAX),
            )
            .of("pictures")
            .that([only(&["a,1", "b,1", "c,1"])]),
        ],
        ..family()
    }]
}
