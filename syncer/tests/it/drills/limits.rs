//! Records and values that do not fit, how they are kept, and how many of them a run bears.

use super::{
    drill::{Drill, Theme, complete, suspect},
    fact::{
        Fact::{Count, Payload, Reject},
        What, column, live,
    },
    script::{records, well},
    things::Things,
};

pub(super) fn theme() -> Theme {
    Theme {
        title: "What does not fit",
        drills: [kept(), most()].into_iter().flatten().collect(),
    }
}

/// Five records, of which that of `k1` is `odd`.
fn five(odd: &str) -> Vec<String> {
    let mut all = records(5);
    odd.clone_into(&mut all[1]);
    all
}

fn fitting(resource: &'static str) -> Drill {
    Drill {
        definition: Things {
            resource,
            ..Things::default()
        }
        .toml(),
        before: records(5),
        ..Drill::default()
    }
}

fn kept() -> Vec<Drill> {
    let odd = r#"{"id":"k1","name":"n1","size":"1 kg"}"#;
    vec![
        Drill {
            name: "a number that became a text with its unit",
            upstream: "writes `\"1 kg\"` where it wrote `1`, and is well again a run later",
            acts: vec![
                complete(well(five(odd))).that([
                    live(5),
                    Count(What::BadValues, 1),
                    Payload("k1", odd.to_owned()),
                    column(
                        "the value is kept with its path",
                        "SELECT CONCAT(record_key, ' ', field, ' ', path, ' ', value) FROM reject WHERE kind = 'value'",
                        &[Some("k1 size /size \"1 kg\"")],
                    ),
                ]),
                complete(well(five(odd))).that([
                    Count(What::Unchanged, 5),
                    column(
                        "the value is kept once",
                        "SELECT path FROM reject",
                        &[Some("/size")],
                    ),
                ]),
                complete(well(records(5))).that([
                    Count(What::BadValues, 0),
                    column("nothing is kept any more", "SELECT path FROM reject", &[]),
                ]),
            ],
            ..fitting("")
        },
        Drill {
            name: "a text that became an object",
            upstream: "writes an object for a text and an array for a number",
            acts: vec![
                complete(well(five(r#"{"id":"k1","name":{"en":"n"},"size":[1]}"#))).that([
                    live(5),
                    Count(What::BadValues, 2),
                    column(
                        "both values are kept with their paths",
                        "SELECT CONCAT(path, ' ', value) FROM reject ORDER BY path",
                        &[Some("/name {\"en\":\"n\"}"), Some("/size [1]")],
                    ),
                ]),
            ],
            ..fitting("")
        },
        Drill {
            name: "a record that went bad",
            upstream: "leaves out a member that is `required`, of a record that is there: its old row stays",
            definition: Things {
                fields: "name = { type = \"text\", required = true }\nsize = \"integer\"",
                ..Things::default()
            }
            .toml(),
            before: records(5),
            acts: vec![
                complete(well(five(r#"{"id":"k1","size":7}"#))).that([
                    live(5),
                    Count(What::Rejected, 1),
                    Reject("name"),
                    Payload("k1", records(2).remove(1)),
                ]),
            ],
            ..Drill::default()
        },
    ]
}

fn most() -> Vec<Drill> {
    let bad = || -> Vec<String> {
        let bad = |n| format!(r#"{{"id":"k{n}","name":"n{n}","size":"large"}}"#);
        (0..5).map(bad).collect()
    };
    vec![
        Drill {
            name: "more bad values than a run bears, by number",
            upstream: "writes texts for all its integers, where `bad_max` is 1: no further page is asked for",
            acts: vec![
                suspect(
                    "2 rejects and bad values of 2 records where bad_max is 1 records",
                    well(bad()),
                )
                .that([
                    live(5),
                    Count(What::Requests, 1),
                    Count(What::BadValues, 2),
                ]),
            ],
            ..fitting("bad_max = 1")
        },
        Drill {
            name: "more bad values than a run bears, by share",
            upstream: "writes texts for all its integers, where `bad_max` is 20 %",
            acts: vec![
                suspect(
                    "5 rejects and bad values of 5 records where bad_max is 20 %",
                    well(bad()),
                )
                .that([live(5), Count(What::Deleted, 0)]),
            ],
            ..fitting("bad_max = \"20%\"")
        },
        Drill {
            name: "more rejects than a run bears",
            upstream: "loses a record and gives three without a key, where `bad_max` is 2",
            acts: vec![
                suspect(
                    "3 rejects and bad values of",
                    well([records(4), ["1", "2", "3"].map(str::to_owned).to_vec()].concat()),
                )
                .that([live(5), Count(What::Rejected, 3)]),
            ],
            ..fitting("bad_max = 2")
        },
        Drill {
            name: "as many bad values as a run bears",
            upstream: "writes a text for one of five integers, where `bad_max` is 20 %",
            acts: vec![
                complete(well(five(r#"{"id":"k1","size":"large"}"#)))
                    .that([live(5), Count(What::BadValues, 1)]),
            ],
            ..fitting("bad_max = \"20%\"")
        },
        Drill {
            name: "bad values that stay",
            upstream: "gives the same bad values again: the second run finds its pages as they were, and is no better",
            acts: vec![
                suspect("bad_max is 20 %", well(bad())),
                suspect("bad_max is 20 %", well(bad()))
                    .that([Count(What::Unchanged, 5), Count(What::BadValues, 0)]),
            ],
            ..fitting("bad_max = \"20%\"")
        },
    ]
}
