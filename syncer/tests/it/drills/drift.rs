//! Schemas that change under the mirror without a word.

use super::{
    drill::{Drill, Theme, complete, failed, partial},
    fact::{
        Fact::{Count, Payload},
        What, column, live,
    },
    script::{list, records, well},
};
use crate::upstream::Reply;

pub(super) fn theme() -> Theme {
    Theme {
        title: "Schema drift",
        drills: [members(), shapes()].into_iter().flatten().collect(),
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

fn shapes() -> Vec<Drill> {
    vec![
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
