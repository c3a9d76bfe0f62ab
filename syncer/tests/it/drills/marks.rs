//! The marks of incremental runs: in the future, missing, shared, and under a clock that jumps.

use chrono::{DateTime, Duration};

use super::{
    drill::{Act, Drill, Theme, complete, partial},
    fact::{
        Fact::{Count, Payload},
        What, only,
    },
    script::list,
    things::Things,
};
use crate::upstream::{Reply, Request};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Incremental runs",
        drills: [marks(), clocks()].into_iter().flatten().collect(),
    }
}

/// What changed since the mark, which the upstream takes as `since`.
fn incremental() -> Drill {
    Drill {
        definition: Things {
            page: r#"{ kind = "none" }"#,
            resource: r#"
mode   = "upsert"
query  = { since = "{cursor}" }
cursor = { field = "/at", type = "timestamp", start = "2026-01-01T00:00:00Z" }
"#,
            fields: "at = \"timestamp\"",
            ..Things::default()
        }
        .toml(),
        before: Vec::new(),
        after: Vec::new(),
        ..Drill::default()
    }
}

/// Those of `all`, keys with their times, that changed at `since` or later, and those without a time.
fn since(
    all: &'static [(&'static str, &'static str)],
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| {
        let time = |text: &str| DateTime::parse_from_rfc3339(text).ok();
        let mark = request.parameter("since").and_then(time);
        let came = all
            .iter()
            .filter(|(_, at)| time(at).is_none() || time(at) >= mark);
        Reply::json(list(
            &came.map(|(key, at)| stamped(key, at)).collect::<Vec<_>>(),
        ))
    }
}

fn stamped(key: &str, at: &str) -> String {
    match at {
        "null" => format!(r#"{{"id":"{key}","at":null}}"#),
        _ => format!(r#"{{"id":"{key}","at":"{at}"}}"#),
    }
}

/// Long ago; the first run of a drill starts at 08:00:01, the second at 08:00:02.
const OLD: &str = "2026-03-01T00:00:00Z";
const EARLY: &str = "2026-11-21T08:00:01Z";

fn marks() -> Vec<Drill> {
    vec![
        Drill {
            name: "a cursor in the future",
            upstream: "has a record that changed in 2099, and then one that changed now",
            acts: vec![
                complete(since(&[("a", OLD), ("b", "2099-01-01T00:00:00Z")])),
                complete(since(&[
                    ("a", OLD),
                    ("b", "2099-01-01T00:00:00Z"),
                    ("c", EARLY),
                ]))
                .that([only(&["a", "b", "c"])]),
            ],
            ..incremental()
        },
        Drill {
            name: "a null cursor",
            upstream: "has records that do not say when they changed",
            acts: vec![
                complete(since(&[("a", OLD), ("b", "null")]))
                    .that([only(&["a", "b"]), Payload("b", stamped("b", "null"))]),
                complete(since(&[("a", OLD), ("b", "null"), ("c", OLD)]))
                    .that([only(&["a", "b", "c"])]),
            ],
            ..incremental()
        },
        Drill {
            name: "two records of one moment",
            upstream: "gets a record that changed in the same moment as the last one that was read",
            acts: vec![
                complete(since(&[("a", OLD)])),
                complete(since(&[("a", OLD), ("b", OLD)])).that([
                    only(&["a", "b"]),
                    Count(What::Inserted, 1),
                    Count(What::Unchanged, 1),
                ]),
            ],
            ..incremental()
        },
        Drill {
            name: "a cursor that is no time",
            upstream: "writes `soon` for the time of a change",
            acts: vec![
                complete(since(&[("a", OLD), ("b", "soon")])).that([only(&["a", "b"])]),
                complete(since(&[("a", OLD), ("c", OLD)])).that([only(&["a", "b", "c"])]),
            ],
            ..incremental()
        },
        Drill {
            name: "an incremental run that broke off",
            upstream: "gives the newest record on its first page, and fails on the second",
            definition: incremental().definition.replace(
                "{ kind = \"none\" }",
                r#"{ kind = "page", param = "page", start = 0 }"#,
            ),
            acts: vec![
                partial("status 500", |request| match request.number_in("page") {
                    0 => Reply::json(list(&[stamped("b", EARLY)])),
                    _ => Reply::status(500, ""),
                }),
                // Later than a run is gone on with: it begins anew, behind the mark of the last complete one.
                Act {
                    later: Duration::hours(1),
                    ..complete(|request| match request.number_in("page") {
                        0 => since(&[("a", OLD), ("b", EARLY)])(request),
                        _ => Reply::json("[]"),
                    })
                    .that([only(&["a", "b"])])
                },
            ],
            ..incremental()
        },
    ]
}

fn clocks() -> Vec<Drill> {
    let jumps = |name, upstream, by| Drill {
        name,
        upstream,
        acts: vec![
            complete(since(&[("a", OLD), ("b", EARLY)])),
            Act {
                later: by,
                ..complete(since(&[("a", OLD), ("b", EARLY), ("c", EARLY)]))
                    .that([only(&["a", "b", "c"])])
            },
            complete(since(&[("a", OLD), ("b", EARLY), ("d", EARLY)]))
                .that([only(&["a", "b", "c", "d"])]),
        ],
        ..incremental()
    };
    vec![
        jumps(
            "a clock that goes back between incremental runs",
            "has a new record, and our clock goes back by a day",
            Duration::days(-1),
        ),
        jumps(
            "a clock that leaps between incremental runs",
            "has a new record, and our clock leaps ahead by a year",
            Duration::days(365),
        ),
    ]
}
