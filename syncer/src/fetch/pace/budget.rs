//! What may be sent when: pure decisions from what the definition allows and what the answers said.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, Utc};
use entity::source;
use tokio::time::Instant;

use super::learn::Said;
use crate::source::plan::Rate;

/// A moment on both clocks.
///
/// Waits are measured by the one that never jumps. The wall clock only ends them early: it goes on while a machine sleeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) time: DateTime<Utc>,
}

impl Moment {
    fn after(self, wait: Duration) -> Self {
        Self {
            instant: self.instant + wait,
            time: self.time + wait,
        }
    }

    /// How long it is from `now` until then.
    fn wait(self, now: Self) -> Duration {
        let by_time = (self.time - now.time).to_std().unwrap_or(Duration::ZERO);
        self.instant
            .saturating_duration_since(now.instant)
            .min(by_time)
    }
}

/// Why a request cannot be sent now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pause {
    pub(super) wait: Duration,
    pub(super) until: DateTime<Utc>,
    /// The upstream says so, and not the definition.
    pub(super) is_asked: bool,
}

/// The budget of a source.
#[derive(Debug)]
pub(super) struct Budget {
    rate: Option<Rate>,
    /// What was sent in the last `rate.per`, oldest first.
    sent: VecDeque<Group>,
    /// Requests on the way.
    in_flight: u32,
    /// What the upstream last said is left.
    left: Option<Left>,
    /// The upstream refuses everything until then.
    closed: Option<Moment>,
}

/// Requests sent at about the same time: a limit of a million a day must not remember a million times.
#[derive(Debug)]
struct Group {
    first: Instant,
    last: Instant,
    requests: u32,
}

#[derive(Debug)]
struct Left {
    requests: f64,
    until: Moment,
}

impl Budget {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        Self {
            rate,
            sent: VecDeque::new(),
            in_flight: 0,
            left: None,
            closed: None,
        }
    }

    /// Takes a request out of the budget.
    ///
    /// # Errors
    /// Nothing may be sent now. Nothing was taken.
    pub(super) fn take(&mut self, now: Moment) -> Result<(), Pause> {
        let waits = [self.closed(now), self.spent(now), self.paced(now)];
        if let Some(pause) = waits.into_iter().flatten().max_by_key(|pause| pause.wait) {
            return Err(pause);
        }
        self.in_flight += 1;
        if let Some(left) = &mut self.left {
            left.requests -= 1.0;
        }
        if let Some(rate) = self.rate {
            self.note(rate, now.instant);
        }
        Ok(())
    }

    /// What may be sent before there is more, and when that is.
    pub(super) fn told(&mut self, now: Moment) -> source::Budget {
        let waits = [self.closed(now), self.spent(now), self.paced(now)];
        let longest = waits.into_iter().flatten().max_by_key(|pause| pause.wait);
        let sent: u32 = self.sent.iter().map(|group| group.requests).sum();
        let paced = self.rate.map(|rate| {
            let oldest = self.sent.front();
            let wait = oldest
                .map(|oldest| (oldest.last + rate.per).saturating_duration_since(now.instant));
            (
                rate.requests.saturating_sub(sent),
                wait.map(|wait| now.time + wait),
            )
        });
        let stated = self.left.as_ref().map(|left| {
            let floor = left.requests.clamp(0.0, f64::from(u32::MAX)).floor();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is clamped to what fits"
            )]
            let requests = floor as u32;
            (requests, Some(left.until.time))
        });
        let least = [paced, stated].into_iter().flatten();
        let least = least.min_by_key(|(requests, _)| *requests);
        source::Budget {
            rate: self.rate.map(|rate| rate.requests),
            per_ms: (self.rate).and_then(|rate| u64::try_from(rate.per.as_millis()).ok()),
            left: least.map(|(requests, _)| requests),
            resets_at: least.and_then(|(_, at)| at),
            waiting_until: longest.map(|pause| pause.until),
            ..source::Budget::default()
        }
    }

    /// A request that was taken came to its end.
    pub(super) fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Learns from the answer to a request that is still on the way.
    pub(super) fn learn(&mut self, said: Said, now: Moment) {
        if let Some(wait) = said.closed_for() {
            self.close(wait, now);
        }
        if let Some((remaining, reset)) = said.left() {
            // The upstream may not have counted those that are on the way.
            let others = f64::from(self.in_flight.saturating_sub(1));
            self.left = Some(Left {
                requests: remaining - others,
                until: now.after(reset),
            });
        }
    }

    /// Nothing may be sent for so long. Of two that ask to wait, the one that asks for more counts.
    pub(super) fn close(&mut self, wait: Duration, now: Moment) {
        if self.closed.is_none_or(|closed| closed.wait(now) < wait) {
            self.closed = Some(now.after(wait));
        }
    }

    fn closed(&mut self, now: Moment) -> Option<Pause> {
        let pause = pause(self.closed?, now);
        if pause.is_none() {
            self.closed = None;
        }
        pause
    }

    fn spent(&mut self, now: Moment) -> Option<Pause> {
        let left = self.left.as_ref()?;
        let pause = pause(left.until, now);
        if pause.is_none() {
            self.left = None;
            return None;
        }
        pause.filter(|_| left.requests < 1.0)
    }

    fn paced(&mut self, now: Moment) -> Option<Pause> {
        let rate = self.rate?;
        let is_over = |group: &Group| now.instant.saturating_duration_since(group.last) >= rate.per;
        while self.sent.front().is_some_and(is_over) {
            self.sent.pop_front();
        }
        let sent: u32 = self.sent.iter().map(|group| group.requests).sum();
        if sent < rate.requests {
            return None;
        }
        let oldest = self.sent.front()?;
        let wait = (oldest.last + rate.per).saturating_duration_since(now.instant);
        Some(Pause {
            wait,
            until: now.time + wait,
            is_asked: false,
        })
    }

    fn note(&mut self, rate: Rate, now: Instant) {
        const GRAINS: u32 = 256;
        let grain = rate.per / GRAINS;
        match self.sent.back_mut() {
            Some(group) if now.saturating_duration_since(group.first) < grain => {
                group.last = now;
                group.requests += 1;
            }
            _ => self.sent.push_back(Group {
                first: now,
                last: now,
                requests: 1,
            }),
        }
    }
}

fn pause(until: Moment, now: Moment) -> Option<Pause> {
    let wait = until.wait(now);
    (!wait.is_zero()).then_some(Pause {
        wait,
        until: until.time,
        is_asked: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn start() -> Moment {
        Moment {
            instant: Instant::now(),
            time: DateTime::UNIX_EPOCH,
        }
    }

    fn wait(budget: &mut Budget, now: Moment) -> u128 {
        budget
            .take(now)
            .err()
            .map_or(0, |pause| pause.wait.as_millis())
    }

    #[test]
    fn never_more_than_the_rate_in_any_stretch_of_time() {
        let now = start();
        let mut budget = Budget::new(Some(Rate {
            requests: 2,
            per: SECOND,
        }));
        assert_eq!(wait(&mut budget, now), 0);
        let later = now.after(SECOND / 2);
        assert_eq!(wait(&mut budget, later), 0);
        assert_eq!(wait(&mut budget, later), 500);
        // What had to wait took nothing.
        assert_eq!(wait(&mut budget, now.after(SECOND)), 0);
        assert_eq!(wait(&mut budget, now.after(SECOND)), 500);
        assert_eq!(wait(&mut budget, now.after(10 * SECOND)), 0);
    }

    #[test]
    fn a_rate_of_a_million_remembers_little() {
        let now = start();
        let rate = Rate {
            requests: 1_000_000,
            per: Duration::from_secs(86_400),
        };
        let mut budget = Budget::new(Some(rate));
        for second in 0..86_400 {
            assert_eq!(wait(&mut budget, now.after(SECOND * second)), 0);
        }
        assert!(budget.sent.len() <= 257, "{}", budget.sent.len());
        let sent: u32 = budget.sent.iter().map(|group| group.requests).sum();
        assert_eq!(sent, 86_400);
    }

    #[test]
    fn a_refusal_closes_until_the_latest_time_that_was_asked_for() {
        let now = start();
        let refused = |seconds: u32| Said {
            status: 429,
            wait: Some(SECOND * seconds),
            ..Said::default()
        };
        let mut budget = Budget::new(None);
        budget.learn(refused(60), now);
        budget.learn(refused(10), now.after(SECOND));
        assert_eq!(wait(&mut budget, now.after(10 * SECOND)), 50_000);
        assert_eq!(wait(&mut budget, now.after(60 * SECOND)), 0);
    }

    #[test]
    fn what_is_left_counts_down_with_those_on_the_way() {
        let now = start();
        let left = |remaining: f64| Said {
            status: 200,
            remaining: Some(remaining),
            reset: Some(SECOND),
            ..Said::default()
        };
        let mut budget = Budget::new(None);
        for _ in 0..3 {
            assert_eq!(wait(&mut budget, now), 0);
        }
        // Of 3 that are left, 2 may be for those on the way.
        budget.learn(left(3.0), now);
        assert_eq!(wait(&mut budget, now), 0);
        assert_eq!(wait(&mut budget, now), 1000);
        // They landed without being counted.
        (0..3).for_each(|_| budget.landed());
        budget.learn(left(1.0), now);
        assert_eq!(wait(&mut budget, now), 0);
        assert_eq!(wait(&mut budget, now), 1000);
        assert_eq!(wait(&mut budget, now.after(SECOND)), 0);
    }

    #[test]
    fn a_wall_clock_that_jumps_ends_a_wait_and_never_makes_it_longer() {
        let now = start();
        let said = Said {
            status: 503,
            wait: Some(3600 * SECOND),
            ..Said::default()
        };
        let jump = |seconds: i64, back: chrono::Duration| Moment {
            instant: now.instant + Duration::from_secs(seconds.unsigned_abs()),
            time: now.time - back,
        };
        let mut budget = Budget::new(None);
        budget.learn(said, now);
        assert_eq!(
            wait(&mut budget, jump(60, chrono::Duration::days(1))),
            3_540_000
        );
        assert_eq!(wait(&mut budget, jump(3600, chrono::Duration::days(1))), 0);
        budget.learn(said, now);
        assert_eq!(wait(&mut budget, jump(60, -chrono::Duration::hours(2))), 0);
    }
}
