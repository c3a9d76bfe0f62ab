//! Schemas that change under the mirror without a word.

use super::{
    drill::{Drill, Theme, complete, failed, partial},
    fact::{
        Fact::{Count, Payload, Reject},
        What, column, live,
    },
    script::{list, records, well},
    things::Things,
};
use crate::upstream::Reply;

pub(super) fn theme() -> Theme {
    Theme {
        title: "Schema drift",
        drills: [members(), types(), shapes()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// Five records under `form`.
fn five(form: impl Fn(usize) -> String) -> Vec<String> {
    (0..5).map(form).collect()
}

fn drifting() -> Drill {
    Drill {
        before: records(5),
        ..Drill::default()
    }
}

fn members() -> Vec<Drill> {
    vec![
        Drill {
            name: "a new member",
            upstream: "adds a member that no field declares",
            acts: vec![
                complete(well(five(|n| {
                    format!(r#"{{"id":"k{n}","name":"n{n}","size":{n},"new":[{n}]}}"#)
                })))
                .that([
                    live(5),
                    Count(What::Updated, 5),
                    Payload(
                        "k1",
                        r#"{"id":"k1","name":"n1","size":1,"new":[1]}"#.to_owned(),
                    ),
                ]),
            ],
            ..drifting()
        },
        Drill {
            name: "a member that is gone",
            upstream: "leaves out a member that a field declares",
            acts: vec![
                complete(well(five(|n| format!(r#"{{"id":"k{n}","size":{n}}}"#)))).that([
                    live(5),
                    Count(What::Updated, 5),
                    Count(What::BadValues, 0),
                    column(
                        "the column is null in each row",
                        "SELECT record_key FROM fake_things WHERE name IS NOT NULL",
                        &[],
                    ),
                ]),
            ],
            ..drifting()
        },
        Drill {
            name: "members in another order",
            upstream: "writes the members of its records in another order",
            acts: vec![
                complete(well(five(|n| {
                    format!(r#"{{"size":{n},"name":"n{n}","id":"k{n}"}}"#)
                })))
                .that([
                    Count(What::Updated, 5),
                    Payload("k1", r#"{"size":1,"name":"n1","id":"k1"}"#.to_owned()),
                ]),
            ],
            ..drifting()
        },
        Drill {
            name: "a number that became a text",
            upstream: "writes its integers as texts, `\"3\"`",
            acts: vec![
                complete(well(five(|n| {
                    format!(r#"{{"id":"k{n}","name":"n{n}","size":"{n}"}}"#)
                })))
                .that([
                    Count(What::Updated, 5),
                    Count(What::BadValues, 0),
                    column(
                        "the column has them as numbers",
                        "SELECT record_key FROM fake_things WHERE size = 3",
                        &[Some("k3")],
                    ),
                ]),
            ],
            ..drifting()
        },
    ]
}

fn types() -> Vec<Drill> {
    let changed = r#"{"id":"k0","name":{"en":"n0"},"size":"zero","tags":"a,b"}"#;
    let with = |first: &str| [vec![first.to_owned()], records(5)[1..].to_vec()].concat();
    vec![
        Drill {
            name: "members that change their type",
            upstream: "gives an object for a text, a text for an integer and for a list",
            acts: vec![complete(well(with(changed))).that([
                Count(What::Updated, 1),
                Count(What::BadValues, 3),
                Payload("k0", changed.to_owned()),
                column(
                    "its columns are null",
                    "SELECT record_key FROM fake_things WHERE name IS NULL AND size IS NULL",
                    &[Some("k0")],
                ),
            ])],
            before: records(5),
            ..Drill::default()
        },
        Drill {
            name: "a type that must not change",
            upstream: "gives a text for an integer whose `on_bad` is `reject`",
            definition: Things {
                fields: r#"size = { type = "integer", on_bad = "reject" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![complete(well(with(r#"{"id":"k0","size":"zero"}"#))).that([
                live(5),
                Count(What::Rejected, 1),
                Reject("field `size`: `zero` is not an integer of 64 bits"),
                Payload("k0", records(1).remove(0)),
            ])],
            before: records(5),
            ..Drill::default()
        },
        Drill {
            name: "a value that is none of those declared",
            upstream: "gives a new value for a field with `values`",
            definition: Things {
                fields: r#"name = { type = "text", values = ["n0", "n1", "n2", "n3", "n4"] }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![complete(well(with(r#"{"id":"k0","name":"new"}"#))).that([
                Count(What::BadValues, 1),
                Payload("k0", r#"{"id":"k0","name":"new"}"#.to_owned()),
                column(
                    "its column is null",
                    "SELECT record_key FROM fake_things WHERE name IS NULL",
                    &[Some("k0")],
                ),
            ])],
            before: records(5),
            ..Drill::default()
        },
    ]
}

fn shapes() -> Vec<Drill> {
    let numbered = |quote: &str| five(|n| format!(r#"{{"id":{quote}{n}{quote}}}"#));
    vec![
        Drill {
            name: "a number in the key that became a text",
            upstream: "writes its keys as texts, `\"3\"`: they are the same keys",
            before: numbered(""),
            acts: vec![complete(well(numbered("\""))).that([
                Count(What::Inserted, 0),
                Count(What::Updated, 5),
                Count(What::Deleted, 0),
            ])],
            after: numbered("\""),
            ..Drill::default()
        },
        Drill {
            name: "a key under another name",
            upstream: "calls `id` `ID` from one day to the next",
            acts: vec![
                partial(
                    "5 rows did not come, but 5 records came whose key cannot be read",
                    well(five(|n| format!(r#"{{"ID":"k{n}"}}"#))),
                )
                .that([live(5), Count(What::Rejected, 5)]),
            ],
            ..drifting()
        },
        Drill {
            name: "records in an envelope",
            upstream: "wraps each record: `{\"attributes\": {…}}`",
            acts: vec![
                partial(
                    "5 rows did not come, but 5 records came whose key cannot be read",
                    well(five(|n| format!(r#"{{"attributes":{{"id":"k{n}"}}}}"#))),
                )
                .that([live(5)]),
            ],
            ..drifting()
        },
        Drill {
            name: "a page in an envelope",
            upstream: "wraps its pages: `{\"data\": […]}`",
            acts: vec![
                failed("the body is an object and not an array", |_| {
                    Reply::json(format!(r#"{{"data":{}}}"#, list(&records(5))))
                })
                .that([live(5)]),
            ],
            ..drifting()
        },
    ]
}
