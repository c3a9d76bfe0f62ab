//! Bodies in other encodings, compressed ones, and large ones.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::{
    bodies::second,
    drill::{Drill, Theme, complete, partial},
    fact::{Fact::Count, What, live},
    script::{instead, list, records},
    things::Things,
};
use crate::upstream::{Reply, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Encodings and sizes",
        drills: encoded(),
    }
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
            "failed: Invalid gzip header",
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
