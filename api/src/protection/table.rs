//! How much of its quota each caller has used, in a table that never grows.
//!
//! A caller has one of four places. Where all four are another's, the one who has used least loses its place, and with
//! it what little was counted: that takes more callers at once than the table has places.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

const PLACES: usize = 4;
const BUCKETS: usize = 1 << 14;

/// What callers have used.
#[derive(Debug)]
pub(super) struct Table {
    buckets: Vec<Mutex<[Place; PLACES]>>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    caller: u64,
    /// When all that was used will be there again, as time since the table was made.
    full_at: Duration,
}

impl Table {
    pub(super) fn new() -> Self {
        Self::with_buckets(BUCKETS)
    }

    /// The same with another number of buckets, each of some places.
    pub(super) fn with_buckets(buckets: usize) -> Self {
        let empty = Place {
            caller: 0,
            full_at: Duration::ZERO,
        };
        let buckets = (0..buckets).map(|_| Mutex::new([empty; PLACES]));
        Self {
            buckets: buckets.collect(),
            hasher: RandomState::new(),
        }
    }

    /// Changes when the caller's quota is full again, as `change` says of what it was.
    pub(super) fn change<T>(
        &self,
        caller: impl Hash,
        change: impl FnOnce(Duration) -> (Duration, T),
    ) -> T {
        let hash = self.hasher.hash_one(caller);
        let bucket = usize::try_from(hash % self.buckets.len() as u64).unwrap_or_default();
        // Nothing can panic while it is held.
        let mut places = self.buckets[bucket]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let own = places.iter().position(|place| place.caller == hash);
        let least = || (0..PLACES).min_by_key(|at| places[*at].full_at);
        let at = own.or_else(least).unwrap_or_default();
        let before = match own {
            Some(at) => places[at].full_at,
            None => Duration::ZERO,
        };
        let (full_at, told) = change(before);
        places[at] = Place {
            caller: hash,
            full_at,
        };
        told
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn who_used_much_is_remembered_among_many_who_used_little() {
        let table = Table::new();
        let caller = |at: u32| IpAddr::from(Ipv4Addr::from(at));
        let much = Duration::from_secs(60);
        table.change(caller(0), |_| (much, ()));
        for at in 1..300_000 {
            table.change(caller(at), |_| (Duration::from_secs(1), ()));
        }
        assert_eq!(table.change(caller(0), |was| (was, was)), much);
    }

    #[test]
    fn callers_do_not_share() {
        let table = Table::new();
        let caller = |at: u32| IpAddr::from(Ipv4Addr::from(at));
        for at in 1..1000 {
            table.change(caller(at), |_| (Duration::from_secs(at.into()), ()));
        }
        for at in 1..1000 {
            let kept = table.change(caller(at), |was| (was, was));
            assert_eq!(kept, Duration::from_secs(at.into()));
        }
    }
}
