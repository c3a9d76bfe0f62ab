//! Bodies that are no pages of records, whatever their status says.

use super::{
    drill::{Drill, Theme, failed, partial},
    fact::live,
    script::{instead, list, records},
    things::Things,
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Bodies",
        drills: [other(), cut(), said()].into_iter().flatten().collect(),
    }
}

/// The second page is `reply`: a partial run that says so.
pub(super) fn second(
    name: &'static str,
    upstream: &'static str,
    says: &'static str,
    reply: Reply,
) -> Drill {
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
