//! Rows that callers write: created, replaced, changed and deleted one by one, or imported many at once.
//!
//! What is written is told at once by everything that reads, in this process; by others within the refresh.

/// The JSON of a request.
mod body;
/// What the caller knows of the record already.
mod condition;
/// Many records at once.
mod import;
/// A request that comes again.
mod once;
/// One record.
mod one;
/// Whose rows are written, and by whom.
mod place;
/// What is answered.
mod told;
/// What does not fit.
mod unfit;

pub(crate) use self::{
    import::{FORMS as IMPORTED, Imports, import},
    one::{change, create, delete, replace},
    place::{READ_ONLY, Written},
};
