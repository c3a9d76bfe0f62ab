//! Records a line: NDJSON and CSV whose lines are broken, or cut off.

use super::{
    drill::{Drill, Theme, complete, failed},
    fact::{
        Fact::{Count, Reject},
        What, live, only,
    },
    things::Things,
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Lines",
        drills: [ndjson(), csv()].into_iter().flatten().collect(),
    }
}

fn text(body: impl Into<Vec<u8>>) -> Reply {
    Reply::Answer {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: body.into(),
    }
}

fn says(body: &'static [u8]) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |_| text(body)
}

fn by_line() -> Drill {
    Drill {
        definition: definition("format = \"ndjson\""),
        serve: |records, _| text(records.join("\n")),
        ..Drill::default()
    }
}

fn definition(resource: &'static str) -> String {
    Things {
        page: "{ kind = \"none\" }",
        resource,
        ..Things::default()
    }
    .toml()
}

fn ndjson() -> Vec<Drill> {
    vec![
        Drill {
            name: "a line that is cut off",
            upstream: "ends in the middle of its third line, and counts its bytes rightly",
            acts: vec![
                failed(
                    "its last line is cut off in the middle of a record",
                    says(b"{\"id\":\"k0\"}\n{\"id\":\"k1\"}\n{\"id\":\"k"),
                )
                .that([live(6)]),
            ],
            ..by_line()
        },
        Drill {
            name: "a broken line in the middle",
            upstream: "has a line that is no JSON among six that are",
            acts: vec![
                complete(|_| {
                    let mut lines = super::script::records(6);
                    lines.insert(2, "{\"id\":\"x\",".to_owned());
                    text(lines.join("\n"))
                })
                .that([
                    live(6),
                    Count(What::Rejected, 1),
                    Reject("record 3: the line is no JSON"),
                ]),
            ],
            ..by_line()
        },
        Drill {
            name: "lines of an error",
            upstream: "answers with one line of text, `Service temporarily unavailable`, and status 200",
            acts: vec![
                super::drill::partial(
                    "1 records came whose key cannot be read",
                    says(b"Service temporarily unavailable\n"),
                )
                .that([live(6), Reject("the line is no JSON")]),
            ],
            ..by_line()
        },
    ]
}

fn csv() -> Vec<Drill> {
    let by_cell = || Drill {
        definition: definition("format = \"csv\""),
        // No record is compared with the CSV that it came from.
        after: Vec::new(),
        before: Vec::new(),
        ..Drill::default()
    };
    let three = b"id,name,size\na,A,1\nb,B,2\nc,C,3\n";
    vec![
        Drill {
            name: "a broken line of a table",
            upstream: "has a line with a value too few, and one with a value too many",
            acts: vec![
                complete(says(b"id,name,size\na,A,1\nb,2\nc,C,3,4\nd,D,4\n")).that([
                    only(&["a", "d"]),
                    Count(What::Rejected, 2),
                    Reject("record 2: the line has 2 values where the header names 3 columns"),
                    Reject("record 3: the line has 4 values where the header names 3 columns"),
                ]),
            ],
            ..by_cell()
        },
        Drill {
            name: "a table that is cut off",
            upstream: "ends its table in the middle of the second line, and then gives all of it again",
            acts: vec![
                complete(says(three)).that([only(&["a", "b", "c"])]),
                failed("is cut off", says(b"id,name,size\na,A,1\nb,"))
                    .that([only(&["a", "b", "c"])]),
                complete(says(three)).that([Count(What::Unchanged, 3)]),
            ],
            ..by_cell()
        },
        Drill {
            name: "a quote that is never closed",
            upstream: "opens a quote in its second line, which takes in all lines behind it",
            acts: vec![
                complete(says(three)).that([only(&["a", "b", "c"])]),
                failed(
                    "a quote in it is never closed",
                    says(b"id,name,size\na,A,1\nb,\"B,2\nc,C,3\n"),
                )
                .that([only(&["a", "b", "c"])]),
            ],
            ..by_cell()
        },
        Drill {
            name: "columns in another order",
            upstream: "gives the same table with its columns in another order, and one more",
            acts: vec![
                complete(says(three)).that([only(&["a", "b", "c"])]),
                complete(says(b"size,more,name,id\n1,x,A,a\n2,y,B,b\n3,z,C,c\n"))
                    .that([only(&["a", "b", "c"]), Count(What::BadValues, 0)]),
            ],
            ..by_cell()
        },
        Drill {
            name: "a table without its key",
            upstream: "renames the column that is the key",
            acts: vec![
                complete(says(three)).that([only(&["a", "b", "c"])]),
                failed("no column `id`", says(b"ID,name,size\na,A,1\n"))
                    .that([only(&["a", "b", "c"])]),
            ],
            ..by_cell()
        },
    ]
}
