//! A definition with another key: each stored row gets the key that its record has now.

use std::collections::HashSet;

use entity::{
    record::{self, Stamp},
    resource::{self, Change, Entity as Resource},
};
use sea_orm::DbErr;

use super::begin;
use crate::{Ctx, lease, run::signed, source::plan::Plan, validate};

/// Gives every row of `resource` its new key. A row that has none, or the same as one before it, goes.
///
/// In one transaction: a table of which some rows have old keys and some new ones would take a record twice.
///
/// # Errors
/// The database does not answer, or another process has the lease.
pub(super) async fn all(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    resource: &resource::Model,
) -> Result<(), DbErr> {
    let table = &plan.definition.table;
    let transaction = begin(ctx, keeper).await?;
    record::unkey(&transaction, table).await?;
    let (mut after, mut live_gone) = (0, 0_u64);
    let mut past = Vec::new();
    loop {
        let batch = record::stored_after(&transaction, table, after, 500).await?;
        let Some(last) = batch.last() else {
            break;
        };
        after = last.rowno;
        let keyed: Vec<_> = batch
            .iter()
            .map(|row| {
                let key = validate::key_of(plan, &row.payload);
                (row.rowno, key, row.deleted_at.is_some())
            })
            .collect();
        let keys: Vec<&str> = keyed
            .iter()
            .filter_map(|(_, key, _)| key.as_deref())
            .collect();
        let known = record::known(&transaction, table, &keys).await?;
        let mut taken: HashSet<String> = known.into_iter().map(|row| row.record_key).collect();
        for (rowno, key, deleted) in keyed {
            match key.filter(|key| taken.insert(key.clone())) {
                Some(key) => record::rekey(&transaction, table, rowno, &key).await?,
                None => {
                    past.push(rowno);
                    live_gone += u64::from(!deleted);
                }
            }
        }
    }
    let last_rowno = resource.highest_rowno(&transaction).await?;
    let change = Change {
        version: resource.version + 1,
        live_rows: resource.live_rows - signed(live_gone),
        last_rowno,
        at: ctx.clock.now(),
        run_id: None,
    };
    let stamp = Stamp {
        version: change.version,
        now: change.at,
    };
    record::hard_delete(&transaction, &plan.definition, &past, stamp).await?;
    super::history::forget(&transaction, plan, resource).await?;
    Resource::changed(&transaction, resource.id, change).await?;
    // No row is stamped: that all of them have other keys now cannot be told as changes.
    Resource::forgets(&transaction, resource.id, change.version).await?;
    transaction.commit().await
}
