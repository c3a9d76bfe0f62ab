//! A run begins, or goes on with the one that a process left behind.

use chrono::{DateTime, Utc};
use entity::{
    command::Entity as Command,
    cursor::{self, Entity as Cursor},
    dialect,
    page::Entity as Pages,
    progress::Entity as Progress,
    reject::Kept,
    resource,
    run::{Counts, Entity as RunLog, Opening, Trigger},
};
use sea_orm::{DbErr, EntityTrait};
use tokio::time::Instant;

use crate::{
    Ctx, How, control,
    fetch::page::{self, Walked},
    lease,
    memory::Memory,
    parents,
    position::{Left, Legacy, Position},
    run::{Run, is_due},
    source::plan::{Plan, Source},
    span,
    write::{Dry, Waiting},
};

/// Pages are gone on with only so long after they were left: later, too much may have moved upstream.
const RESUME_WITHIN: chrono::Duration = chrono::Duration::minutes(15);

/// Begins a run, or goes on with the one that a process left behind.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn open(
    ctx: &Ctx,
    (source, plan): (&Source, &Plan),
    keeper: &lease::Keeper,
    resource: resource::Model,
    start: (Trigger, How),
) -> Result<Run, DbErr> {
    let (trigger, how) = start;
    let now = ctx.clock.now();
    RunLog::close_abandoned(&ctx.db, resource.id, now).await?;
    let (left, legacy, before) = taken_up(ctx, plan, &resource, how).await?;
    let id = begin(
        ctx,
        keeper,
        Opening {
            resource_id: resource.id,
            trigger,
            mode: how.mode(),
            command_id: how.command,
            at: now,
            resumed_from: before.map(|(run, _)| run),
        },
    )
    .await?;
    let kept = Kept::of(&ctx.db, resource.id).await?;
    let last_rowno = resource.highest_rowno(&ctx.db).await?;
    let Left {
        position,
        counts,
        seen,
    } = left;
    let resumed_at = position.at.clone().filter(|_| before.is_some());
    Ok(Run {
        id,
        version: resource.version,
        live_rows: resource.live_rows,
        resource,
        lease: keeper.held.clone(),
        loss: keeper.loss(),
        started_at: now,
        counts: Counts {
            total: counts.total,
            ..Counts::default()
        },
        earlier: Counts {
            total: None,
            ..counts
        },
        last_rowno,
        position,
        // Those that an earlier process met, it may have changed.
        written: seen.rows.clone(),
        seen,
        legacy,
        memory: Memory::of(source, plan, how),
        kept,
        waiting: Waiting::default(),
        saved_at: Instant::now(),
        resumed_at,
        left_at: before.map_or(now, |(_, left_at)| left_at),
        accept_deletes: how.accept_deletes,
        mode: how.mode(),
        dry: how.dry.then(Dry::default),
    })
}

/// Writes down that a run began, for which command, and that it is under way.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn begin(
    ctx: &Ctx,
    keeper: &lease::Keeper,
    opening: Opening,
) -> Result<i64, DbErr> {
    let command = opening.command_id;
    let transaction = dialect::begin_write(&ctx.db).await?;
    let id = RunLog::open(&transaction, opening).await?;
    if let Some(command) = command {
        Command::started(&transaction, command, id).await?;
    }
    let progress = control::begun(ctx, id, keeper);
    Progress::begin(&transaction, progress).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Where the run begins or goes on, what the runs before left, and the run that it goes on with and when that was left.
async fn taken_up(
    ctx: &Ctx,
    plan: &Plan,
    resource: &resource::Model,
    how: How,
) -> Result<(Left, Legacy, Option<(i64, DateTime<Utc>)>), DbErr> {
    let cursor = Cursor::find_by_id(resource.id).one(&ctx.db).await?;
    let legacy = cursor
        .as_ref()
        .map(|cursor| Legacy::of(cursor, &plan.fingerprint));
    let mut legacy = legacy.unwrap_or_default();
    let parents = parents::version(ctx, plan, resource.source_id).await?;
    // What is only counted is counted from the start, and leaves the place to whoever goes on there.
    let left = cursor.filter(|_| !how.full && !how.dry).and_then(|cursor| {
        let left = left(plan, &cursor, ctx.clock.now())?;
        Some((left, (cursor.run_id, cursor.saved_at)))
    });
    if let Some((mut left, before)) = left {
        legacy.marks.failed = left.go_on(&legacy.marks.failed);
        if left.position.parents != parents {
            // Those behind it have their turn all the same, or the last ones would never be reached where parents change
            // from run to run. It cannot be complete, so the next run begins with the first one again.
            left.position.leave_parent();
        }
        return Ok((left, legacy, Some(before)));
    }
    let left = begun(ctx, plan, resource, (&legacy, how), parents).await?;
    Ok((left, legacy, None))
}

/// Whether a run may ask for less than everything.
pub(crate) fn is_partial(plan: &Plan) -> bool {
    let skips = plan
        .for_each
        .as_ref()
        .is_some_and(|for_each| for_each.changed_only);
    plan.cursor.is_some() || skips
}

/// What an unfinished run left to go on from, if it may be.
pub(crate) fn left(plan: &Plan, cursor: &cursor::Model, now: DateTime<Utc>) -> Option<Left> {
    if cursor.position.is_empty() || cursor.plan != plan.fingerprint {
        return None;
    }
    let mut left = Left::of(cursor)?;
    // Who was asked to wait could not come sooner.
    let since = left
        .position
        .deferred_until
        .take()
        .map_or(cursor.saved_at, |until| until.max(cursor.saved_at));
    if now - since <= RESUME_WITHIN {
        return Some(left);
    }
    aged(plan, left)
}

/// A run that was left long ago: its pages have moved, but the spans that it has read to their end need not be read again.
fn aged(plan: &Plan, mut left: Left) -> Option<Left> {
    let cursor = plan.cursor.as_ref().filter(|_| plan.for_each.is_none())?;
    let mut position = left.position;
    // Where a change moves others past us, its sign could not be told from a change since it was left.
    if position.is_oldest_first(plan) && !plan.closes_ranks() {
        position.from = position.from.max(position.highest);
    } else if cursor.window.is_none() {
        return None;
    }
    // It is a span of its own, which begins somewhere else: no page of the one that it left is held against its first.
    position.spans += 1;
    left.seen.span.clear();
    position.last = None;
    position.walked = Walked::default();
    position.at = Some(page::first(&plan.page, false));
    Some(Left { position, ..left })
}

/// A run from the start: of everything, or of what changed since the last complete one.
async fn begun(
    ctx: &Ctx,
    plan: &Plan,
    resource: &resource::Model,
    (legacy, how): (&Legacy, How),
    parents: Option<i64>,
) -> Result<Left, DbErr> {
    let full = how.full || !is_partial(plan) || is_due(plan, legacy, ctx.clock.now());
    let until = plan
        .cursor
        .as_ref()
        .and_then(|cursor| span::end(cursor, ctx.clock.now()));
    let position = Position {
        full,
        parents,
        retrying: !legacy.marks.failed.is_empty() && plan.for_each.is_some(),
        until,
        last_page: Pages::last(&ctx.db, resource.id).await?,
        ..Position::default()
    };
    Ok(Left {
        position,
        ..Left::default()
    })
}
