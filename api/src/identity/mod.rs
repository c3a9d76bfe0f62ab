//! Who asks, and what it may do.

/// Users made, and passwords given.
pub mod account;
/// From where a request comes.
mod address;
mod caller;
mod find;
/// Keys of programs, made and revoked.
pub mod keys;
mod need;
/// Which passwords there may be, and how they are kept.
pub mod password;
/// Who was known lately.
mod recent;
/// What is given out once.
pub(crate) mod secret;
mod settings;
/// What a request shows.
mod shown;
/// The keys that sign tokens.
pub(crate) mod signing;
/// How many wrong logins there may be.
pub(crate) mod throttle;
/// Access tokens.
pub(crate) mod token;
mod view;

pub(crate) use self::{
    address::Address,
    caller::{Caller, Known, Who},
    find::{identify, recall},
    recent::Recent,
    signing::Keyring,
    throttle::Throttle,
    view::View,
};
pub use self::{need::Need, settings::AuthSettings, signing::SigningKeys};
