//! What became of a run that a command began or is to end, whoever went on with it.

use entity::{
    command::{Entity as Command, Model},
    run::{self, Entity as Run},
};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

/// What became of a run.
#[derive(Debug)]
pub(super) enum Fate {
    /// There never was one.
    None,
    /// It, or the run that went on with it, has not ended. Its process may have.
    Open(run::Model),
    /// It ended, and was written down.
    Ended(run::Model),
    /// Its process died, and no run went on with it.
    Abandoned(run::Model),
}

/// What became of the run `id` of a resource.
///
/// # Errors
/// The database does not answer.
pub(super) async fn of(
    db: &impl ConnectionTrait,
    resource_id: i32,
    id: Option<i64>,
) -> Result<Fate, DbErr> {
    let Some(id) = id else {
        return Ok(Fate::None);
    };
    let run = Run::find_by_id(id).one(db).await?;
    let Some(mut run) = run.filter(|run| run.resource_id == resource_id) else {
        return Ok(Fate::None);
    };
    loop {
        if run.ended_at.is_none() {
            return Ok(Fate::Open(run));
        }
        if !run.is_abandoned() {
            return Ok(Fate::Ended(run));
        }
        match Run::after(db, resource_id, run.id).await? {
            Some(next) => run = next,
            None => return Ok(Fate::Abandoned(run)),
        }
    }
}

/// Whether nothing is left to do for a command: it was answered, or its run has ended. To be asked under the resource's
/// lease, where no other process can begin its run any more.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn is_over(db: &impl ConnectionTrait, id: i64) -> Result<bool, DbErr> {
    let Some(command) = Command::find_by_id(id).one(db).await? else {
        return Ok(true);
    };
    let Model {
        done_at,
        resource_id,
        run_id,
        ..
    } = command;
    let fate = of(db, resource_id, run_id).await?;
    Ok(done_at.is_some() || matches!(fate, Fate::Ended(_)))
}
