//! The history of a resource's records begins or ends, as its definition says.
//!
//! It begins with the rows as they are, a range of them a transaction. One that ends is no longer told and no longer
//! written, and its table stays: a key that was taken out of a file by mistake must cost no version of any record.

use chrono::{DateTime, Utc};
use entity::{
    record::{self, Stamp},
    resource::{self, Entity as Resource},
    version::{self, Entity as Version},
};
use migration::record_table;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait};
use tracing::{info, warn};

use super::{begin, fill::Filled};
use crate::{Ctx, lease, source::plan::Plan};

/// Most rows of a range.
const AT_ONCE: i64 = 1000;

/// Begins the history that the definition of `plan` wants, or ends the one that it does not want.
///
/// # Errors
/// The database does not answer, or another process has the lease.
pub(super) async fn follow(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
) -> Result<Filled, DbErr> {
    let id = keeper.held.resource_id;
    let resource = Resource::find_by_id(id).one(&ctx.db).await?;
    let resource =
        resource.ok_or_else(|| DbErr::RecordNotFound(format!("resource {}", plan.name)))?;
    match (plan.definition.history, resource.history_version) {
        (true, None) => from_now(ctx, plan, keeper, &resource).await,
        (false, Some(_)) => {
            Resource::remembers(&ctx.db, id, None).await?;
            warn!(
                resource = plan.definition.table,
                table = plan.definition.history_table(),
                "the definition has no `history = true` any more: the versions that were kept stay in their table, \
                 and are told no longer"
            );
            Ok(Filled::Whole)
        }
        _ => Ok(Filled::Whole),
    }
}

/// Forgets all versions: their records are told from one another by other keys now.
///
/// # Errors
/// The database does not answer.
pub(super) async fn forget(
    transaction: &DatabaseTransaction,
    plan: &Plan,
    resource: &resource::Model,
) -> Result<(), DbErr> {
    // One that is not wanted now may be gone on with later.
    if !record_table::has_history(transaction, &plan.definition).await? {
        return Ok(());
    }
    record::forget_history(transaction, &plan.definition).await?;
    Resource::remembers(transaction, resource.id, None).await?;
    warn!(
        resource = plan.definition.table,
        "the key is another one: the history of the records begins anew"
    );
    Ok(())
}

async fn from_now(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    resource: &resource::Model,
) -> Result<Filled, DbErr> {
    let now = ctx.clock.now();
    let stamp = Stamp {
        version: resource.version,
        now: resource.changed_at.unwrap_or(now),
    };
    let last = resource.highest_rowno(&ctx.db).await?;
    let mut after = 0;
    while after < last {
        if ctx.stop.is_asked() {
            return Ok(Filled::Stopped);
        }
        let to = last.min(after + AT_ONCE);
        let transaction = begin(ctx, keeper).await?;
        record::begin_history(&transaction, &plan.definition, (after, to), stamp).await?;
        transaction.commit().await?;
        after = to;
    }
    let transaction = begin(ctx, keeper).await?;
    let at = known_since(&transaction, resource, stamp).await?;
    Resource::remembers(&transaction, resource.id, Some((stamp.version, at))).await?;
    transaction.commit().await?;
    info!(
        resource = plan.definition.table,
        version = stamp.version,
        "each version of each record is kept from now on"
    );
    Ok(Filled::Whole)
}

/// When the present version was committed, which is written down if it was not.
async fn known_since(
    transaction: &DatabaseTransaction,
    resource: &resource::Model,
    stamp: Stamp,
) -> Result<DateTime<Utc>, DbErr> {
    if let Some(known) = Version::of(transaction, resource.id, stamp.version).await? {
        return Ok(known.at);
    }
    let version = version::Model {
        resource_id: resource.id,
        version: stamp.version,
        run_id: None,
        at: stamp.now,
        actor: None,
    };
    Version::keep(transaction, version).await?;
    Ok(stamp.now)
}
