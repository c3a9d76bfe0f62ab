//! What an error of a database means for whoever asked it.

use sea_orm::{DbErr, RuntimeErr};
use sqlx::{error::DatabaseError, mysql::MySqlDatabaseError, sqlite::SqliteError};

/// SQLite's result code for a statement that was interrupted.
const INTERRUPTED: &str = "9";
/// MySQL's and MariaDB's errors for a statement that took longer than it might.
const TOOK_TOO_LONG: [u16; 2] = [3024, 1969];

/// SQLite's result codes for a database that another connection writes.
const BUSY: [&str; 3] = ["5", "261", "517"];
/// MySQL's and MariaDB's errors for a lock that was not had in time, or never will be.
const LOCKED: [u16; 3] = [1205, 1213, 1020];

/// MySQL's and MariaDB's errors for a server that goes down, or that has ended the connection.
const GOING: [u16; 3] = [1053, 1927, 3168];

/// SQLite's result codes for a database that cannot be written, and MySQL's and MariaDB's errors for one that takes no writes.
const READ_ONLY: [&str; 7] = ["8", "264", "520", "776", "1032", "1288", "1544"];
const NO_WRITES: [u16; 3] = [1290, 1792, 1836];

/// MySQL's and MariaDB's errors for a table or a column that is not there.
const MISSING: [u16; 2] = [1146, 1054];

/// Whether a statement failed because its time was over.
pub fn is_timeout(error: &DbErr) -> bool {
    is(error, &TOOK_TOO_LONG, |told| {
        told.code().as_deref() == Some(INTERRUPTED)
    })
}

/// Whether a statement failed because another transaction holds what it wants to write.
pub fn is_locked(error: &DbErr) -> bool {
    let is_busy = |told: &dyn DatabaseError| told.code().is_some_and(|code| BUSY.contains(&&*code));
    is(error, &LOCKED, is_busy)
}

/// Whether a statement failed because the server takes none any more.
pub fn is_going(error: &DbErr) -> bool {
    is(error, &GOING, |_| false)
}

/// Whether a statement failed because the database is one that is only read.
pub fn is_read_only(error: &DbErr) -> bool {
    let is_so = |told: &dyn DatabaseError| {
        let code = told.code();
        code.is_some_and(|code| READ_ONLY.contains(&&*code))
    };
    is(error, &NO_WRITES, is_so)
}

/// Whether a statement failed because a table or a column is not there, or not yet.
pub fn lacks_table(error: &DbErr) -> bool {
    is(error, &MISSING, |told| {
        told.message().starts_with("no such table") || told.message().starts_with("no such column")
    })
}

/// Whether the database said one of these numbers, or what SQLite said is so.
fn is(error: &DbErr, numbers: &[u16], is_so: impl Fn(&dyn DatabaseError) -> bool) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(cause)) | DbErr::Exec(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return false;
    };
    let Some(told) = cause.as_database_error() else {
        return false;
    };
    match told.try_downcast_ref::<MySqlDatabaseError>() {
        Some(told) => numbers.contains(&told.number()),
        None => told.try_downcast_ref::<SqliteError>().is_some() && is_so(told),
    }
}
