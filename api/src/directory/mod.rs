//! Who there is, and what was done: users, their profiles, and the audit.

mod audit;

pub(crate) use self::audit::audit;
