//! A run ends: in the database, in the log, and in the metrics. The one place where a run's error is told.

use chrono::{DateTime, Utc};
use entity::{
    cursor::{self, Entity as Cursor},
    progress::Entity as Progress,
    reject::Entity as Reject,
    resource::{Ending, Entity as Resource},
    run::{self as log, Entity as RunLog, Outcome},
};
use sea_orm::{DatabaseTransaction, DbErr};
use tracing::{info, warn};

use super::is_partial;
use crate::{
    Ctx, Report, SyncError, memory,
    position::{self, Marks},
    run::Run,
    source::plan::{Mark, Plan, Source},
    span,
    verdict::Verdict,
    write,
};

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
    if run.dry.is_some() {
        return close_dry(ctx, source, plan, run, verdict).await;
    }
    let gone = if verdict.deletes(plan) {
        write::gone(ctx, plan, &run).await?
    } else {
        Vec::new()
    };
    // A clock that was set back must not end a run before it began.
    let now = ctx.clock.now().max(run.started_at);
    let transaction = write::begin(ctx, &run).await?;
    let deleted = write::delete(&transaction, plan, &mut run, &gone, now).await?;
    run.counts += deleted;
    if verdict.outcome == Outcome::Complete {
        let past = write::past(&transaction, plan, &run).await?;
        Reject::forget(&transaction, past).await?;
    }
    leave(&transaction, plan, &mut run, &verdict, now).await?;
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
        next_run_at: verdict.deferred_until.or_else(|| source.schedule.next(now)),
    };
    Resource::ended(&transaction, run.resource.id, ending).await?;
    Progress::end(&transaction, run.resource.id, run.id).await?;
    transaction.commit().await?;
    let report = report(source, plan, &run, verdict, now);
    ctx.metrics.run_ended(&report, &run, plan);
    tell(&run, &report);
    Ok(report)
}

/// Ends a run that only counted: readers are told nothing of it.
async fn close_dry(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    mut run: Run,
    verdict: Verdict,
) -> Result<Report, SyncError> {
    if verdict.deletes(plan) {
        run.counts.deleted += write::would_delete(&run);
    }
    let now = ctx.clock.now().max(run.started_at);
    let transaction = write::begin(ctx, &run).await?;
    let ending = log::Ending {
        outcome: verdict.outcome,
        at: now,
        counts: run.counts,
        error: verdict.reason.clone(),
    };
    RunLog::close(&transaction, run.id, ending).await?;
    Progress::end(&transaction, run.resource.id, run.id).await?;
    transaction.commit().await?;
    let report = report(source, plan, &run, verdict, now);
    tell(&run, &report);
    Ok(report)
}

fn report(source: &Source, plan: &Plan, run: &Run, verdict: Verdict, now: DateTime<Utc>) -> Report {
    Report {
        run: run.id,
        source: source.name.clone(),
        resource: plan.name.clone(),
        mode: run.mode,
        outcome: verdict.outcome,
        counts: run.counts,
        error: verdict.reason,
        deferred_until: verdict.deferred_until,
        duration_ms: (now - run.started_at).num_milliseconds(),
    }
}

/// Leaves to the next run what it may go on from: of a complete one the mark, of an unfinished one its place.
async fn leave(
    transaction: &DatabaseTransaction,
    plan: &Plan,
    run: &mut Run,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    run.position.deferred_until = verdict.deferred_until;
    let is_complete = verdict.outcome == Outcome::Complete;
    if is_complete {
        memory::forget_unseen(transaction, run).await?;
    }
    let before = run.legacy.marks.clone();
    let clamped = |mark: Option<Mark>| mark.map(|mark| span::clamped(mark, run.position.until));
    let mut marks = Marks {
        plan: plan.fingerprint.clone(),
        failed: std::mem::take(&mut run.position.failed),
        ..before.clone()
    };
    if is_complete {
        let kept = clamped(before.cursor);
        marks.reached = run.position.highest.max(clamped(before.reached)).max(kept);
        let known = match run.may_be_outrun(plan) {
            true => before.reached,
            false => marks.reached,
        };
        marks.cursor = known.max(kept);
        marks.parents = run.position.parents;
        if run.position.full && is_partial(plan) {
            marks.full_at = Some(now);
        }
    }
    if !is_complete && verdict.resumable {
        run.position.failed.clone_from(&marks.failed);
    }
    let mut standing = run.standing(plan, now);
    if !verdict.resumable {
        standing.position.clear();
        standing.seen.clear();
    }
    let has_marks = plan.for_each.is_some() || plan.cursor.is_some();
    if has_marks && marks != before {
        let mut parents = if is_complete {
            std::mem::take(&mut run.seen.parents)
        } else {
            std::mem::take(&mut run.legacy.parents)
        };
        let left = cursor::Left {
            mark: serde_json::to_string(&marks)
                .map_err(|error| DbErr::Custom(error.to_string()))?,
            walked: position::bytes([&mut parents].into_iter()),
        };
        return Cursor::leave(transaction, standing, left).await;
    }
    if verdict.resumable {
        Cursor::save(transaction, standing).await
    } else {
        Cursor::clear(transaction, run.resource.id).await
    }
}

/// One line a run, and a warning where a person should look.
fn tell(run: &Run, report: &Report) {
    let (outcome, counts) = (report.outcome.as_str(), report.counts);
    info!(
        outcome,
        mode = report.mode.as_str(),
        duration_ms = report.duration_ms,
        requests = counts.requests,
        pages = counts.pages,
        fetched = counts.fetched,
        inserted = counts.inserted,
        updated = counts.updated,
        unchanged = counts.unchanged,
        deleted = counts.deleted,
        rejected = counts.rejected,
        bad_values = counts.bad_values,
        version = run.version,
        error = report.error,
        "run ended"
    );
    if report.outcome != Outcome::Complete {
        warn!(outcome, error = report.error, "the run is not complete");
    }
}
