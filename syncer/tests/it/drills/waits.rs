//! Waits that an upstream asks for, in every dialect, with refusals and with pages.

use chrono::Duration;

use super::{
    drill::{Act, Drill, Theme, complete, deferred, failed},
    fact::{
        Fact::{Asked, Count},
        What, live,
    },
    script::{at_first, instead, records, stating, well},
    things::{TWICE, Things},
};
use crate::upstream::{Reply, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Waits",
        drills: [waits(), passing(), budgets(), nonsense()]
            .into_iter()
            .flatten()
            .collect(),
    }
}

/// An hour from the run in which the upstream refuses: 08:00:02, on the world's clock.
const LATER: &str = "the upstream asks to wait until 2026-11-21 09:00:02 UTC";

fn too_many() -> Reply {
    Reply::status(429, "slow down")
}

/// The first request is answered with `refusal`, which asks to wait for an hour: until then the run is deferred.
fn waiting(
    name: &'static str,
    upstream: &'static str,
    source: &'static str,
    refusal: Reply,
) -> Drill {
    Drill {
        name,
        upstream,
        definition: Things {
            source,
            ..Things::default()
        }
        .toml(),
        acts: vec![
            deferred(LATER, move |_| refusal.clone()).that([live(6), Count(What::Requests, 1)]),
        ],
        ..Drill::default()
    }
}

fn waits() -> Vec<Drill> {
    let after = |wait: &str| too_many().with("retry-after", wait);
    vec![
        waiting(
            "429 with seconds",
            "answers 429 with `Retry-After: 3600`",
            "",
            after("3600"),
        ),
        waiting(
            "429 with a fraction of a second",
            "answers 429 with `Retry-After: 3600.000`",
            "",
            after("3600.000"),
        ),
        waiting(
            "429 with seconds since 1970",
            "answers 429 with `Retry-After: 1795251602`",
            "",
            after("1795251602"),
        ),
        waiting(
            "429 with milliseconds since 1970",
            "answers 429 with `Retry-After: 1795251602000`",
            "",
            after("1795251602000"),
        ),
        waiting(
            "429 with an HTTP date",
            "answers 429 with `Retry-After: Sat, 21 Nov 2026 09:00:02 GMT`",
            "",
            after("Sat, 21 Nov 2026 09:00:02 GMT"),
        ),
        waiting(
            "429 with RFC 3339",
            "answers 429 with `Retry-After: 2026-11-21T10:00:02+01:00`",
            "",
            after("2026-11-21T10:00:02+01:00"),
        ),
        waiting(
            "429 with a header of its own",
            "answers 429 with `X-Wait: 3600`, which `limits.retry_after` names, and a shorter `Retry-After`",
            "limits = { retry_after = \"header:x-wait\" }",
            after("1").with("x-wait", 3600),
        ),
        Drill {
            name: "429 in the middle",
            upstream: "answers the second page with 429 and `Retry-After: 3600`",
            acts: vec![deferred(LATER, instead(1, after("3600"))).that([live(6)])],
            ..Drill::default()
        },
    ]
}

fn passing() -> Vec<Drill> {
    let after = |wait: &str| too_many().with("retry-after", wait);
    vec![
        Drill {
            name: "a wait that is over",
            upstream: "answers 429 once, with a date in the past",
            definition: Things {
                retry: TWICE,
                ..Things::default()
            }
            .toml(),
            acts: vec![
                complete(at_first(after("Sat, 21 Nov 2026 07:00:00 GMT")))
                    .that([live(5), Count(What::Requests, 4)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "waits beyond all time",
            upstream: "asks to wait for 10000000000000000, 1e22 and 9e15 seconds",
            acts: ["10000000000000000", "1e22", "9e15"]
                .map(|far| deferred("asks to wait until 2027-11-22", move |_| after(far)))
                .into(),
            ..Drill::default()
        },
        Drill {
            name: "a wait that was kept",
            upstream: "answers the second page with 429 and `Retry-After: 180`, and is well when the run is gone on with",
            acts: vec![
                deferred(
                    "asks to wait until 2026-11-21 08:03:02 UTC",
                    instead(1, after("180")),
                ),
                Act {
                    later: Duration::minutes(4),
                    ..complete(well(records(5))).that([
                        live(5),
                        Count(What::Fetched, 3),
                        // The page before it is looked at again: nothing has moved.
                        Asked(vec!["/things", "/things", "/things"]),
                    ])
                },
            ],
            ..Drill::default()
        },
    ]
}

const BUDGET: &str =
    "limits = { remaining = \"header:ratelimit-remaining\", reset = \"header:ratelimit-reset\" }";

fn spent(reply: Reply, reset: &str) -> Reply {
    reply
        .with("ratelimit-remaining", 0)
        .with("ratelimit-reset", reset)
}

/// `RateLimit-Remaining` and `RateLimit-Reset`, which the definition names.
fn budgets() -> Vec<Drill> {
    let budget = || Drill {
        definition: Things {
            source: BUDGET,
            ..Things::default()
        }
        .toml(),
        ..Drill::default()
    };
    let closed = |name, upstream, reset: &'static str, refusal: Option<Reply>| Drill {
        name,
        upstream,
        acts: vec![
            deferred(LATER, move |request| {
                let page = || paged(&records(5), request);
                spent(refusal.clone().unwrap_or_else(page), reset)
            })
            .that([live(6), Count(What::Requests, 1)]),
        ],
        ..budget()
    };
    vec![
        closed(
            "a budget that is spent with status 200",
            "gives its first page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 3600`",
            "3600",
            None,
        ),
        closed(
            "a budget that is spent until a time",
            "gives its first page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 1795251602`",
            "1795251602",
            None,
        ),
        closed(
            "429 with a spent budget",
            "answers 429 with `RateLimit-Remaining: 0` and `RateLimit-Reset: 3600`, and no `Retry-After`",
            "3600",
            Some(too_many()),
        ),
        closed(
            "403 with a spent budget",
            "answers 403 with `RateLimit-Remaining: 0` and `RateLimit-Reset: 1795251602`, as GitHub does",
            "1795251602",
            Some(Reply::status(403, "rate limit exceeded")),
        ),
        Drill {
            name: "a budget that is spent for all time",
            upstream: "gives its only page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 1e22`",
            before: records(5),
            acts: vec![complete(|_| spent(stating(5, &records(5)), "1e22")).that([live(5)])],
            // It stays closed for a year, though the run was complete.
            after: Vec::new(),
            ..budget()
        },
        Drill {
            name: "a budget that is there again",
            upstream: "gives every page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 0`",
            acts: vec![
                complete(|request| spent(paged(&records(5), request), "0"))
                    .that([live(5), Count(What::Requests, 3)]),
            ],
            ..budget()
        },
    ]
}

fn nonsense() -> Vec<Drill> {
    let asks = |name, upstream, reply: Reply| Drill {
        name,
        upstream,
        acts: vec![failed("status 429: slow down", move |_| reply.clone()).that([live(6)])],
        ..Drill::default()
    };
    vec![
        asks(
            "429 without a wait",
            "answers 429, and does not say how long",
            too_many(),
        ),
        asks(
            "429 with a wait that is none",
            "answers 429 with `Retry-After: soon`",
            too_many().with("retry-after", "soon"),
        ),
        asks(
            "429 with a wait below nothing",
            "answers 429 with `Retry-After: -5`",
            too_many().with("retry-after", "-5"),
        ),
    ]
}
