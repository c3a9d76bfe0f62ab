//! Each version of each record, in a table `<table>__history` beside the resource's own, where its definition wants it.
//!
//! An entry says what a row held from a version on, until the row's next entry; one without a payload, that it was gone.
//! Entries are never changed, so that what was told of a version holds for ever.

mod begin;
mod keep;
mod past;
mod told;

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, IntoTableRef, SimpleExpr, TableRef},
};

pub use begin::{begin_history, forget_history};
pub(super) use keep::{keep, keep_deleted};
pub use past::{Past, PastPage, PastRow, past, past_of};
pub use told::{Entry, HistoryPage, history};

use super::Op;

/// The columns, in the order in which entries are written.
const COLUMNS: [&str; 7] = [
    "rowno",
    "version",
    "op",
    "changed_at",
    "record_key",
    "payload_hash",
    "payload",
];

/// The index by which the entries of a key are found, on servers: SQLite is not asked to take one.
const BY_KEY: &str = "ix_key";

impl Op {
    /// As an entry has it.
    fn code(self) -> i64 {
        match self {
            Self::Insert => 0,
            Self::Update => 1,
            Self::Delete => 2,
        }
    }

    fn of_code(code: i64) -> Self {
        match code {
            0 => Self::Insert,
            1 => Self::Update,
            _ => Self::Delete,
        }
    }
}

fn column(name: &'static str) -> SimpleExpr {
    Expr::col((Alias::new("entry"), Alias::new(name)))
}

fn aliased(table: &str) -> TableRef {
    Alias::new(table).into_table_ref().alias("entry")
}
