//! Upstreams that lie or break off: never `complete` unless it truly was, and nothing is deleted.

use entity::run::Outcome;

use crate::{
    upstream::{Reply, Request, paged},
    world::{THINGS, World, assert_outcome, on_each_database},
};

fn records(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!(r#"{{"id":"k{n:03}","name":"n{n}"}}"#))
        .collect()
}

/// Mirrors six records, lets the upstream do `faulty` on a smaller collection, and expects `outcome`, a part of
/// its reason, and every row still there.
async fn drill(
    toml: &str,
    outcome: Outcome,
    reason: &str,
    faulty: impl Fn(&Request) -> Reply + Clone + Send + Sync + 'static,
) {
    on_each_database(toml, async |world: World| {
        let all = records(6);
        world.upstream.answers(move |request| paged(&all, request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        world.upstream.answers(faulty.clone());
        let report = world.sync("things").await;
        assert_outcome(&report, outcome);
        let said = report.error.expect("a reason");
        assert!(said.contains(reason), "{said}");
        let live = world.live("things").await;
        let mirrored = live.iter().filter(|key| key.starts_with('k'));
        assert_eq!(mirrored.count(), 6, "nothing may be deleted");
        // Once the upstream is well again, so is the mirror.
        let five = records(5);
        world.upstream.answers(move |request| paged(&five, request));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        assert_eq!(world.live("things").await.len(), 5);
    })
    .await;
}

/// The pages of five records, with `fault` in place of the page of that number.
fn instead(
    page: usize,
    fault: Reply,
) -> impl Fn(&Request) -> Reply + Clone + Send + Sync + 'static {
    move |request| {
        if request.number_in("page") == page {
            fault.clone()
        } else {
            paged(&records(5), request)
        }
    }
}

#[tokio::test]
async fn an_html_page_answered_as_200() {
    let page = Reply::html(200, "<html><body>maintenance</body></html>");
    drill(
        THINGS,
        Outcome::Partial,
        "content type `text/html` where JSON was expected: <html><body>maintenance",
        instead(1, page),
    )
    .await;
}

#[tokio::test]
async fn html_under_the_name_of_json() {
    drill(
        THINGS,
        Outcome::Partial,
        "cannot be read",
        instead(1, Reply::json("<html>")),
    )
    .await;
}

#[tokio::test]
async fn a_first_page_that_fails_is_a_failed_run() {
    drill(
        THINGS,
        Outcome::Failed,
        "status 500: broken",
        instead(0, Reply::status(500, "broken")),
    )
    .await;
}

#[tokio::test]
async fn a_short_page() {
    let short = |request: &Request| {
        let all = records(5);
        match request.number_in("page") {
            1 => Reply::json(format!("[{}]", all[2])).with("pagination-count", 5),
            _ => paged(&all, request),
        }
    };
    drill(
        THINGS,
        Outcome::Partial,
        "4 records came where the upstream states 5",
        short,
    )
    .await;
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let body = b"[{\"id\":\"k002\"".to_vec();
    drill(
        THINGS,
        Outcome::Partial,
        "request to",
        instead(
            1,
            Reply::Truncated {
                body,
                promised: 500,
            },
        ),
    )
    .await;
}

#[tokio::test]
async fn a_body_that_ends_too_early_by_its_own_count() {
    drill(
        THINGS,
        Outcome::Partial,
        "EOF while parsing",
        instead(1, Reply::json(r#"[{"id":"k002"},"#)),
    )
    .await;
}

#[tokio::test]
async fn a_connection_that_is_reset_for_good() {
    drill(
        THINGS,
        Outcome::Partial,
        "request to",
        instead(1, Reply::Reset),
    )
    .await;
}

#[tokio::test]
async fn a_server_error_for_good() {
    drill(
        THINGS,
        Outcome::Partial,
        "status 503: (no body)",
        instead(2, Reply::status(503, "")),
    )
    .await;
}

#[tokio::test]
async fn an_empty_answer_where_there_was_plenty() {
    let empty = |_: &Request| Reply::json("[]").with("pagination-count", 0);
    drill(
        THINGS,
        Outcome::Suspect,
        "it would delete 6 of 6 rows",
        empty,
    )
    .await;
}

#[tokio::test]
async fn an_object_where_the_array_should_be() {
    drill(
        THINGS,
        Outcome::Partial,
        "the body is an object and not an array",
        instead(1, Reply::json("{}")),
    )
    .await;
}

#[tokio::test]
async fn an_error_answered_as_200() {
    let toml = THINGS.replace(
        "key     =",
        "error_when = \"body:/error\"\nrecords = \"body:/data\"\nkey     =",
    );
    let wrapped = |request: &Request, error: &str| {
        let Reply::Answer { body, .. } = paged(&records(5), request) else {
            unreachable!()
        };
        let data = String::from_utf8(body).expect("text");
        Reply::json(format!(r#"{{"error":{error},"data":{data}}}"#)).with("pagination-count", 5)
    };
    on_each_database(&toml, async |world| {
        world
            .upstream
            .answers(move |request| wrapped(request, "null"));
        assert_outcome(&world.sync("things").await, Outcome::Complete);
        world
            .upstream
            .answers(move |request| wrapped(request, "\"quota\""));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Failed);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("`/error` is \"quota\"")
        );
    })
    .await;
}

#[tokio::test]
async fn pages_that_go_in_a_circle() {
    let untold = THINGS.replace(", total = \"header:pagination-count\"", "");
    on_each_database(&untold, async |world| {
        let first = records(2).join(",");
        world
            .upstream
            .answers(move |_| Reply::json(format!("[{first}]")));
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Suspect);
        assert!(
            report
                .error
                .expect("a reason")
                .contains("all 2 records of page 2 had come on an earlier page")
        );
        assert_eq!(report.counts.requests, 2);
    })
    .await;
}

#[tokio::test]
async fn records_that_move_between_pages() {
    let shifting = |request: &Request| {
        let all = records(6);
        let page = match request.number_in("page") {
            0 => &all[0..2],
            1 => &all[1..3],
            _ => &all[4..6],
        };
        Reply::json(format!("[{}]", page.join(","))).with("pagination-count", 6)
    };
    drill(
        THINGS,
        Outcome::Partial,
        "1 records came on two pages",
        shifting,
    )
    .await;
}

#[tokio::test]
async fn a_total_that_lies() {
    let lying = |request: &Request| match paged(&records(5), request) {
        Reply::Answer { status, body, .. } => {
            Reply::status(status, String::from_utf8(body).expect("text"))
                .with("pagination-count", 9)
        }
        other => other,
    };
    drill(
        THINGS,
        Outcome::Partial,
        "5 records came where the upstream states 9",
        lying,
    )
    .await;
}

#[tokio::test]
async fn more_pages_than_the_limit() {
    let bounded = THINGS.replace("size = 2,", "size = 2, max = 3,");
    let endless = |request: &Request| {
        let n = request.number_in("page") + 100;
        Reply::json(format!(r#"[{{"id":"a{n}"}},{{"id":"b{n}"}}]"#)).with("pagination-count", 999)
    };
    drill(
        &bounded,
        Outcome::Suspect,
        "3 pages and no end: page.max is reached",
        endless,
    )
    .await;
}

#[tokio::test]
async fn fewer_records_than_expected() {
    let expecting = THINGS.replace(
        "key     =",
        "expect = { min = 5, max_drop = \"40%\" }\nkey     =",
    );
    let some = |count: usize| move |request: &Request| paged(&records(count), request);
    drill(
        &expecting,
        Outcome::Suspect,
        "4 records came where expect.min is 5",
        some(4),
    )
    .await;
}

#[tokio::test]
async fn without_a_total_only_an_empty_page_is_the_end() {
    let untold = THINGS.replace(", total = \"header:pagination-count\"", "");
    on_each_database(&untold, async |world| {
        // The upstream filters its pages: the second is short, and there is a third.
        world.upstream.answers(|request| {
            let all = records(5);
            match request.number_in("page") {
                0 => Reply::json(format!("[{}]", all[0..2].join(","))),
                1 => Reply::json(format!("[{}]", all[2])),
                2 => Reply::json(format!("[{}]", all[3..5].join(","))),
                _ => Reply::json("[]"),
            }
        });
        let report = world.sync("things").await;
        assert_outcome(&report, Outcome::Complete);
        assert_eq!((report.counts.fetched, report.counts.requests), (5, 4));
    })
    .await;
}

#[tokio::test]
async fn a_fault_that_passes_is_asked_again() {
    on_each_database(THINGS, async |world| {
        for fault in [
            Reply::Reset,
            Reply::status(500, ""),
            Reply::Truncated {
                body: b"[".to_vec(),
                promised: 9,
            },
        ] {
            let broken = world.upstream.asked().len() + 1;
            assert!(broken > 0);
            world.upstream.answers(move |request| match request.number {
                1 => fault.clone(),
                _ => paged(&records(5), request),
            });
            let report = world.sync("things").await;
            assert_outcome(&report, Outcome::Complete);
            assert_eq!((report.counts.requests, report.counts.pages), (4, 3));
        }
    })
    .await;
}
