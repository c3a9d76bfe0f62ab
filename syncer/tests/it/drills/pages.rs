//! Pages by number and by offset that are short, long, empty, repeated, or move while they are read.

use super::{
    drill::{Drill, Theme, complete, partial, suspect},
    fact::{Fact::Count, What, live},
    script::{instead, list, records, stating, untold},
    things::{TOLD, Things, UNTOLD},
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Pages",
        drills: [sizes(), circles(), moves(), keyless()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

fn without_total() -> Drill {
    Drill {
        definition: Things {
            page: UNTOLD,
            ..Things::default()
        }
        .toml(),
        serve: untold,
        ..Drill::default()
    }
}

fn sizes() -> Vec<Drill> {
    vec![
        Drill {
            name: "a short page",
            upstream: "leaves one record out of its second page, and states 5 in all",
            acts: vec![partial(
                "4 records came where the upstream states 5",
                instead(1, stating(5, &records(5)[2..3])),
            )],
            ..Drill::default()
        },
        Drill {
            name: "a short page without a total",
            upstream: "filters its pages: the second of three is short, and it states no total",
            acts: vec![
                complete(|request| {
                    let all = records(5);
                    Reply::json(list(match request.number_in("page") {
                        0 => &all[0..2],
                        1 => &all[2..3],
                        2 => &all[3..5],
                        _ => &[],
                    }))
                })
                .that([live(5), Count(What::Requests, 4)]),
            ],
            ..without_total()
        },
        Drill {
            name: "a short page by offset",
            upstream: "gives one record where two are asked for by offset, and goes on from there",
            definition: Things {
                page: r#"{ kind = "offset", param = "skip", size_param = "limit", size = 2, total = "header:x-total" }"#,
                ..Things::default()
            }
            .toml(),
            serve: skipped,
            acts: vec![
                complete(|request| {
                    let all = records(5);
                    match request.number_in("skip") {
                        2 => Reply::json(list(&all[2..3])).with("x-total", 5),
                        _ => skipped(&all, request),
                    }
                })
                .that([live(5), Count(What::Requests, 4)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a long page",
            upstream: "gives three records in its first page where two were asked for, the third of them again in the second",
            acts: vec![partial(
                "6 records came where the upstream states 5",
                instead(0, stating(5, &records(3))),
            )],
            ..Drill::default()
        },
        Drill {
            name: "a page size that is ignored",
            upstream: "gives all five records whatever the page and its size, and states 5",
            before: records(5),
            acts: vec![
                complete(|_| stating(5, &records(5))).that([live(5), Count(What::Requests, 1)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a page size that is ignored, and a record that is gone",
            upstream: "gives the same five records for every page, and states 5: the page behind them is asked for, and doubted",
            acts: vec![
                suspect("all 5 records of page 2 had come on an earlier page", |_| {
                    stating(5, &records(5))
                })
                .that([live(6), Count(What::Requests, 2)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "an empty page in the middle",
            upstream: "gives nothing for the second page, and states 5",
            acts: vec![partial(
                "2 records came where the upstream states 5",
                instead(1, stating(5, &[])),
            )],
            ..Drill::default()
        },
        Drill {
            name: "an empty page in the middle without a total",
            upstream: "gives nothing for the second page, and states no total",
            acts: vec![suspect(
                "it would delete 4 of 6 rows where deletes.max is 50 %",
                |request| match request.number_in("page") {
                    1 => Reply::json("[]"),
                    _ => untold(&records(6), request),
                },
            )],
            ..without_total()
        },
    ]
}

/// The records behind `skip`, and their number.
fn skipped(all: &[String], request: &Request) -> Reply {
    let from = request.number_in("skip").min(all.len());
    let to = (from + 2).min(all.len());
    Reply::json(list(&all[from..to])).with("x-total", all.len())
}

fn circles() -> Vec<Drill> {
    vec![
        Drill {
            name: "paging that is ignored",
            upstream: "gives the same five records for every page, and states no total",
            acts: vec![
                suspect(
                    "all 5 records of page 2 had come on an earlier page",
                    |_| Reply::json(list(&records(5))),
                )
                .that([Count(What::Requests, 2)]),
            ],
            ..without_total()
        },
        Drill {
            name: "the last page for ever",
            upstream: "repeats its last page for every page behind it, and states no total",
            acts: vec![
                suspect(
                    "all 1 records of page 4 had come on an earlier page",
                    |request| {
                        let page = request.number_in("page").min(2);
                        Reply::json(list(&records(5)[page * 2..(page * 2 + 2).min(5)]))
                    },
                )
                .that([Count(What::Requests, 4)]),
            ],
            ..without_total()
        },
        Drill {
            name: "pages in a circle",
            upstream: "begins again from its first page behind the second, without end",
            acts: vec![suspect(
                "all 2 records of page 3 had come on an earlier page",
                |request| {
                    let page = request.number_in("page") % 2;
                    Reply::json(list(&records(6)[page * 2..page * 2 + 2]))
                },
            )],
            ..without_total()
        },
        Drill {
            name: "bad records in a circle",
            upstream: "gives the same two records without keys for every page, and states no total",
            acts: vec![
                suspect("had come on an earlier page", |_| {
                    Reply::json(r#"[{"name":"no key"},{"name":"none either"}]"#)
                })
                .that([Count(What::Requests, 2)]),
            ],
            ..without_total()
        },
        Drill {
            name: "more pages than the definition allows",
            upstream: "gives two new records for every page, without end, where `page.max` is 3",
            definition: Things {
                page: r#"{ kind = "page", param = "page", start = 0, size_param = "limit", size = 2, max = 3 }"#,
                deletes: "{ max = \"100%\" }",
                ..Things::default()
            }
            .toml(),
            serve: untold,
            acts: vec![
                suspect("3 pages and no end: page.max is reached", |request| {
                    let n = request.number_in("page") + 100;
                    Reply::json(format!(r#"[{{"id":"a{n}"}},{{"id":"b{n}"}}]"#))
                })
                .that([Count(What::Requests, 3)]),
            ],
            before: records(4),
            after: records(4),
        },
    ]
}

fn moves() -> Vec<Drill> {
    vec![
        Drill {
            name: "overlapping pages",
            upstream: "gives a record on its first page and again on its second, in the place of another, and states 6",
            acts: vec![partial("1 records came on two pages", |request| {
                let all = records(6);
                match request.number_in("page") {
                    1 => stating(6, &all[1..3]),
                    _ => paged(&all, request),
                }
            })],
            ..Drill::default()
        },
        Drill {
            name: "a record that is added in front",
            upstream: "gets a new first record while its pages are read: each record moves one place back, and the total grows",
            acts: vec![partial("1 records came on two pages", |request| {
                let mut all = records(6);
                if request.number_in("page") > 0 {
                    all.insert(0, r#"{"id":"new"}"#.to_owned());
                }
                paged(&all, request)
            })],
            ..Drill::default()
        },
        Drill {
            name: "a record that is added in front, where absence means nothing",
            upstream: "gets a new first record, which no page then holds, while its pages are read, where `mode` is `upsert`",
            definition: Things {
                resource: "mode = \"upsert\"",
                ..Things::default()
            }
            .toml(),
            acts: vec![
                partial("1 records came on two pages", |request| {
                    let mut all = records(6);
                    if request.number_in("page") > 0 {
                        all.insert(0, r#"{"id":"new"}"#.to_owned());
                    }
                    paged(&all, request)
                })
                .that([live(6)]),
            ],
            after: records(6),
            ..Drill::default()
        },
        Drill {
            name: "a record that goes while its pages are read",
            upstream: "loses its first record after the second page: the fifth moves onto a page that was read before",
            before: records(7),
            acts: vec![
                partial(
                    "the stated total fell by 1 while the pages were read",
                    |request| {
                        let gone = usize::from(request.number_in("page") == 2);
                        paged(&records(7)[gone..], request)
                    },
                )
                .that([live(7)]),
            ],
            ..Drill::default()
        },
    ]
}

/// Without a total where `page` states none, and without a key.
fn hashed(page: &'static str) -> Drill {
    Drill {
        definition: Things {
            page,
            ..Things::default()
        }
        .toml()
        .replace(r#"["id"]"#, r#""hash""#),
        serve: if page == UNTOLD { untold } else { paged },
        ..Drill::default()
    }
}

fn keyless() -> Vec<Drill> {
    let doubled = |request: &Request| {
        let all = records(3);
        Reply::json(list(match request.number_in("page") {
            0 => &all[0..2],
            1 => &all[1..3],
            _ => &[],
        }))
    };
    vec![
        Drill {
            name: "paging that is ignored, without keys",
            upstream: "gives the same five records for every page, where `key` is `hash`, and states no total",
            acts: vec![
                suspect(
                    "all 5 records of page 2 had come on an earlier page",
                    |_| Reply::json(list(&records(5))),
                )
                .that([Count(What::Requests, 2)]),
            ],
            ..hashed(UNTOLD)
        },
        Drill {
            name: "paging that is ignored, without keys, under a total",
            upstream: "gives the same two records for every page, where `key` is `hash`, and states 6",
            acts: vec![suspect(
                "all 2 records of page 2 had come on an earlier page",
                |_| stating(6, &records(2)),
            )],
            ..hashed(TOLD)
        },
        Drill {
            name: "pages in a circle, without keys",
            upstream: "begins again from its first page behind the second, without end, where `key` is `hash`",
            acts: vec![suspect(
                "all 2 records of page 4 had come on an earlier page",
                |request| {
                    let page = request.number_in("page") % 2;
                    Reply::json(list(&records(6)[page * 2..page * 2 + 2]))
                },
            )],
            ..hashed(UNTOLD)
        },
        Drill {
            name: "overlapping pages, without keys",
            upstream: "gives a record on its first page and again on its second, in the place of another, and states 6, where `key` is `hash`",
            acts: vec![partial("1 records came on two pages", |request| {
                let all = records(6);
                match request.number_in("page") {
                    1 => stating(6, &all[1..3]),
                    _ => paged(&all, request),
                }
            })],
            ..hashed(TOLD)
        },
        Drill {
            name: "equal records, without keys",
            upstream: "has two equal records on two pages, and states no total, where `key` is `hash`: they are one row, and each page may be as it was",
            before: records(3),
            acts: vec![
                complete(doubled).that([Count(What::Fetched, 4), Count(What::Unchanged, 4)]),
                complete(doubled).that([Count(What::Fetched, 4), Count(What::Unchanged, 4)]),
            ],
            ..hashed(UNTOLD)
        },
    ]
}
