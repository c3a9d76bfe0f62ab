//! One live budget for all requests of a source: what the definition allows and what the upstream's answers say is left.
//!
//! The budget belongs to a source and a process. Several processes on one source learn of each other only by what the upstream says,
//! and by the waits that ended a run.

mod budget;
mod learn;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use entity::{Clock, source};
use tokio::{
    sync::{Mutex as Turnstile, Notify, Semaphore, SemaphorePermit},
    time::Instant,
};

use self::budget::{Budget, Moment, Pause};
pub(crate) use self::learn::told;
pub(super) use self::learn::{Said, is_in_body, said};
use crate::source::plan::Limits;

/// The budget of one source, shared by all its runs in this process.
#[derive(Debug)]
pub struct Pace {
    clock: Clock,
    concurrency: Option<u32>,
    /// As many as may be on the way at once.
    slots: Semaphore,
    /// Only the first in line waits for the budget: what it did not take is there for the next, should it go.
    line: Turnstile<()>,
    budget: Mutex<Budget>,
    /// An answer changed the budget.
    changed: Notify,
}

/// The right to have one request on the way.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pace: &'a Pace,
    _permit: Option<SemaphorePermit<'a>>,
}

/// The budget opens only then, which is later than anybody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Later(pub(super) DateTime<Utc>);

impl Pace {
    pub(super) fn new(limits: &Limits, clock: Clock) -> Self {
        Self {
            clock,
            concurrency: limits.concurrency.and_then(|most| u32::try_from(most).ok()),
            slots: Semaphore::new(limits.concurrency.unwrap_or(Semaphore::MAX_PERMITS)),
            line: Turnstile::default(),
            budget: Mutex::new(Budget::new(limits.rate)),
            changed: Notify::new(),
        }
    }

    /// Waits in line until a request may be sent, and tells how long it has to if the upstream says so.
    /// Whoever gives up waiting takes nothing.
    ///
    /// # Errors
    /// The first in line would have to wait longer than `patience`.
    pub(super) async fn slot(
        &self,
        patience: Duration,
        tell: impl Fn(Duration),
    ) -> Result<Slot<'_>, Later> {
        // It is never closed, so that there is always a permit in the end.
        let permit = self.slots.acquire().await.ok();
        let _first_in_line = self.line.lock().await;
        let mut told = None;
        loop {
            let changed = self.changed.notified();
            let taken = self.budget().take(self.now());
            let Err(Pause {
                wait,
                until,
                is_asked,
            }) = taken
            else {
                return Ok(Slot {
                    pace: self,
                    _permit: permit,
                });
            };
            if wait > patience {
                return Err(Later(until));
            }
            // Who is woken early and waits for the same does not tell it twice.
            if is_asked && told.replace(until) != Some(until) {
                tell(wait);
            }
            sleep_or(wait, changed).await;
        }
    }

    /// Learns from an answer what is left, and when there is more.
    pub(super) fn learn(&self, said: Said) {
        self.budget().learn(said, self.now());
        // Whoever is first in line looks again: it may have to wait longer than anybody does.
        self.changed.notify_waiters();
    }

    /// Sends nothing until then.
    pub(super) fn close(&self, until: DateTime<Utc>) {
        let now = self.now();
        let wait = (until - now.time).to_std().unwrap_or(Duration::ZERO);
        self.budget().close(wait, now);
        self.changed.notify_waiters();
    }

    /// What may be sent now.
    pub(super) fn told(&self) -> source::Budget {
        let now = self.now();
        source::Budget {
            concurrency: self.concurrency,
            told_at: Some(now.time),
            ..self.budget().told(now)
        }
    }

    /// The time on the wall.
    pub(super) fn time(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn now(&self) -> Moment {
        Moment {
            instant: Instant::now(),
            time: self.time(),
        }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.pace.budget().landed();
    }
}

/// How long so many requests take at least, one after the other or not, when the budget is whole.
pub fn least_time(limits: &Limits, requests: u64) -> Duration {
    let Some(rate) = limits.rate else {
        return Duration::ZERO;
    };
    let full = requests.saturating_sub(1) / u64::from(rate.requests.max(1));
    u32::try_from(full).map_or(Duration::MAX, |full| rate.per.saturating_mul(full))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a request waits for its turn in the upstream's budget"
)]
async fn sleep_or(wait: Duration, changed: impl Future<Output = ()>) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = changed => {}
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::source::plan::Rate;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Nobody watches.
    fn untold(_: Duration) {}

    fn clock() -> Clock {
        // The wall clock goes with tokio's, which a test can stop.
        let start = Instant::now();
        Clock::from_fn(move || DateTime::UNIX_EPOCH + start.elapsed())
    }

    fn refusal(wait: Duration) -> Said {
        Said {
            status: 429,
            wait: Some(wait),
            ..Said::default()
        }
    }

    fn rate(requests: u32) -> Limits {
        Limits {
            rate: Some(Rate {
                requests,
                per: SECOND,
            }),
            ..Limits::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_on_the_way_than_the_definition_allows() {
        let limits = Limits {
            concurrency: Some(2),
            ..Limits::default()
        };
        let pace = Pace::new(&limits, clock());
        let first = pace.slot(PATIENCE, untold).await.expect("a slot");
        let _second = pace.slot(PATIENCE, untold).await.expect("a slot");
        let mut third = Box::pin(pace.slot(PATIENCE, untold));
        assert!((&mut third).now_or_never().is_none());
        drop(first);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_takes_nothing_with_it() {
        let pace = Pace::new(&rate(1), clock());
        let _sent = pace.slot(PATIENCE, untold).await.expect("a slot");
        let begun = Instant::now();
        for _ in 0..10 {
            let mut gone = Box::pin(pace.slot(PATIENCE, untold));
            assert!((&mut gone).now_or_never().is_none());
        }
        let _next = pace.slot(PATIENCE, untold).await.expect("a slot");
        assert_eq!(begun.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_go_in_the_order_they_came() {
        let pace = Pace::new(&rate(1), clock());
        let order = Mutex::new(Vec::new());
        let come = async |number: usize| {
            let _slot = pace.slot(PATIENCE, untold).await.expect("a slot");
            order.lock().expect("no panic").push(number);
        };
        tokio::join!(come(0), come(1), come(2), come(3));
        assert_eq!(*order.lock().expect("no panic"), [0, 1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_reaches_those_who_wait_already() {
        let pace = Pace::new(&rate(1), clock());
        let slot = pace.slot(PATIENCE, untold).await.expect("a slot");
        let begun = Instant::now();
        let refused = async {
            pace.learn(refusal(60 * SECOND));
            drop(slot);
        };
        let (next, ()) = tokio::join!(pace.slot(PATIENCE, untold), refused);
        next.expect("a slot");
        assert_eq!(begun.elapsed().as_secs(), 60);
        let refused = async { pace.learn(refusal(3600 * SECOND)) };
        let (a, b, ()) = tokio::join!(
            pace.slot(PATIENCE, untold),
            pace.slot(PATIENCE, untold),
            refused
        );
        let later = DateTime::UNIX_EPOCH + begun.elapsed() + 3600 * SECOND;
        assert_eq!((a.err(), b.err()), (Some(Later(later)), Some(Later(later))));
        assert_eq!(begun.elapsed().as_secs(), 60, "nobody waited for it");
    }

    #[tokio::test(start_paused = true)]
    async fn news_of_more_wake_whoever_waits() {
        let pace = Pace::new(&Limits::default(), clock());
        let left = |remaining: f64| Said {
            status: 200,
            remaining: Some(remaining),
            reset: Some(60 * SECOND),
            ..Said::default()
        };
        let slot = pace.slot(PATIENCE, untold).await.expect("a slot");
        pace.learn(left(0.0));
        let begun = Instant::now();
        let news = async {
            pace.learn(left(5.0));
            drop(slot);
        };
        let (next, ()) = tokio::join!(pace.slot(PATIENCE, untold), news);
        next.expect("a slot");
        assert!(begun.elapsed().is_zero());
    }

    #[test]
    fn the_time_that_requests_need_at_least() {
        let check = |limits: Limits, requests, seconds| {
            assert_eq!(
                least_time(&limits, requests),
                SECOND * seconds,
                "{requests}"
            );
        };
        check(Limits::default(), 1_000_000, 0);
        check(rate(3), 0, 0);
        check(rate(3), 3, 0);
        check(rate(3), 4, 1);
        check(rate(3), 6, 1);
        check(rate(3), 7, 2);
        check(rate(1), 100, 99);
    }
}
