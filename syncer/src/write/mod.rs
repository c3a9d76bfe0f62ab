//! A page's batch to the database: rows, rejects, cursor and counts in one transaction, and only what is new or changed.

mod deletes;
mod diff;
mod rejects;

use entity::{
    cursor::Entity as Cursor,
    dialect,
    lease::Entity as Lease,
    record::{self, Stamp},
    reject::Entity as Reject,
    resource::{Change, Entity as Resource},
    run::{Counts, Entity as RunLog},
};
use sea_orm::{DatabaseTransaction, DbErr};

pub(crate) use deletes::gone;
pub(crate) use rejects::past;

use self::diff::Diff;
use crate::{
    Ctx,
    error::SyncError,
    run::{Run, signed},
    source::plan::Plan,
    validate::Identities,
};

/// Writes what a page brought, and where the run stands behind it.
///
/// # Errors
/// The database fails, another process has the lease, or every record of the page had come before.
pub(crate) async fn page(
    ctx: &Ctx,
    plan: &Plan,
    run: &mut Run,
    page: Identities,
) -> Result<(), SyncError> {
    let known = known(ctx, plan, &page).await?;
    let diff = diff::of(plan, run, page, known)?;
    let before = (run.counts, run.version, run.live_rows);
    diff.see(run);
    let changes = !diff.is_empty();
    if !changes && run.is_over(plan) {
        // Nothing to write that the run's end does not write.
        return Ok(());
    }
    let written = commit(ctx, plan, run, &diff).await;
    if written.is_err() {
        // The run log must not count what the table does not hold.
        (run.counts, run.version, run.live_rows) = before;
    }
    written
}

async fn commit(ctx: &Ctx, plan: &Plan, run: &mut Run, diff: &Diff) -> Result<(), SyncError> {
    let transaction = write(ctx, plan, run, diff).await?;
    Ok(transaction.commit().await?)
}

async fn known(ctx: &Ctx, plan: &Plan, page: &Identities) -> Result<Vec<record::Known>, DbErr> {
    let rows = page.records.iter().map(|record| record.key.as_str());
    let rejects = page
        .rejects
        .iter()
        .filter_map(|reject| reject.key.as_deref());
    let keys: Vec<&str> = rows.chain(rejects).collect();
    record::known(&ctx.db, &plan.definition.table, &keys).await
}

async fn write(
    ctx: &Ctx,
    plan: &Plan,
    run: &mut Run,
    diff: &Diff,
) -> Result<DatabaseTransaction, SyncError> {
    let now = ctx.clock.now();
    let transaction = begin(ctx, run).await?;
    if diff.changes_rows() {
        run.version += 1;
        run.live_rows += signed(diff.inserts.len() as u64 + diff.revived);
        let stamp = Stamp {
            version: run.version,
            now,
        };
        let inserts: Vec<_> = diff
            .inserts
            .iter()
            .map(|(rowno, row)| (*rowno, row))
            .collect();
        record::insert(&transaction, &plan.definition, &inserts, stamp).await?;
        let updates: Vec<_> = diff
            .updates
            .iter()
            .map(|(rowno, row)| (*rowno, row))
            .collect();
        record::update(&transaction, &plan.definition, &updates, stamp).await?;
        changed(&transaction, run, stamp).await?;
    }
    let kept = Reject::keep(
        &transaction,
        (run.resource.id, run.id, now),
        diff.rejects.clone(),
    )
    .await?;
    diff.brings_something(run, &kept)?;
    run.seen_rejects
        .extend(kept.into_iter().map(i64::cast_unsigned));
    Cursor::save(&transaction, run.cursor(plan, now)).await?;
    if !diff.is_empty() {
        RunLog::progressed(&transaction, run.id, &run.counts).await?;
    }
    Ok(transaction)
}

/// Begins a transaction that only the holder of the lease can commit.
///
/// A process that was paused while its lease ended finds the fence raised here, under the lease row's
/// lock, and writes nothing: without it, its late page could overwrite a newer one.
///
/// # Errors
/// The database fails, or another process has the lease.
pub(crate) async fn begin(ctx: &Ctx, run: &Run) -> Result<DatabaseTransaction, SyncError> {
    let transaction = dialect::begin_write(&ctx.db).await?;
    if !Lease::is_held(&transaction, &run.lease).await? {
        return Err(SyncError::LeaseLost);
    }
    Ok(transaction)
}

/// Tells readers of a commit that changed rows.
///
/// # Errors
/// The database fails.
pub(crate) async fn changed(
    transaction: &DatabaseTransaction,
    run: &Run,
    stamp: Stamp,
) -> Result<(), DbErr> {
    let change = Change {
        version: stamp.version,
        live_rows: run.live_rows,
        at: stamp.now,
    };
    Resource::changed(transaction, run.resource.id, change).await
}

/// Takes `rownos` out of the resource: marked or removed, as the plan says. Returns what that adds to the counts.
///
/// # Errors
/// The database fails.
pub(crate) async fn delete(
    transaction: &DatabaseTransaction,
    plan: &Plan,
    run: &mut Run,
    rownos: &[i64],
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Counts, DbErr> {
    if rownos.is_empty() {
        return Ok(Counts::default());
    }
    let deleted = signed(rownos.len() as u64);
    run.version += 1;
    run.live_rows -= deleted;
    let stamp = Stamp {
        version: run.version,
        now,
    };
    deletes::apply(transaction, plan, rownos, stamp).await?;
    changed(transaction, run, stamp).await?;
    Ok(Counts {
        deleted,
        ..Counts::default()
    })
}
