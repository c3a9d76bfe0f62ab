//! Which rows are gone: live in the table, and not among what a complete run saw.

use entity::record::{self, Stamp};
use futures::TryStreamExt;
use sea_orm::{DatabaseTransaction, DbErr};

use crate::{
    Ctx,
    run::Run,
    source::plan::{DeleteHow, Plan},
};

/// The `rowno`s of the rows that a complete run did not see.
///
/// Their number is known beforehand, so a table from which nothing is gone is not read at all.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn gone(ctx: &Ctx, plan: &Plan, run: &Run) -> Result<Vec<i64>, DbErr> {
    if run.gone() == 0 {
        return Ok(Vec::new());
    }
    let live = record::live_rownos(&ctx.db, &plan.definition.table).await?;
    let gone =
        live.try_filter(|rowno| std::future::ready(!run.seen.rows.contains(rowno.cast_unsigned())));
    gone.try_collect().await
}

pub(super) async fn apply(
    transaction: &DatabaseTransaction,
    plan: &Plan,
    rownos: &[i64],
    stamp: Stamp,
) -> Result<(), DbErr> {
    match plan.deletes.how {
        DeleteHow::Soft => record::soft_delete(transaction, &plan.definition, rownos, stamp).await,
        DeleteHow::Hard => record::hard_delete(transaction, &plan.definition, rownos, stamp).await,
        DeleteHow::Off => Ok(()),
    }
}
