//! Opens and closes runs: in the database, in the log, and in the metrics. The one place where a run's error is told.

use entity::{
    cursor::Entity as Cursor,
    record,
    reject::Entity as Reject,
    resource::{self, Ending, Entity as Resource},
    run::{self as log, Counts, Entity as RunLog, Opening, Outcome, Trigger},
};
use sea_orm::{DbErr, EntityTrait};
use tracing::{info, warn};

use crate::{
    Ctx, How, Report, SyncError, lease, parents,
    position::{Left, Position},
    run::Run,
    source::plan::{Plan, Source},
    verdict::Verdict,
    write,
};

/// A run is gone on with only so long after it was left: later, too much may have moved upstream.
const RESUME_WITHIN: chrono::Duration = chrono::Duration::minutes(15);

/// Begins a run, or goes on with the one that a process left behind.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn open(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    resource: resource::Model,
    start: (Trigger, How),
) -> Result<Run, DbErr> {
    let (trigger, how) = start;
    let now = ctx.clock.now();
    RunLog::close_abandoned(&ctx.db, resource.id, now).await?;
    let left = Cursor::find_by_id(resource.id).one(&ctx.db).await?;
    let left = left.filter(|cursor| {
        !how.full
            && !cursor.position.is_empty()
            && cursor.plan == plan.fingerprint
            && now - cursor.saved_at <= RESUME_WITHIN
    });
    let left = left.and_then(|cursor| Some((Left::of(&cursor)?, cursor.run_id)));
    // Children of parents that changed meanwhile are read from the first one again.
    let parents = parents::version(ctx, plan, resource.source_id).await?;
    let left = left.filter(|(left, _)| left.position.parents == parents);
    let (left, resumed_from) = left.map_or_else(Default::default, |(left, run)| (left, Some(run)));
    let id = RunLog::open(
        &ctx.db,
        Opening {
            resource_id: resource.id,
            trigger,
            at: now,
            resumed_from,
        },
    )
    .await?;
    let last_rowno = record::last_rowno(&ctx.db, &plan.definition.table).await?;
    let Left {
        position,
        counts,
        seen,
        seen_rejects,
    } = left;
    Ok(Run {
        id,
        version: resource.version,
        live_rows: resource.live_rows,
        resource,
        lease: keeper.held.clone(),
        started_at: now,
        counts,
        last_rowno,
        position: Position {
            parents,
            ..position
        },
        seen,
        seen_rejects,
        accept_deletes: how.accept_deletes,
    })
}

/// Ends a run: the deletes that a complete one may make, its outcome, and how fresh the resource is, in one transaction.
///
/// # Errors
/// The database does not answer, or another process has the lease: the run then stays open in the log, and the next one closes it.
pub(crate) async fn close(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    mut run: Run,
    verdict: Verdict,
) -> Result<Report, SyncError> {
    let gone = if verdict.deletes(plan) {
        write::gone(ctx, plan, &run).await?
    } else {
        Vec::new()
    };
    let now = ctx.clock.now();
    let transaction = write::begin(ctx, &run).await?;
    let deleted = write::delete(&transaction, plan, &mut run, &gone, now).await?;
    run.counts += deleted;
    if verdict.outcome == Outcome::Complete {
        let past = write::past(&transaction, plan, &run).await?;
        Reject::forget(&transaction, past).await?;
    }
    if !verdict.resumable {
        Cursor::clear(&transaction, run.resource.id).await?;
    }
    let ending = log::Ending {
        outcome: verdict.outcome,
        at: now,
        counts: run.counts,
        error: verdict.reason.clone(),
    };
    RunLog::close(&transaction, run.id, ending).await?;
    let ending = Ending {
        outcome: verdict.outcome,
        at: now,
        next_run_at: source.schedule.next(now),
    };
    Resource::ended(&transaction, run.resource.id, ending).await?;
    transaction.commit().await?;
    let report = Report {
        run: run.id,
        source: source.name.clone(),
        resource: plan.name.clone(),
        outcome: verdict.outcome,
        counts: run.counts,
        error: verdict.reason,
        duration_ms: (now - run.started_at).num_milliseconds(),
    };
    tell(ctx, &run, &report);
    Ok(report)
}

/// One line a run, and a warning where a person should look.
fn tell(ctx: &Ctx, run: &Run, report: &Report) {
    ctx.metrics.run_ended(report, run);
    let Report {
        counts,
        duration_ms,
        ..
    } = report;
    let outcome = report.outcome.as_str();
    let Counts {
        requests,
        pages,
        fetched,
        inserted,
        updated,
        unchanged,
        deleted,
        rejected,
        bad_values,
        ..
    } = *counts;
    info!(
        outcome,
        duration_ms,
        requests,
        pages,
        fetched,
        inserted,
        updated,
        unchanged,
        deleted,
        rejected,
        bad_values,
        version = run.version,
        error = report.error,
        "run ended"
    );
    if report.outcome != Outcome::Complete {
        warn!(outcome, "the run is not complete");
    }
}
