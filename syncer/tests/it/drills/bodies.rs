//! Bodies that are no pages of records, whatever their status says.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::{
    drill::{Drill, Theme, complete, failed, partial},
    fact::{Fact::Count, What, live},
    script::{instead, list, records},
    things::Things,
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Bodies",
        drills: [other(), cut(), said(), encoded()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// The second page is `reply`: a partial run that says so.
fn second(name: &'static str, upstream: &'static str, says: &'static str, reply: Reply) -> Drill {
    Drill {
        name,
        upstream,
        acts: vec![partial(says, instead(1, reply)).that([live(6)])],
        ..Drill::default()
    }
}

fn other() -> Vec<Drill> {
    vec![
        second(
            "HTML with status 200",
            "answers the second page with an HTML page of its load balancer",
            "content type `text/html` where JSON was expected: <html><body>maintenance",
            Reply::html(200, "<html><body>maintenance</body></html>"),
        ),
        second(
            "HTML under the name of JSON",
            "answers the second page with HTML and calls it `application/json`",
            "cannot be read: expected value at line 1 column 1",
            Reply::json("<html>"),
        ),
        second(
            "an empty body with status 200",
            "answers the second page with status 200 and nothing",
            "cannot be read: EOF while parsing",
            Reply::json(""),
        ),
        second(
            "blanks with status 200",
            "answers the second page with blanks and line ends",
            "cannot be read: EOF while parsing",
            Reply::json(" \r\n\t "),
        ),
        second(
            "null in place of the array",
            "answers the second page with `null`",
            "the body is null and not an array",
            Reply::json("null"),
        ),
        second(
            "an object in place of the array",
            "answers the second page with `{}`",
            "the body is an object and not an array",
            Reply::json("{}"),
        ),
        second(
            "a text in place of the array",
            "answers the second page with `\"no records\"`",
            "the body is a text and not an array",
            Reply::json("\"no records\""),
        ),
        Drill {
            name: "a first page that cannot be read",
            upstream: "answers the first page with HTML",
            acts: vec![
                failed(
                    "content type `text/html`",
                    instead(0, Reply::html(200, "<html>")),
                )
                .that([live(6)]),
            ],
            ..Drill::default()
        },
    ]
}

fn cut() -> Vec<Drill> {
    vec![
        second(
            "a body that ends in the middle of a record",
            "ends the second page in the middle of a record, and counts its bytes rightly",
            "cannot be read: EOF while parsing",
            Reply::json(r#"[{"id":"k2","na"#),
        ),
        second(
            "a body that ends behind a record",
            "ends the second page behind its first record, without closing the array",
            "cannot be read: EOF while parsing",
            Reply::json(r#"[{"id":"k2","name":"n2","size":2},"#),
        ),
        second(
            "two arrays in one body",
            "answers the second page with two arrays, one behind the other",
            "cannot be read: trailing characters",
            Reply::json(format!("{}{}", list(&records(1)), list(&records(2)))),
        ),
        second(
            "a line end inside a text",
            "writes a line end into a text without escaping it, which JSON forbids",
            "cannot be read: control character",
            Reply::json("[{\"id\":\"k2\",\"name\":\"a\nb\"}]"),
        ),
        second(
            "NaN",
            "writes `NaN` for a number, as careless encoders do",
            "cannot be read: expected",
            Reply::json(r#"[{"id":"k2","size":NaN}]"#),
        ),
    ]
}

fn said() -> Vec<Drill> {
    let wrapped = |error: &'static str, all: usize| {
        move |request: &Request| envelope(error, &records(all), request)
    };
    let telling = || Drill {
        definition: Things {
            resource: "records = \"body:/data\"\nerror_when = \"body:/error\"",
            ..Things::default()
        }
        .toml(),
        serve: |records, request| envelope("null", records, request),
        ..Drill::default()
    };
    vec![
        Drill {
            name: "an error with status 200",
            upstream: "answers with status 200, no records, and the member `error`, which the definition names",
            acts: vec![
                failed(
                    "says that it failed: `/error` is \"quota\"",
                    wrapped("\"quota\"", 0),
                )
                .that([live(6)]),
            ],
            ..telling()
        },
        Drill {
            name: "an error beside records",
            upstream: "answers the second page with records and an error among them",
            acts: vec![partial("`/error` is {\"code\":7}", |request| {
                let error = ["null", "{\"code\":7}", "null"][request.number_in("page").min(2)];
                envelope(error, &records(5), request)
            })],
            ..telling()
        },
        Drill {
            name: "an error in place of the records",
            upstream: "answers with status 200 and an object without the records' member",
            definition: Things {
                resource: "records = \"body:/data\"",
                ..Things::default()
            }
            .toml(),
            acts: vec![
                failed("`/data` is missing", |_| {
                    Reply::json(r#"{"message":"try later"}"#)
                })
                .that([live(6)]),
            ],
            ..telling()
        },
    ]
}

fn envelope(error: &str, all: &[String], request: &Request) -> Reply {
    let from = (request.number_in("page") * 2).min(all.len());
    let page = list(&all[from..(from + 2).min(all.len())]);
    Reply::json(format!(r#"{{"error":{error},"data":{page}}}"#)).with("pagination-count", all.len())
}

fn encoded() -> Vec<Drill> {
    let wide: Vec<u8> = list(&records(1))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        Drill {
            name: "a byte order mark",
            upstream: "puts a byte order mark before its JSON",
            acts: vec![
                complete(|request| match paged(&records(5), request) {
                    Reply::Answer {
                        status,
                        headers,
                        body,
                    } => Reply::Answer {
                        status,
                        headers,
                        body: [b"\xef\xbb\xbf".to_vec(), body].concat(),
                    },
                    other => other,
                })
                .that([live(5)]),
            ],
            ..Drill::default()
        },
        second(
            "UTF-16",
            "answers the second page in UTF-16, which JSON between systems must not be",
            "cannot be read",
            Reply::bytes(wide),
        ),
        second(
            "bytes that are no UTF-8",
            "writes a text of the second page in Latin-1",
            "cannot be read: it is not UTF-8",
            Reply::bytes(b"[{\"id\":\"k2\",\"name\":\"caf\xe9\"}]".to_vec()),
        ),
        second(
            "gzip that is none",
            "answers the second page with `content-encoding: gzip` and plain text",
            "failed: error decoding response body",
            Reply::json(list(&records(1))).with("content-encoding", "gzip"),
        ),
        Drill {
            name: "a gzip bomb",
            upstream: "answers the second page with 16 kB of gzip that are 16 MB of blanks, where `max_body` is 64 kB",
            definition: Things {
                source: "max_body = \"64KB\"",
                ..Things::default()
            }
            .toml(),
            acts: vec![
                partial(
                    "is larger than max_body, 64000 bytes",
                    instead(1, Reply::bytes(bomb()).with("content-encoding", "gzip")),
                )
                .that([live(6), Count(What::Requests, 2)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a page of 60 MB",
            upstream: "gives eighty records of 750 kB on one page, more than MySQL or MariaDB take in one statement",
            definition: Things {
                page: r#"{ kind = "page", param = "page", start = 0, size_param = "limit", size = 100, total = "header:pagination-count" }"#,
                fields: "more = { type = \"text\", index = false }",
                ..Things::default()
            }
            .toml(),
            before: Vec::new(),
            acts: vec![complete(|request| {
                let body = "x".repeat(750_000);
                let large = |n| format!(r#"{{"id":"k{n}","more":"{body}"}}"#);
                paged(&(0..80).map(large).collect::<Vec<_>>(), request)
            })
            .that([Count(What::Inserted, 80)])],
            after: Vec::new(),
            ..Drill::default()
        },
    ]
}

/// 16 MB of blanks.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 16 << 20]).expect("memory");
    encoder.finish().expect("memory")
}
