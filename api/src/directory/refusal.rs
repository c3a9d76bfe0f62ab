//! What cannot be done with users, and why.

use entity::user;
use sea_orm::{ConnectionTrait, DbErr, SqlErr};

use crate::{
    fault::{Code, Fault},
    identity::account::Refused,
    problem::{Kind, Problem},
};

/// Why a user is not changed, of what only the database has found.
pub(super) fn unless_taken(error: DbErr) -> Problem {
    match error.sql_err() {
        // Whoever was faster has it: nobody knows which.
        Some(SqlErr::UniqueConstraintViolation(_)) => Refused::Taken.into(),
        _ => error.into(),
    }
}

/// Checks that nobody but the user of `id` has that name or e-mail address.
///
/// # Errors
/// Somebody has; or the database does not answer.
pub(super) async fn none_taken(
    db: &impl ConnectionTrait,
    id: Option<i64>,
    both: (Option<&str>, Option<&str>),
) -> Result<(), Problem> {
    let taken = user::Entity::taken(db, id, both).await?;
    let faults = taken.into_iter().map(|member| {
        let detail = format!("another user has this `{member}`");
        Fault::new(member, Code::Taken, detail)
    });
    let faults: Vec<Fault> = faults.collect();
    match faults.as_slice() {
        [] => Ok(()),
        [fault] => Err(Problem::conflict(fault.detail.clone(), faults)),
        _ => {
            let detail = "other users have this name and this e-mail address";
            Err(Problem::conflict(detail, faults))
        }
    }
}

/// Checks that somebody is left who can make admins; `admins`: some of those that there are, if `user` is to be none.
///
/// # Errors
/// `user` is the only one.
pub(super) fn not_last_admin(admins: Option<Vec<i64>>, user: &user::Model) -> Result<(), Problem> {
    if admins.is_none_or(|admins| admins != [user.id]) {
        return Ok(());
    }
    let name = &user.name;
    let detail = format!("`{name}` is the last active admin; make another one first");
    Err(Problem::new(Kind::Conflict, detail))
}
