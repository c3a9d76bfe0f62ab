//! One live budget for all requests of a source: what the definition allows and what the upstream's answers say is left.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

use crate::source::plan::{Limits, Rate};

/// The budget of one source, shared by all its runs in this process.
#[derive(Debug)]
pub struct Pace {
    rate: Option<Rate>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Requests that may be sent at once.
    tokens: f64,
    counted_at: Instant,
    /// The upstream said that nothing is left until then.
    closed_until: Option<Instant>,
}

impl Pace {
    pub fn new(limits: &Limits, now: Instant) -> Self {
        let tokens = limits.rate.map_or(0.0, |rate| f64::from(rate.requests));
        Self {
            rate: limits.rate,
            state: Mutex::new(State {
                tokens,
                counted_at: now,
                closed_until: None,
            }),
        }
    }

    /// Takes one request out of the budget, and says how long to wait before it is sent.
    pub async fn take(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().await;
        let (next, wait) = taken(*state, self.rate, now);
        *state = next;
        wait
    }

    /// Learns from an answer what is left, and when there is more.
    pub async fn learn(&self, remaining: Option<f64>, reset_in: Option<Duration>, now: Instant) {
        if let (Some(remaining), Some(reset_in)) = (remaining, reset_in)
            && remaining < 1.0
        {
            self.state.lock().await.closed_until = Some(now + reset_in);
        }
    }
}

fn taken(state: State, rate: Option<Rate>, now: Instant) -> (State, Duration) {
    let closed = state
        .closed_until
        .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
    let Some(rate) = rate else {
        return (state, closed);
    };
    let per_second = f64::from(rate.requests) / rate.per.as_secs_f64();
    let earned = now
        .saturating_duration_since(state.counted_at)
        .as_secs_f64()
        * per_second;
    let tokens = (state.tokens + earned).min(f64::from(rate.requests)) - 1.0;
    // A debt is paid by waiting: the next request stands in line behind this one.
    let wait = Duration::from_secs_f64((-tokens / per_second).max(0.0));
    (
        State {
            tokens,
            counted_at: now,
            ..state
        },
        wait.max(closed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_is_paced() {
        let now = Instant::now();
        let rate = Some(Rate {
            requests: 2,
            per: Duration::from_secs(1),
        });
        let mut state = State {
            tokens: 2.0,
            counted_at: now,
            closed_until: None,
        };
        let mut waits = Vec::new();
        for _ in 0..4 {
            let (next, wait) = taken(state, rate, now);
            state = next;
            waits.push(wait.as_millis());
        }
        assert_eq!(waits, [0, 0, 500, 1000]);
        let (_, later) = taken(state, rate, now + Duration::from_secs(10));
        assert_eq!(later, Duration::ZERO);
    }

    #[tokio::test]
    async fn nothing_is_sent_before_the_upstream_allows_it() {
        let now = Instant::now();
        let pace = Pace::new(&Limits::default(), now);
        assert_eq!(pace.take(now).await, Duration::ZERO);
        pace.learn(Some(0.0), Some(Duration::from_secs(5)), now)
            .await;
        assert_eq!(pace.take(now).await, Duration::from_secs(5));
        assert_eq!(
            pace.take(now + Duration::from_secs(6)).await,
            Duration::ZERO
        );
    }
}
