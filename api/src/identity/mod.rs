//! Who asks, and what it may do.

mod caller;
mod need;
mod view;

pub use self::need::Need;
pub(crate) use self::{
    caller::{Caller, Known, Who, identify, recall},
    view::View,
};
