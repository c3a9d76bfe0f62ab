//! Units that come back evenly, counted by whoever takes them, in bounded memory.

use std::{hash::Hash, time::Duration};

use super::{
    quota::{Rate, each, left, used},
    table::Table,
};

/// Places for what is counted: each bucket has four.
const PLACES: usize = 1 << 12;

/// What each has taken.
#[derive(Debug)]
pub(crate) struct Buckets {
    rate: Rate,
    used: Table,
}

impl Buckets {
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            used: Table::with_buckets(PLACES),
        }
    }

    /// Takes one unit; `now` is the time since any beginning that is always the same.
    ///
    /// # Errors
    /// There is none, until so much later.
    pub(crate) fn take(&self, key: impl Hash, now: Duration) -> Result<(), Duration> {
        self.used.change(key, |was| {
            let wait = left(self.rate, was, now).next_in;
            match wait.is_zero() {
                true => (used(self.rate, was, now, 1), Ok(())),
                false => (was, Err(wait)),
            }
        })
    }

    /// Gives one back.
    pub(crate) fn give_back(&self, key: impl Hash) {
        let each = each(self.rate);
        self.used.change(key, |was| (was.saturating_sub(each), ()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_comes_back_or_is_given_back() {
        let buckets = Buckets::new(Rate::new(2, Duration::from_secs(20)));
        let at = Duration::from_secs;
        assert_eq!(buckets.take("a", at(100)), Ok(()));
        assert_eq!(buckets.take("a", at(100)), Ok(()));
        assert_eq!(buckets.take("a", at(100)), Err(at(10)));
        assert_eq!(buckets.take("b", at(100)), Ok(()));
        assert_eq!(buckets.take("a", at(110)), Ok(()));
        assert_eq!(buckets.take("a", at(110)), Err(at(10)));
        buckets.give_back("a");
        assert_eq!(buckets.take("a", at(110)), Ok(()));
    }
}
