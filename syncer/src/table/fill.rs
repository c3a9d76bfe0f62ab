//! Reads every stored payload into the columns of a changed definition, a batch a transaction.

use entity::{
    record::{self, Model},
    reject::{Kept, New},
    resource::Entity as Resource,
};
use sea_orm::{DatabaseTransaction, DbErr};
use tracing::info;

use super::begin;
use crate::{Ctx, lease, source::plan::Plan, validate};

/// Most rows of a batch.
const AT_ONCE: u64 = 500;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    Whole,
    /// It was time to stop.
    Stopped,
}

/// Fills the rows behind `rowno`.
///
/// # Errors
/// The database does not answer, or another process has the lease.
pub(super) async fn from(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    rowno: i64,
) -> Result<Filled, DbErr> {
    let resource_id = keeper.held.resource_id;
    let table = &plan.definition.table;
    let mut kept = Kept::of(&ctx.db, resource_id).await?;
    let (mut after, mut rows) = (rowno, 0);
    loop {
        if ctx.stop.is_asked() {
            return Ok(Filled::Stopped);
        }
        let stored = record::stored_after(&ctx.db, table, after, AT_ONCE).await?;
        let Some(last) = stored.last() else {
            info!(
                resource = table,
                rows, "the table follows its changed definition"
            );
            return Ok(Filled::Whole);
        };
        after = last.rowno;
        let transaction = begin(ctx, keeper).await?;
        let bad = batch(&transaction, plan, &stored).await?;
        let keys: Vec<&str> = stored.iter().map(|row| row.record_key.as_str()).collect();
        // No run read them.
        let run = (0, ctx.clock.now());
        kept.replace_values(&transaction, run, &keys, bad).await?;
        Resource::filled(&transaction, resource_id, after).await?;
        transaction.commit().await?;
        rows += stored.len();
    }
}

/// Fills `stored`, and returns the values that do not fit.
async fn batch(
    transaction: &DatabaseTransaction,
    plan: &Plan,
    stored: &[Model],
) -> Result<Vec<New>, DbErr> {
    let (mut read, mut bad, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for row in stored {
        match validate::again(plan, &row.record_key, &row.payload) {
            Some(checked) => {
                // What a deleted row holds is no concern of anybody's.
                if row.deleted_at.is_none() {
                    bad.extend(checked.bad);
                }
                read.push((row, checked.row));
            }
            // It keeps its row until the next run judges it.
            None => rejected.push(row.rowno),
        }
    }
    record::project(transaction, &plan.definition, read).await?;
    record::doubt(transaction, &plan.definition.table, &rejected).await?;
    Ok(bad)
}
