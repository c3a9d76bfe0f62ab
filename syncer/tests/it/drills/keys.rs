//! Records without keys, with odd ones, and with one that came before.

use super::{
    drill::{Drill, Theme, complete, partial},
    fact::{
        Fact::{Count, Payload, Reject},
        What, column, live, only,
    },
    script::{records, well},
};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Keys",
        drills: [keyless(), twice(), odd()].into_iter().flatten().collect(),
    }
}

/// Five records, and `more` behind them.
fn and(more: &[&str]) -> Vec<String> {
    let more = more.iter().map(|record| (*record).to_owned());
    records(5).into_iter().chain(more).collect()
}

fn five() -> Drill {
    Drill {
        before: records(5),
        ..Drill::default()
    }
}

fn keyless() -> Vec<Drill> {
    let large = format!(r#"{{"name":"\u0000\ud800{}"}}"#, "ü".repeat(1 << 19));
    let long = format!(r#"{{"id":"{}"}}"#, "k".repeat(1 << 20));
    vec![
        Drill {
            name: "a record without a key",
            upstream: "gives one record more, without the member that is the key",
            acts: vec![complete(well(and(&[r#"{"name":"no key"}"#]))).that([
                live(5),
                Count(What::Rejected, 1),
                Reject("key field `id` is absent or null"),
            ])],
            ..five()
        },
        Drill {
            name: "a record that lost its key",
            upstream: "gives a record that was mirrored without its key: it may be any row that did not come",
            acts: vec![
                partial(
                    "1 rows did not come, but 1 records came whose key cannot be read",
                    well(and(&[r#"{"Id":"k5","name":"n5","size":5}"#])),
                )
                .that([live(6), Count(What::Rejected, 1)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "keys that are none",
            upstream: "gives records whose key is null, an empty text, an object, an array",
            acts: vec![
                complete(well(and(&[
                    r#"{"id":null}"#,
                    r#"{"id":""}"#,
                    r#"{"id":{}}"#,
                    r#"{"id":[1]}"#,
                ])))
                .that([
                    live(5),
                    Count(What::Rejected, 4),
                    Reject("is an empty text"),
                    Reject("is an object; a key is a text, a number or a boolean"),
                ]),
            ],
            ..five()
        },
        Drill {
            name: "a bad record of 1 MB",
            upstream: "gives a record of 1 MB without a key, with NUL and half a character in it",
            acts: vec![complete(well(and(&[&large]))).that([
                live(5),
                Count(What::Rejected, 1),
                column(
                    "it is kept whole, to be replayed",
                    "SELECT payload FROM reject",
                    &[Some(&large)],
                ),
            ])],
            ..five()
        },
        Drill {
            name: "a key of 1 MB",
            upstream: "gives a record whose key is a text of 1 MB",
            acts: vec![complete(well(and(&[&long]))).that([
                live(5),
                Reject("the key has 1048576 bytes; at most 512 can be stored"),
            ])],
            ..five()
        },
        Drill {
            name: "records that are no objects",
            upstream: "gives a number, a text, null and an array among its records",
            acts: vec![complete(well(and(&["7", "\"k5\"", "null", "[]"]))).that([
                live(5),
                Count(What::Rejected, 4),
                Reject("the record is null; a record must be an object"),
            ])],
            ..five()
        },
    ]
}

fn twice() -> Vec<Drill> {
    let first = || records(1).remove(0);
    let other = r#"{"id":"k0","name":"another"}"#;
    vec![
        Drill {
            name: "a key twice on a page, the same record",
            upstream: "gives its first record twice on its first page",
            acts: vec![
                complete(well([vec![first()], records(5)].concat()))
                    .that([live(5), Count(What::Unchanged, 6), Count(What::Rejected, 0)]),
            ],
            ..five()
        },
        Drill {
            name: "a key twice on a page, another record",
            upstream: "gives another record under the key of the first one, on the same page",
            acts: vec![
                complete(well([vec![first(), other.to_owned()], records(5)[1..].to_vec()].concat()))
                    .that([
                        live(5),
                        Count(What::Rejected, 1),
                        Reject("key `k0` came twice in one page with different contents; the first one is kept"),
                        Payload("k0", first()),
                    ]),
            ],
            ..five()
        },
        Drill {
            name: "a key on two pages, the same record",
            upstream: "gives its first record once more on its last page",
            acts: vec![
                partial("1 records came on two pages", well([records(5), vec![first()]].concat()))
                    .that([live(5)]),
            ],
            ..five()
        },
        Drill {
            name: "a key on two pages, another record",
            upstream: "gives another record under the key of the first one, on its last page",
            acts: vec![
                partial("1 records came on two pages", well(and(&[other]))).that([live(5)]),
            ],
            ..five()
        },
        Drill {
            name: "one key in three spellings",
            upstream: "gives the keys `1`, `1.0` and `\"1\"` on one page: one number, and its text",
            acts: vec![
                complete(|_| {
                    crate::upstream::Reply::json(r#"[{"id":1},{"id":1.0},{"id":"1"}]"#)
                        .with("pagination-count", 3)
                })
                .that([only(&["1"]), Count(What::Rejected, 2)]),
            ],
            before: Vec::new(),
            ..Drill::default()
        },
    ]
}

fn odd() -> Vec<Drill> {
    vec![
        Drill {
            name: "NUL in a key",
            upstream: "gives the keys `a`, `a\\u0000` and `a\\u0000b`",
            acts: vec![
                complete(well(
                    [
                        r#"{"id":"a"}"#,
                        r#"{"id":"a\u0000"}"#,
                        r#"{"id":"a\u0000b"}"#,
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                ))
                .that([only(&["a", "a\0", "a\0b"]), Count(What::Inserted, 3)]),
            ],
            before: Vec::new(),
            ..Drill::default()
        },
        Drill {
            name: "an unpaired surrogate in a key",
            upstream: "gives a record whose key is half a character, `\\ud800`",
            acts: vec![
                complete(well(and(&[r#"{"id":"\ud800"}"#])))
                    .that([live(5), Reject("key field `id` is not Unicode text")]),
            ],
            ..five()
        },
        Drill {
            name: "a key twice in a record",
            upstream: "writes the member `id` twice into one record, each time with another value",
            acts: vec![complete(well(and(&[r#"{"id":"x","id":"y"}"#]))).that([
                live(5),
                Count(What::Rejected, 1),
                Reject("the record has several members `id`, which is its key"),
            ])],
            ..five()
        },
        Drill {
            name: "a key of 30 digits",
            upstream: "gives two keys of 30 digits that differ in the last one",
            acts: vec![
                complete(well(
                    [
                        r#"{"id":123456789012345678901234567890}"#,
                        r#"{"id":123456789012345678901234567891}"#,
                    ]
                    .map(str::to_owned)
                    .to_vec(),
                ))
                .that([only(&[
                    "123456789012345678901234567890",
                    "123456789012345678901234567891",
                ])]),
            ],
            before: Vec::new(),
            ..Drill::default()
        },
    ]
}
