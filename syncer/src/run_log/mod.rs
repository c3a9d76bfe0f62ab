//! Opens and closes runs.

mod close;
mod open;

pub(crate) use close::close;
pub(crate) use open::{begin, is_partial, left, open};
