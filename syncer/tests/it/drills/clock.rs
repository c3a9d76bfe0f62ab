//! Clocks that jump: our own, between runs and in the middle of one.

use chrono::Duration;

use super::{
    drill::{Act, Drill, Jump, Theme, complete, partial},
    fact::{Fact::Count, What, live},
    script::{instead, records, well},
};
use crate::upstream::Reply;

pub(super) fn theme() -> Theme {
    Theme {
        title: "Clocks",
        drills: [between(), within()].into_iter().flatten().collect(),
    }
}

fn between() -> Vec<Drill> {
    let later = |name, upstream, by| Drill {
        name,
        upstream,
        acts: vec![Act {
            later: by,
            ..complete(well(records(5))).that([live(5), Count(What::Deleted, 1)])
        }],
        ..Drill::default()
    };
    vec![
        later(
            "a clock that goes back between runs",
            "is well, and our clock goes back by a day before the run",
            Duration::days(-1),
        ),
        later(
            "a clock that leaps between runs",
            "is well, and our clock leaps ahead by ten years before the run",
            Duration::days(3653),
        ),
        Drill {
            name: "a clock that goes back before a run is gone on with",
            upstream: "breaks off in the middle, and our clock goes back by a day before the next run",
            acts: vec![
                partial("status 500", instead(1, Reply::status(500, ""))),
                Act {
                    later: Duration::days(-1),
                    ..complete(well(records(5))).that([live(5), Count(What::Deleted, 1)])
                },
            ],
            ..Drill::default()
        },
    ]
}

fn within() -> Vec<Drill> {
    let jumps = |name, upstream, by| Drill {
        name,
        upstream,
        acts: vec![Act {
            jump: Some(Jump { request: 1, by }),
            ..complete(well(records(5))).that([live(5), Count(What::Deleted, 1)])
        }],
        ..Drill::default()
    };
    vec![
        jumps(
            "a clock that goes back in the middle of a run",
            "is well, and our clock goes back by an hour before its second page",
            Duration::hours(-1),
        ),
        jumps(
            "a clock that leaps in the middle of a run",
            "is well, and our clock leaps ahead by a year before its second page",
            Duration::days(365),
        ),
    ]
}
