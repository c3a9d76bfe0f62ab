//! Pages that are asked for side by side, once a total says how many there are: committed in order, whatever comes first.

use std::sync::Mutex;

use super::{
    drill::{Drill, Theme, complete, deferred, partial},
    fact::{Fact::Count, What, column, live},
    script::{records, stating, untold, well},
    things::{TWICE, Things},
};
use crate::upstream::{Reply, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Pages side by side",
        drills: [failing(), moving()].into_iter().flatten().collect(),
    }
}

/// Ten records on five pages, of which four may be on their way at once.
fn side_by_side() -> Drill {
    Drill {
        definition: definition(super::things::ONCE),
        before: records(10),
        after: records(9),
        ..Drill::default()
    }
}

fn definition(retry: &'static str) -> String {
    Things {
        source: "limits = { concurrency = 4 }",
        retry,
        ..Things::default()
    }
    .toml()
}

fn failing() -> Vec<Drill> {
    vec![
        Drill {
            name: "one of several pages fails",
            upstream: "answers the third page with 500, and those that are asked for beside it rightly",
            acts: vec![
                partial("status 500", |request| match request.number_in("page") {
                    2 => Reply::status(500, ""),
                    _ => paged(&records(10), request),
                })
                .that([live(10), Count(What::Fetched, 4)]),
            ],
            after: records(10),
            ..side_by_side()
        },
        Drill {
            name: "one of several pages fails, of an empty table",
            upstream: "answers the third page with 500: no row of the pages behind it is written",
            before: Vec::new(),
            acts: vec![
                partial("status 500", |request| match request.number_in("page") {
                    2 => Reply::status(500, ""),
                    _ => paged(&records(10), request),
                })
                .that([live(4), Count(What::Inserted, 4)]),
                complete(well(records(10))).that([
                    Count(What::Inserted, 6),
                    column(
                        "the rows are in the order of the pages",
                        "SELECT record_key FROM fake_things WHERE rowno > 8 ORDER BY rowno",
                        &[Some("k8"), Some("k9")],
                    ),
                ]),
            ],
            after: records(10),
            ..side_by_side()
        },
        Drill {
            name: "each page fails once",
            upstream: "answers each page with 503 when it is asked for first, those side by side too",
            definition: definition(TWICE),
            acts: vec![{
                let met = Mutex::new(Vec::new());
                complete(move |request| {
                    let page = request.number_in("page");
                    let mut met = met.lock().expect("no test panicked here");
                    match met.contains(&page) {
                        true => paged(&records(10), request),
                        false => {
                            met.push(page);
                            Reply::status(503, "")
                        }
                    }
                })
                .that([live(10), Count(What::Requests, 10)])
            }],
            ..side_by_side()
        },
        Drill {
            name: "429 to one of several pages",
            upstream: "answers the third page with 429 and `Retry-After: 3600`: nothing is asked for after it",
            acts: vec![
                deferred(
                    "asks to wait until 2026-11-21 09:00:02 UTC",
                    |request| match request.number_in("page") {
                        2.. => Reply::status(429, "").with("retry-after", 3600),
                        _ => paged(&records(10), request),
                    },
                )
                .that([live(10)]),
            ],
            after: records(10),
            ..side_by_side()
        },
    ]
}

fn moving() -> Vec<Drill> {
    vec![
        Drill {
            name: "a total that shrinks while pages are on their way",
            upstream: "states 10, and 8 from the third page on, as records go that stood on the first",
            acts: vec![
                partial("the stated total fell by 2", |request| {
                    match request.number_in("page") {
                        0 | 1 => paged(&records(10), request),
                        _ => paged(&super::script::range(2, 10), request),
                    }
                })
                .that([live(10)]),
            ],
            ..side_by_side()
        },
        Drill {
            name: "a total that grows while pages are on their way",
            upstream: "states 8, and 10 from the third page on: two records more, behind the others",
            before: records(8),
            acts: vec![
                complete(|request| match request.number_in("page") {
                    0 | 1 => paged(&records(8), request),
                    _ => paged(&records(10), request),
                })
                .that([
                    live(10),
                    Count(What::Inserted, 2),
                    Count(What::Fetched, 10),
                ]),
            ],
            ..side_by_side()
        },
        Drill {
            name: "pages beyond the end",
            upstream: "states 10 and has 4: the pages that are asked for in advance are empty",
            acts: vec![
                partial("4 records came where the upstream states 10", |request| {
                    untold(&records(4), request).with("pagination-count", 10)
                })
                .that([live(10)]),
            ],
            ..side_by_side()
        },
        Drill {
            name: "all in one page, and further pages on their way",
            upstream: "ignores the size that it is asked for: its first page holds all 10 records",
            acts: vec![
                complete(|_| stating(10, &records(10))).that([live(10), Count(What::Requests, 1)]),
            ],
            ..side_by_side()
        },
    ]
}
