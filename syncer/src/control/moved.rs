//! How far a run has come, how fast it goes, and how long the rest may take: pure.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::run::Counts;
use tokio::time::Instant;

/// The pace is that of this last while.
const WHILE: Duration = Duration::from_secs(15);

/// How far a run has come, told by the run and read beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved(Arc<Mutex<Place>>);

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) counts: Counts,
    /// How many pages there are, if that is known.
    pub(super) pages: Option<u64>,
}

impl Moved {
    pub(super) fn to(&self, counts: &Counts, pages: Option<u64>) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Place {
            counts: *counts,
            pages,
        };
    }

    pub(super) fn place(&self) -> Place {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How fast a run goes.
#[derive(Debug)]
pub(super) struct Pace {
    /// When how many records had come, oldest first.
    samples: VecDeque<(Instant, i64)>,
}

impl Pace {
    pub(super) fn new(now: Instant, records: i64) -> Self {
        Self {
            samples: VecDeque::from([(now, records)]),
        }
    }

    /// Takes in how many records have come, and returns how many come in a second.
    pub(super) fn at(&mut self, now: Instant, records: i64) -> Option<f64> {
        // The last sample before the while is where it begins.
        while self.samples.len() > 1 && now.duration_since(self.samples[1].0) >= WHILE {
            self.samples.pop_front();
        }
        let (begun, before) = *self.samples.front()?;
        self.samples.push_back((now, records));
        let seconds = now.duration_since(begun).as_secs_f64();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a pace needs no more than 53 bits"
        )]
        let came = (records - before).max(0) as f64;
        (seconds > 0.0).then(|| came / seconds)
    }
}

/// How many seconds the rest of `total` takes, at that many records a second.
pub(super) fn seconds_left(total: Option<i64>, came: i64, rate: Option<f64>) -> Option<i64> {
    let (left, rate) = ((total? - came).max(0), rate?);
    if rate <= 0.0 {
        return (left == 0).then_some(0);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "an estimate, and a cast stops at the greatest number"
    )]
    let seconds = (left as f64 / rate).ceil() as i64;
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_while() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let mut pace = Pace::new(start, 0);
        assert_eq!(pace.at(start, 0), None);
        assert_eq!(pace.at(after(1), 100), Some(100.0));
        assert_eq!(pace.at(after(10), 1000), Some(100.0));
        // What was before the while counts no more.
        assert_eq!(pace.at(after(25), 1000), Some(0.0));
        assert_eq!(pace.at(after(30), 2000), Some(50.0));
    }

    #[test]
    fn the_rest_takes_as_long_as_the_pace_says() {
        let check = |total, came, rate, expected| {
            assert_eq!(
                seconds_left(total, came, rate),
                expected,
                "{total:?} {came}"
            );
        };
        check(Some(1000), 100, Some(100.0), Some(9));
        check(Some(1001), 100, Some(100.0), Some(10));
        check(Some(100), 120, Some(100.0), Some(0));
        check(Some(100), 100, Some(0.0), Some(0));
        check(Some(100), 10, Some(0.0), None);
        check(None, 10, Some(1.0), None);
        check(Some(100), 10, None, None);
    }
}
