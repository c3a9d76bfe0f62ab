//! Who asks, and what it may do.

/// Users made, and passwords given.
pub mod account;
mod caller;
mod need;
/// Which passwords there may be, and how they are kept.
pub mod password;
mod view;

pub use self::need::Need;
pub(crate) use self::{
    caller::{Caller, Known, Who, identify, recall},
    view::View,
};
