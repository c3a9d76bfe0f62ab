//! Refusals: waits in every dialect, storms of server errors, and what no waiting helps.

use super::{
    drill::{Drill, Theme, complete, deferred, failed, partial},
    fact::{Fact::Count, What, live},
    script::{at_first, instead, records},
    things::{TWICE, Things},
};
use crate::upstream::{Reply, Request, paged};

pub(super) fn theme() -> Theme {
    Theme {
        title: "Refusals",
        drills: [waits(), budgets(), nonsense(), storms(), refusals()]
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
        Drill {
            name: "a wait that is over",
            upstream: "answers 429 once, with a date in the past",
            definition: twice(),
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
    let says = |name, upstream, reset: &'static str| Drill {
        acts: vec![
            deferred(LATER, move |request| {
                spent(paged(&records(5), request), reset)
            })
            .that([live(6), Count(What::Requests, 1)]),
        ],
        ..waiting(name, upstream, BUDGET, too_many())
    };
    vec![
        says(
            "a budget that is spent with status 200",
            "gives its first page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 3600`",
            "3600",
        ),
        says(
            "a budget that is spent until a time",
            "gives its first page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 1795251602`",
            "1795251602",
        ),
        Drill {
            acts: vec![
                complete(|request| spent(paged(&records(5), request), "0"))
                    .that([live(5), Count(What::Requests, 3)]),
            ],
            ..waiting(
                "a budget that is there again",
                "gives every page with `RateLimit-Remaining: 0` and `RateLimit-Reset: 0`",
                BUDGET,
                too_many(),
            )
        },
        waiting(
            "429 with a spent budget",
            "answers 429 with `RateLimit-Remaining: 0` and `RateLimit-Reset: 3600`, and no `Retry-After`",
            BUDGET,
            spent(too_many(), "3600"),
        ),
        waiting(
            "403 with a spent budget",
            "answers 403 with `RateLimit-Remaining: 0` and `RateLimit-Reset: 1795251602`, as GitHub does",
            BUDGET,
            spent(Reply::status(403, "rate limit exceeded"), "1795251602"),
        ),
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

fn twice() -> String {
    Things {
        retry: TWICE,
        ..Things::default()
    }
    .toml()
}

fn storms() -> Vec<Drill> {
    vec![
        Drill {
            name: "500 for good",
            upstream: "answers everything with 500, however often it is asked",
            definition: twice(),
            acts: vec![
                failed("status 500: broken", |_| Reply::status(500, "broken"))
                    .that([live(6), Count(What::Requests, 2)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a storm of 500 and 503",
            upstream: "answers every other request with 500 or 503",
            definition: twice(),
            acts: vec![
                complete(|request| match request.number {
                    0 | 4 => Reply::status(500, ""),
                    2 => Reply::status(503, ""),
                    _ => paged(&records(5), request),
                })
                .that([live(5), Count(What::Requests, 6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "503 on the last page",
            upstream: "answers its last page with 503, and no body",
            acts: vec![
                partial("status 503: (no body)", instead(2, Reply::status(503, "")))
                    .that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "a partial run, and a good one at once",
            upstream: "answers its last page with 500, and is well a second later",
            acts: vec![
                partial("status 500", instead(2, Reply::status(500, ""))),
                complete(|request: &Request| paged(&records(5), request))
                    .that([live(5), Count(What::Deleted, 1)]),
            ],
            ..Drill::default()
        },
    ]
}

fn refusals() -> Vec<Drill> {
    vec![
        Drill {
            name: "401 that repeats the key",
            upstream: "answers 401, and repeats the key that it was asked with",
            definition: Things {
                source: r#"auth = { kind = "header", name = "x-api-key", value = "${FAKE_KEY}" }"#,
                ..Things::default()
            }
            .toml(),
            acts: vec![failed("no such key: ***", |_| {
                Reply::status(401, r#"{"error":"no such key: s3cret"}"#)
            })],
            ..Drill::default()
        },
        Drill {
            name: "404 in the middle",
            upstream: "answers the second page with 404",
            acts: vec![
                partial("status 404: gone", instead(1, Reply::status(404, "gone"))).that([live(6)]),
            ],
            ..Drill::default()
        },
        Drill {
            name: "204 in the middle",
            upstream: "answers the second page with 204, No Content",
            acts: vec![
                partial("cannot be read: EOF", instead(1, Reply::status(204, ""))).that([live(6)]),
            ],
            ..Drill::default()
        },
    ]
}
