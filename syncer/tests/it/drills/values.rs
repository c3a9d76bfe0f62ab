//! Values at the edge of what JSON can say: each is stored as it came, or left out of its column and counted.

use super::{
    drill::{Drill, Theme, complete},
    fact::{
        Fact::{self, Count, Payload, Reject},
        What, column, only,
    },
    script::whole,
    things::Things,
};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Values",
        drills: [numbers(), texts(), structures()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

const FIELDS: &str = r#"
name  = "text"
more  = { type = "text", index = false }
tags  = "list"
size  = "integer"
large = "decimal(30,0)"
exact = "decimal(40,20)"
ratio = "float"
extra = "json"
"#;

/// One answer with `records`, which begin an empty table.
fn values(
    name: &'static str,
    upstream: &'static str,
    records: Vec<String>,
    facts: Vec<Fact>,
) -> Drill {
    Drill {
        name,
        upstream,
        definition: definition(FIELDS),
        serve: whole,
        before: Vec::new(),
        acts: vec![complete(move |request| whole(&records, request)).that(facts)],
        ..Drill::default()
    }
}

fn definition(fields: &'static str) -> String {
    Things {
        page: r#"{ kind = "none" }"#,
        fields,
        ..Things::default()
    }
    .toml()
}

fn owned(records: &[&str]) -> Vec<String> {
    records.iter().map(|record| (*record).to_owned()).collect()
}

fn numbers() -> Vec<Drill> {
    let large = r#"{"id":"a","large":123456789012345678901234567891,"size":1}"#;
    let exact = r#"{"id":"a","exact":12345678901234567890.12345678901234567891}"#;
    let by = |field: &'static str| match field {
        "large" => "SELECT record_key FROM fake_things ORDER BY large",
        _ => "SELECT record_key FROM fake_things ORDER BY exact",
    };
    vec![
        values(
            "integers of 30 digits",
            "gives integers of 30 digits that differ in the last one",
            owned(&[
                large,
                r#"{"id":"b","large":123456789012345678901234567890}"#,
                r#"{"id":"c","large":-123456789012345678901234567890}"#,
            ]),
            vec![
                Payload("a", large.to_owned()),
                Count(What::BadValues, 0),
                column(
                    "their `decimal(30,0)` column sorts them by the last digit",
                    by("large"),
                    &[Some("c"), Some("b"), Some("a")],
                ),
            ],
        ),
        values(
            "decimals of 40 digits",
            "gives decimals of 40 digits that differ in the last one",
            owned(&[
                exact,
                r#"{"id":"b","exact":12345678901234567890.12345678901234567890}"#,
                r#"{"id":"c","exact":"-12345678901234567890.12345678901234567890"}"#,
            ]),
            vec![
                Payload("a", exact.to_owned()),
                Count(What::BadValues, 0),
                column(
                    "their `decimal(40,20)` column sorts them by the last digit",
                    by("exact"),
                    &[Some("c"), Some("b"), Some("a")],
                ),
            ],
        ),
        values(
            "numbers beyond their column",
            "gives an integer of 30 digits, `1e400` and `1e-400` for an integer, a float and a decimal",
            owned(&[r#"{"id":"a","size":123456789012345678901234567890,"ratio":1e400,"exact":1e-400}"#]),
            vec![
                Count(What::BadValues, 3),
                Payload(
                    "a",
                    r#"{"id":"a","size":123456789012345678901234567890,"ratio":1e400,"exact":1e-400}"#.to_owned(),
                ),
                column(
                    "none of the three columns has a value",
                    "SELECT record_key FROM fake_things WHERE size IS NULL AND ratio IS NULL AND exact IS NULL",
                    &[Some("a")],
                ),
            ],
        ),
    ]
}

fn texts() -> Vec<Drill> {
    let megabyte = "ü".repeat(1 << 19);
    let long = format!(r#"{{"id":"a","more":"{megabyte}","name":"{megabyte}"}}"#);
    let surrogate = r#"{"id":"a","name":"\ud800","other":"\udfff\ud800"}"#;
    let nul = r#"{"id":"a","name":"a\u0000b","more":"\u0000"}"#;
    vec![
        values(
            "texts of 1 MB",
            "gives a text of 1 MB for a field with an index and for one without",
            vec![long.clone()],
            vec![
                Payload("a", long),
                Count(What::BadValues, 1),
                Fact::Column {
                    means: "the column without an index has it whole, the other is null",
                    sql: "SELECT more FROM fake_things WHERE name IS NULL",
                    is: vec![Some(megabyte)],
                },
            ],
        ),
        values(
            "unpaired surrogates",
            "gives texts with halves of characters, `\\ud800`",
            owned(&[surrogate]),
            vec![
                Payload("a", surrogate.to_owned()),
                Count(What::BadValues, 1),
                column(
                    "the column is null",
                    "SELECT record_key FROM fake_things WHERE name IS NULL",
                    &[Some("a")],
                ),
            ],
        ),
        values(
            "an unpaired surrogate in a member's name",
            "gives a record with a member whose name is half a character",
            owned(&[r#"{"id":"a"}"#, r#"{"id":"b","\ud800":1}"#]),
            vec![only(&["a"]), Reject("the record cannot be read")],
        ),
        values(
            "NUL in a text",
            "gives a text with the character `\\u0000`",
            owned(&[nul]),
            vec![
                Payload("a", nul.to_owned()),
                Count(What::BadValues, 0),
                column(
                    "the column has it",
                    "SELECT name FROM fake_things",
                    &[Some("a\0b")],
                ),
            ],
        ),
    ]
}

fn structures() -> Vec<Drill> {
    let depth = 20_000;
    let deep = format!(
        r#"{{"id":"a","extra":{}{},"other":{}1{}}}"#,
        "[".repeat(depth),
        "]".repeat(depth),
        "{\"a\":".repeat(depth),
        "}".repeat(depth)
    );
    vec![
        values(
            "deep nesting",
            "nests arrays and objects 20,000 deep",
            vec![deep.clone()],
            vec![Payload("a", deep), Count(What::BadValues, 0)],
        ),
        values(
            "a record in odd dress",
            "writes blanks, escapes, `1.0`, `-0`, `1E2` and members twice into a record",
            owned(&["{ \"id\" : \"\\u0061\",\t\"x\":1.0,\"x\":-0,\"y\":1E2,\"\\/\":\"\\/\" }"]),
            vec![Payload(
                "a",
                "{ \"id\" : \"\\u0061\",\t\"x\":1.0,\"x\":-0,\"y\":1E2,\"\\/\":\"\\/\" }"
                    .to_owned(),
            )],
        ),
        values(
            "a record with nothing but its key",
            "gives `{\"id\":\"a\"}`",
            owned(&[r#"{"id":"a"}"#]),
            vec![
                Count(What::BadValues, 0),
                column(
                    "all columns are null",
                    "SELECT record_key FROM fake_things WHERE name IS NULL AND size IS NULL AND extra IS NULL",
                    &[Some("a")],
                ),
            ],
        ),
    ]
}
