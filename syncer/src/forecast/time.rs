//! How long requests take: pure arithmetic with what earlier ones took and what the limits allow.

use entity::run;

use super::{Asked, Need, millis};
use crate::{
    fetch::pace::least_time,
    source::plan::{Limits, Source},
};

/// What requests took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Pace {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Of a run, milliseconds a request: with its waits, and with those that were on the way together.
    OfRun(f64),
    /// Of one request, milliseconds, and whether several can be on the way at once.
    OfOne { took: f64, together: bool },
    /// A run that asks nobody, in milliseconds.
    Whole(u64),
}

impl Pace {
    /// That of the newest of `runs` that tells it: one that went on from another had only a part of its requests.
    pub(super) fn of_runs(source: &Source, runs: &[run::Model]) -> Self {
        let took = |run: &run::Model| {
            let took = run.ended_at? - run.started_at;
            Some(took.num_milliseconds().max(0).unsigned_abs())
        };
        if source.is_folder() {
            return runs
                .first()
                .and_then(took)
                .map_or(Self::Unknown, Self::Whole);
        }
        let mut whole = runs
            .iter()
            .filter(|run| run.requests > 0 && run.resumed_from.is_none());
        let pace = |run: &run::Model| {
            Some(Self::OfRun(
                float(took(run)?) / float(run.requests.unsigned_abs()),
            ))
        };
        whole.find_map(pace).unwrap_or_default()
    }

    pub(super) fn need(self, source: &Source, asked: &Asked) -> Need {
        let least = millis(least_time(&source.limits, asked.requests));
        let told = match self {
            Self::Unknown => None,
            Self::Whole(took) => Some(took),
            Self::OfRun(each) => Some(whole(each * float(asked.requests))),
            Self::OfOne { took, together } => {
                let at_once = source.limits.concurrency.filter(|_| together).unwrap_or(1);
                let turns = asked.requests.div_ceil(at_once.max(1) as u64);
                Some(whole(took * float(turns)))
            }
        };
        Need {
            requests: asked.requests,
            requests_at_least: asked.at_least,
            requests_at_most: asked.at_most,
            time_ms: told
                .map(|told| told.max(least))
                .or((least > 0).then_some(least)),
            time_at_least: told.is_none() || asked.at_least,
            time_at_most: asked.at_most,
        }
    }
}

/// What the runs of a source need, one after the other, out of one budget.
pub(super) fn together(limits: &Limits, needs: impl Iterator<Item = Need>) -> Need {
    let mut all = Need {
        time_ms: Some(0),
        ..Need::default()
    };
    for need in needs {
        all.requests += need.requests;
        all.requests_at_least |= need.requests_at_least;
        all.requests_at_most |= need.requests_at_most;
        all.time_at_least |= need.time_at_least;
        all.time_at_most |= need.time_at_most;
        all.time_ms = all.time_ms.map(|time| time + need.time_ms.unwrap_or(0));
    }
    let least = millis(least_time(limits, all.requests));
    all.time_ms = all.time_ms.map(|time| time.max(least));
    // Of a time that is at least nothing, nothing is known.
    all.time_ms = all.time_ms.filter(|time| *time > 0 || !all.time_at_least);
    all
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a forecast is no more exact than a double"
)]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a forecast is never negative, and a cast of what is too large saturates"
)]
pub(super) fn whole(number: f64) -> u64 {
    // A tiny bit more than a whole number is that number.
    (number - 1e-6).ceil().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::plan::Rate;

    fn limits(requests: u32) -> Limits {
        Limits {
            rate: Some(Rate {
                requests,
                per: Duration::from_secs(60),
            }),
            ..Limits::default()
        }
    }

    fn need(requests: u64, time_ms: Option<u64>) -> Need {
        Need {
            requests,
            time_ms,
            time_at_least: time_ms.is_none(),
            ..Need::default()
        }
    }

    #[test]
    fn runs_share_one_budget() {
        let check = |needs: &[Need], expected| {
            assert_eq!(together(&limits(10), needs.iter().copied()), expected);
        };
        check(
            &[need(5, Some(900)), need(5, Some(50))],
            need(10, Some(950)),
        );
        // Each alone would fit into a minute.
        check(
            &[need(6, Some(900)), need(5, Some(50))],
            need(11, Some(60_000)),
        );
        check(&[need(1, None)], need(1, None));
        let known_in_part = Need {
            time_at_least: true,
            ..need(2, Some(50))
        };
        check(&[need(1, None), need(1, Some(50))], known_in_part);
    }

    #[test]
    fn what_may_be_longer_is_not_said_to_fit() {
        let check = |need: Need, expected| assert_eq!(need.fits(1_000), expected);
        check(need(1, Some(1_000)), Some(true));
        check(need(1, Some(1_001)), Some(false));
        check(need(1, None), None);
        let at_least = |time| Need {
            time_at_least: true,
            ..need(1, Some(time))
        };
        check(at_least(10), None);
        check(at_least(2_000), Some(false));
        let at_most = |time| Need {
            time_at_most: true,
            ..need(1, Some(time))
        };
        check(at_most(10), Some(true));
        check(at_most(2_000), None);
    }

    #[test]
    fn a_part_of_a_request_is_a_request() {
        assert_eq!(whole(2.1), 3);
        assert_eq!(whole(0.1 * 30.0), 3);
        assert_eq!(whole(0.0), 0);
    }
}
