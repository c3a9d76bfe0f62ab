//! How many wrong logins there may be: of an account from an address, from an address, and of an account from all the
//! addresses where its owner has not been.
//!
//! It is decided in memory and before any password is hashed. What one address may spend on an account is less than what
//! all may: who guesses from one address does not keep the owner out who comes from another.

use std::{hash::Hash, net::IpAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::AuthSettings;
use crate::protection::{Buckets, Rate};

/// For how long an address is known from which somebody has logged in.
pub(crate) const REMEMBERED: TimeDelta = TimeDelta::days(30);
/// How often it is written down that something is spent.
const TOLD: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(crate) struct Throttle {
    logins: Buckets,
    addresses: Buckets,
    accounts: Buckets,
    told: Buckets,
}

/// Who tries to log in: the name as it is compared, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    pub(crate) account: String,
    pub(crate) address: IpAddr,
}

/// Why an attempt is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    /// When one may be.
    pub(crate) wait: Duration,
    /// Whether it is to be written down: the first time in a while that this is refused, not each time.
    pub(crate) is_news: bool,
}

impl Throttle {
    pub(crate) fn new(settings: &AuthSettings) -> Self {
        Self {
            logins: Buckets::new(settings.login_rate),
            addresses: Buckets::new(settings.address_rate),
            accounts: Buckets::new(settings.account_rate),
            told: Buckets::new(Rate::new(1, TOLD)),
        }
    }

    /// Takes what an attempt costs, whoever it is.
    ///
    /// # Errors
    /// There is nothing left.
    pub(crate) fn enter(&self, attempt: &Attempt, now: DateTime<Utc>) -> Result<(), Spent> {
        self.enter_from(attempt.address, now)?;
        let taken = self.logins.take(attempt, since_1970(now));
        taken.map_err(|wait| {
            // It costs no hash.
            self.addresses.give_back(attempt.address);
            self.spent((wait, now), attempt)
        })
    }

    /// Takes what an attempt costs from an address where the account's owner has not been.
    ///
    /// # Errors
    /// There is nothing left.
    pub(crate) fn enter_as_stranger(&self, account: &str, now: DateTime<Utc>) -> Result<(), Spent> {
        let taken = self.accounts.take(account, since_1970(now));
        taken.map_err(|wait| self.spent((wait, now), account))
    }

    /// Takes what something costs that can be done without an account.
    ///
    /// # Errors
    /// There is nothing left.
    pub(crate) fn enter_from(&self, address: IpAddr, now: DateTime<Utc>) -> Result<(), Spent> {
        let taken = self.addresses.take(address, since_1970(now));
        taken.map_err(|wait| self.spent((wait, now), address))
    }

    /// The password was right: only wrong ones count.
    pub(crate) fn was_right(&self, attempt: &Attempt, as_stranger: Option<&str>) {
        self.addresses.give_back(attempt.address);
        self.logins.give_back(attempt);
        if let Some(account) = as_stranger {
            self.accounts.give_back(account);
        }
    }

    /// What was spent: an address, an account, or both. Nobody spends one without having tried many times.
    fn spent(&self, (wait, now): (Duration, DateTime<Utc>), what: impl Hash) -> Spent {
        Spent {
            wait,
            is_news: self.told.take(what, since_1970(now)).is_ok(),
        }
    }
}

fn since_1970(now: DateTime<Utc>) -> Duration {
    Duration::from_millis(u64::try_from(now.timestamp_millis()).unwrap_or_default())
}
