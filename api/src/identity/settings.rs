//! How users are known, as the settings have it.

use std::time::Duration;

use super::{password::Cost, signing::SigningKeys};
use crate::protection::Rate;

/// Plain values, with defaults that a test or another binary may take.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// How long an access token is good.
    pub access_time: Duration,
    /// How long a login can be renewed after it last was.
    pub refresh_time: Duration,
    /// What a password's hash costs.
    pub cost: Cost,
    /// Whether anybody may make itself a user.
    pub registration: bool,
    /// The keys that access tokens are signed with and known by; `None`: the database has them.
    pub signing_keys: Option<SigningKeys>,
    /// Wrong logins of one account from one address.
    pub login_rate: Rate,
    /// Wrong logins from one address.
    pub address_rate: Rate,
    /// Wrong logins of one account from all addresses from which it did not log in lately.
    pub account_rate: Rate,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            access_time: Duration::from_mins(15),
            refresh_time: Duration::from_hours(24 * 30),
            cost: Cost::default(),
            registration: false,
            signing_keys: None,
            login_rate: Rate::new(10, Duration::from_hours(1)),
            address_rate: Rate::new(100, Duration::from_hours(1)),
            account_rate: Rate::new(100, Duration::from_hours(1)),
        }
    }
}
