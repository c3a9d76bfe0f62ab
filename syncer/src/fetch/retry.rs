//! How long to wait before a request is sent again when the upstream does not say: a pure decision.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// The first wait; each further one may be twice as long.
const BASE: Duration = Duration::from_millis(500);
/// No wait of our own choice is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait before sending number `attempt` + 1, where `random` is between 0 and 1.
///
/// Exponential with full jitter: many clients that fail together must not come back together.
pub(super) fn backoff(attempt: u32, random: f64) -> Duration {
    let most = BASE.saturating_mul(
        1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    most.min(LONGEST).mul_f64(random.clamp(0.0, 1.0))
}

/// Between 0 and 1. Jitter needs no more than the standard library's random hash keys.
pub(super) fn random() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0))
        / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        assert_eq!(backoff(1, 1.0), Duration::from_millis(500));
        assert_eq!(backoff(3, 1.0), Duration::from_secs(2));
        assert_eq!(backoff(3, 0.5), Duration::from_secs(1));
        assert_eq!(backoff(40, 1.0), Duration::from_secs(30));
        assert_eq!(backoff(1, 0.0), Duration::ZERO);
    }

    #[test]
    fn clients_that_fail_together_come_back_apart() {
        let mut drawn: Vec<_> = (0..100)
            .map(|_| backoff(5, random()).as_millis() / 100)
            .collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert!(drawn.len() > 20, "{drawn:?}");
    }
}
