//! Who was known lately, by what it showed: so long nobody looks again, neither at a signature nor in the database.
//!
//! What was shown is remembered as it is, and not by a hash: for a kept answer a SHA-256 would be a tenth of all that it
//! costs. Whoever can read this memory can read the requests.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync::Cache;

use super::{Caller, Known, Who};

/// Most who are remembered.
const MOST: usize = 8192;
/// After this time one request has the database asked whether all is as it was; the others wait for nothing.
const SOFT: TimeDelta = TimeDelta::seconds(4);
/// After this time every request does: nobody stays known for longer whose user or login has ended elsewhere.
const HARD: TimeDelta = TimeDelta::seconds(5);

/// Those who were known lately.
pub(crate) struct Recent {
    seen: Cache<Box<[u8]>, Arc<Seen>>,
    /// Raised when somebody is forgotten: what was found out before that is not remembered.
    epoch: AtomicU64,
}

/// Somebody who was known.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) known: Arc<Known>,
    pub(crate) at: DateTime<Utc>,
    /// When what it showed is no longer good.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Whether a request is looking again.
    looking: AtomicBool,
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recent({})", self.seen.len())
    }
}

impl Seen {
    pub(crate) fn new(known: Known, at: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Self {
        Self {
            known: Arc::new(known),
            at,
            until,
            looking: AtomicBool::new(false),
        }
    }

    fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self {
            seen: Cache::new(MOST),
            epoch: AtomicU64::new(0),
        }
    }

    /// Who it is, if nobody has to look again. While the database cannot be asked, nobody has.
    pub(crate) fn get(&self, shown: &[u8], now: DateTime<Utc>, can_look: bool) -> Option<Caller> {
        let seen = self.seen.get(shown)?;
        let age = (now - seen.at).abs();
        let is_fresh = age < SOFT || (age < HARD && seen.looking.swap(true, Ordering::Relaxed));
        let holds = !seen.is_expired(now) && (is_fresh || !can_look);
        holds.then(|| Caller::known(Arc::clone(&seen.known)))
    }

    /// Who it was, if the database does not say whether it still is.
    pub(crate) fn at_least(&self, shown: &[u8], now: DateTime<Utc>) -> Option<Caller> {
        self.get(shown, now, false)
    }

    /// What [`Self::keep`] has to be given: to be asked for before the database is.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    pub(crate) fn keep(&self, shown: &[u8], seen: Seen, epoch: u64) {
        if self.epoch() != epoch {
            return;
        }
        self.seen.insert(shown.into(), Arc::new(seen));
        // Somebody was forgotten just now: it may be this one.
        if self.epoch() != epoch {
            self.seen.remove(shown);
        }
    }

    /// What it showed is not good any more.
    pub(crate) fn drop(&self, shown: &[u8]) {
        self.seen.remove(shown);
    }

    /// Forgets all who are so: the database knows by now.
    pub(crate) fn forget(&self, is_so: impl Fn(&Who) -> bool) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.seen.retain(|_, seen| !is_so(&seen.known.who));
    }
}

#[cfg(test)]
mod tests {
    use entity::access::Scopes;

    use super::*;

    fn seen(at: DateTime<Utc>, until: i64) -> Seen {
        let known = Known {
            who: Who::User {
                id: 1,
                login: "a".to_owned(),
            },
            name: "user:anna".to_owned(),
            scopes: Scopes::default(),
        };
        Seen::new(known, at, Some(at + TimeDelta::seconds(until)))
    }

    #[test]
    fn one_looks_again_a_little_early_and_then_everybody_must() {
        let recent = Recent::new();
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let shown = b"a token";
        recent.keep(shown, seen(start, 60), recent.epoch());
        let known = |seconds, can_look| {
            let now = start + TimeDelta::seconds(seconds);
            recent.get(shown, now, can_look).is_some()
        };
        assert!(known(3, true));
        assert!(!known(4, true));
        assert!(known(4, true));
        assert!(!known(5, true));
        assert!(known(59, false));
        assert!(!known(60, false));
    }

    #[test]
    fn what_was_found_out_before_somebody_was_forgotten_is_not_remembered() {
        let recent = Recent::new();
        let start = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let epoch = recent.epoch();
        recent.forget(|_| true);
        recent.keep(b"a token", seen(start, 60), epoch);
        assert!(recent.get(b"a token", start, true).is_none());
        recent.keep(b"a token", seen(start, 60), recent.epoch());
        assert!(recent.get(b"a token", start, true).is_some());
        recent.forget(|who| matches!(who, Who::User { id: 1, .. }));
        assert!(recent.get(b"a token", start, true).is_none());
    }
}
