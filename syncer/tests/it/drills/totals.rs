//! Totals that lie: too big, too small, shrinking, growing, missing, no numbers.

use super::{
    drill::{Drill, Theme, complete, partial, suspect},
    fact::{Fact::Count, What, live},
    script::{list, records, untold, well},
    things::Things,
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Totals",
        drills: [wrong(), missing(), expected()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// Pages of `count` records that state `total` in place of their number.
fn claims(total: &str, count: usize) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let total = total.to_owned();
    move |request| untold(&records(count), request).with("pagination-count", &total)
}

fn wrong() -> Vec<Drill> {
    vec![
        Drill {
            name: "a total that is too big",
            upstream: "states 9 where it has 5",
            acts: vec![partial(
                "5 records came where the upstream states 9",
                claims("9", 5),
            )],
            ..Drill::default()
        },
        Drill {
            name: "a total that is too small",
            upstream: "states 3 where it has 6",
            acts: vec![
                partial("4 records came where the upstream states 3", claims("3", 6))
                    .that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a total that ends with a page",
            upstream: "states 4 where it has 6: just what its first two pages hold",
            acts: vec![partial("the upstream states 4", claims("4", 6)).that([live(6)])],
            after: records(6),
            ..Drill::default()
        },
        Drill {
            name: "a total of nothing",
            upstream: "states 0 where it has 5",
            acts: vec![partial(
                "2 records came where the upstream states 0",
                claims("0", 5),
            )],
            ..Drill::default()
        },
        Drill {
            name: "a total that shrinks and grows again",
            upstream: "states 6, then 4, then 6",
            acts: vec![partial("the stated total fell by 2", |request| {
                let total = [6, 4, 6][request.number_in("page").min(2)];
                untold(&records(6), request).with("pagination-count", total)
            })],
            ..Drill::default()
        },
        Drill {
            name: "a total that grows on the last page",
            upstream: "states 5, and 7 with the last of its records",
            acts: vec![partial(
                "5 records came where the upstream states 7",
                |request| {
                    let total = [5, 5, 7, 7][request.number_in("page").min(3)];
                    untold(&records(5), request).with("pagination-count", total)
                },
            )],
            ..Drill::default()
        },
        Drill {
            name: "a total beyond all counting",
            upstream: "states 18446744073709551615",
            acts: vec![partial(
                "5 records came where the upstream states 18446744073709551615",
                claims("18446744073709551615", 5),
            )],
            ..Drill::default()
        },
    ]
}

fn missing() -> Vec<Drill> {
    vec![
        Drill {
            name: "a total that is missing",
            upstream: "leaves out the header with the total, which the definition names",
            acts: vec![
                partial(
                    "5 records came, and no total in `header:pagination-count`",
                    |request| untold(&records(5), request),
                )
                .that([Count(What::Requests, 4)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a total that is no number",
            upstream: "states `many`",
            acts: vec![partial(
                "5 records came, and no total in `header:pagination-count`",
                claims("many", 5),
            )],
            ..Drill::default()
        },
        Drill {
            name: "a total below nothing",
            upstream: "states -1, as some do for \"unknown\"",
            acts: vec![partial(
                "5 records came, and no total in `header:pagination-count`",
                claims("-1", 5),
            )],
            ..Drill::default()
        },
        Drill {
            name: "a total on the first page alone",
            upstream: "states 5 with its first page, and nothing with the others",
            acts: vec![
                complete(|request| match request.number_in("page") {
                    0 => paged(&records(5), request),
                    _ => untold(&records(5), request),
                })
                .that([live(5), Count(What::Requests, 3)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a total as a text",
            upstream: "states \"5\", in quotes, in the body",
            definition: Things {
                page: r#"{ kind = "page", param = "page", start = 0, size_param = "limit", size = 2, total = "body:/total" }"#,
                resource: r#"records = "body:/data""#,
                ..Things::default()
            }
            .toml(),
            serve: enveloped,
            acts: vec![
                complete(|request| enveloped(&records(5), request))
                    .that([live(5), Count(What::Requests, 3)]),
            ],
            ..Drill::default()
        },
    ]
}

fn enveloped(all: &[String], request: &Request) -> Reply {
    let from = (request.number_in("page") * 2).min(all.len());
    let page = list(&all[from..(from + 2).min(all.len())]);
    Reply::json(format!(r#"{{"total":"{}","data":{page}}}"#, all.len()))
}

fn expected() -> Vec<Drill> {
    vec![
        Drill {
            name: "a total that is near enough",
            upstream: "states 5 and has 4, where `expect.total` is `within 1`",
            definition: Things {
                resource: r#"expect = { total = "within 1" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![complete(claims("5", 4)).that([live(4), Count(What::Deleted, 2)])],
            ..Drill::default()
        },
        Drill {
            name: "fewer records than expected",
            upstream: "has 4 records, and says so, where `expect.min` is 5",
            definition: Things {
                resource: "expect = { min = 5 }",
                ..Things::default()
            }
            .toml(),
            acts: vec![suspect(
                "4 records came where expect.min is 5",
                well(records(4)),
            )],
            ..Drill::default()
        },
        Drill {
            name: "more gone than expected",
            upstream: "has 3 of 6 records, and says so, where `expect.max_drop` is 40 %",
            definition: Things {
                resource: r#"expect = { max_drop = "40%" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![suspect(
                "3 of 6 rows did not come; expect.max_drop is 40 %",
                well(records(3)),
            )],
            ..Drill::default()
        },
    ]
}
