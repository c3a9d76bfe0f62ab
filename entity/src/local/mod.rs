//! Rows that callers write: checked by the fields of the definition, refused as a whole if anything of them does not fit,
//! and written as the syncer writes its own.
//!
//! A record's members are its fields, by name: there is nothing else in it, so that a slip of the pen is no new member.

mod check;
mod form;
mod key;
mod patch;
mod write;

pub use self::{
    check::{Unfit, Why, check, depth_fits},
    form::accepted,
    key::{counted, key_members, lacks, with_members},
    patch::merge,
    write::{Done, Writing, Wrote},
};
