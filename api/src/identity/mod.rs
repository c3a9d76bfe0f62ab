//! Who asks, and what it may do.

mod caller;
mod credentials;
mod need;
mod view;

pub use self::need::Need;
pub(crate) use self::{
    caller::{Caller, Known, Who, identify, recall},
    credentials::Credentials,
    view::View,
};
