//! What pages bring to the database: rows, rejects, cursor and counts in one transaction, and only what is new or changed.

mod deletes;
mod diff;
mod dry;
mod rejects;
mod waiting;

use std::time::Duration;

use entity::{
    cursor::Entity as Cursor,
    dialect,
    lease::Entity as Lease,
    page::Entity as Pages,
    record::{self, Stamp},
    resource::{Change, Entity as Resource},
    run::{Counts, Entity as RunLog},
};
use sea_orm::{DatabaseTransaction, DbErr};
use tokio::time::Instant;

pub(crate) use deletes::gone;
pub(crate) use dry::{Dry, would_delete};
pub(crate) use rejects::past;
pub(crate) use waiting::{Brought, Waiting};

use crate::{
    Ctx,
    error::SyncError,
    run::{Run, signed},
    source::plan::{DeleteHow, Plan},
    validate::Identities,
};

/// How old a cursor may become while pages bring nothing new: to read some of them again costs no more than requests.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Takes what a page brought into the next commit, which writes it as soon as it is worth it.
///
/// # Errors
/// The database fails, another process has the lease, or every record of the page had come before.
pub(crate) async fn page(
    ctx: &Ctx,
    plan: &Plan,
    run: &mut Run,
    page: Identities<'_>,
    brought: Brought,
) -> Result<(), SyncError> {
    let known = known(ctx, plan, run, &page).await?;
    let diff = diff::of(plan, run, page, known)?;
    run.take(diff, brought);
    if run.waiting.is_large() {
        flush(ctx, plan, run).await?;
    }
    Ok(())
}

/// Takes a page that is as it was.
pub(crate) fn same_page(plan: &Plan, run: &mut Run, brought: Brought) {
    run.take_again(plan, brought);
}

/// Commits what waits, and where the run stands behind it.
///
/// # Errors
/// The database fails, or another process has the lease.
pub(crate) async fn flush(ctx: &Ctx, plan: &Plan, run: &mut Run) -> Result<(), SyncError> {
    let is_recent = run.saved_at.elapsed() < SAVE_EVERY;
    if run.waiting.is_empty() && (is_recent || run.is_over(plan)) {
        // Nothing to write that the run's end does not write.
        return Ok(());
    }
    let waiting = std::mem::take(&mut run.waiting);
    let before = waiting
        .before
        .unwrap_or((run.counts, run.version, run.live_rows));
    let written = write(ctx, plan, run, waiting).await;
    if written.is_err() {
        // The run log must not count what the table does not hold.
        (run.counts, run.version, run.live_rows) = before;
    }
    written
}

/// What the table, and what waits to be written to it, knows of a page's keys.
async fn known(
    ctx: &Ctx,
    plan: &Plan,
    run: &Run,
    page: &Identities<'_>,
) -> Result<Vec<record::Known>, DbErr> {
    let records = page.records.iter().map(|record| record.key.as_str());
    let rejects = page
        .rejects
        .iter()
        .filter_map(|reject| reject.key.as_deref());
    let keys: Vec<&str> = records.chain(rejects).collect();
    let waiting = &run.waiting.known;
    let others: Vec<&str> = keys
        .iter()
        .copied()
        .filter(|key| !waiting.contains_key(*key))
        .collect();
    let mut known = record::known(&ctx.db, &plan.definition.table, &others).await?;
    if let Some(dry) = &run.dry {
        dry.overlay(&mut known, &others);
    }
    known.extend(keys.iter().filter_map(|key| waiting.get(*key).cloned()));
    Ok(known)
}

async fn write(
    ctx: &Ctx,
    plan: &Plan,
    run: &mut Run,
    mut waiting: Waiting,
) -> Result<(), SyncError> {
    if run.dry.is_some() {
        return dry::count(ctx, run, waiting).await;
    }
    let now = ctx.clock.now();
    let is_empty = waiting.is_empty();
    let transaction = begin(ctx, run).await?;
    if waiting.changes_rows() {
        run.version += 1;
        run.live_rows += waiting.live;
        let stamp = Stamp {
            version: run.version,
            now,
        };
        let of = (plan, run.resource.id);
        waiting.write_rows(&transaction, of, stamp).await?;
        changed(&transaction, run, stamp).await?;
    }
    let of_run = (run.id, now);
    run.kept.forget_of(&transaction, &waiting.keys()).await?;
    let kept = run
        .kept
        .keep(&transaction, of_run, waiting.take_rejects())
        .await?;
    run.kept
        .keep(&transaction, of_run, waiting.take_bad())
        .await?;
    let contradicts = waiting.contradicts;
    let pages = waiting.pages(run, &kept)?;
    if contradicts {
        // Whichever of them is as it was next time, its row may not be.
        Pages::forget_all(&transaction, run.resource.id).await?;
    } else {
        Pages::keep(&transaction, run.resource.id, pages).await?;
    }
    run.seen
        .rejects
        .extend(kept.into_iter().map(i64::cast_unsigned));
    let standing = run.standing(plan, now);
    Cursor::save(&transaction, standing).await?;
    if !is_empty {
        RunLog::progressed(&transaction, run.id, &run.counts).await?;
    }
    transaction.commit().await?;
    run.saved_at = Instant::now();
    Ok(())
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
        last_rowno: run.last_rowno,
        at: stamp.now,
        run_id: Some(run.id),
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
    run.kept
        .forget_rows(transaction, &plan.definition.table, rownos)
        .await?;
    deletes::apply(transaction, plan, rownos, stamp).await?;
    changed(transaction, run, stamp).await?;
    if plan.deletes.how == DeleteHow::Hard {
        Resource::forgets(transaction, run.resource.id, stamp.version).await?;
    }
    Ok(Counts {
        deleted,
        ..Counts::default()
    })
}
