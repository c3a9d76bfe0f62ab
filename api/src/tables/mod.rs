//! Lists of platform tables: users, the audit, runs. They take what lists of a resource's rows take, and answer alike.

mod listed;
mod row;
mod wanted;

pub(crate) use self::{listed::list, row::Row};
