//! How many wrong logins there may be: of an account from an address, from an address, and of an account from all the
//! addresses where its owner has not been.
//!
//! It is decided in memory and before any password is hashed. What one address may spend on an account is less than what
//! all may: who guesses from one address does not keep the owner out who comes from another.

use std::{net::IpAddr, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::AuthSettings;
use crate::protection::{Buckets, Rate};

/// For how long an address is known from which somebody has logged in.
pub(crate) const REMEMBERED: TimeDelta = TimeDelta::days(30);
/// How often it is written down that an account's logins from an address are refused.
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
    /// There is nothing left, until so much later.
    pub(crate) fn enter(&self, attempt: &Attempt, now: DateTime<Utc>) -> Result<(), Duration> {
        let now = since_1970(now);
        self.addresses.take(attempt.address, now)?;
        self.logins.take(attempt, now).inspect_err(|_| {
            // It costs no hash.
            self.addresses.give_back(attempt.address);
        })
    }

    /// Takes what an attempt costs from an address where the account's owner has not been.
    ///
    /// # Errors
    /// There is nothing left, until so much later.
    pub(crate) fn enter_as_stranger(
        &self,
        account: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Duration> {
        self.accounts.take(account, since_1970(now))
    }

    /// Takes what something costs that can be done without an account.
    ///
    /// # Errors
    /// There is nothing left, until so much later.
    pub(crate) fn enter_from(&self, address: IpAddr, now: DateTime<Utc>) -> Result<(), Duration> {
        self.addresses.take(address, since_1970(now))
    }

    /// The password was right: only wrong ones count.
    pub(crate) fn was_right(&self, attempt: &Attempt, as_stranger: Option<&str>) {
        self.addresses.give_back(attempt.address);
        self.logins.give_back(attempt);
        if let Some(account) = as_stranger {
            self.accounts.give_back(account);
        }
    }

    /// Whether it is to be written down that this was refused: now and then, not each time.
    pub(crate) fn is_news(&self, attempt: &Attempt, now: DateTime<Utc>) -> bool {
        self.told.take(attempt, since_1970(now)).is_ok()
    }
}

fn since_1970(now: DateTime<Utc>) -> Duration {
    Duration::from_millis(u64::try_from(now.timestamp_millis()).unwrap_or_default())
}
