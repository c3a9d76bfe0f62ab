//! The spine: one pull of one resource, from the upstream to the run log.

use entity::{
    resource::{self, Entity as Resource},
    run::Trigger,
};
use sea_orm::DbErr;
use tracing::Instrument;

use crate::{
    Ctx, How, Report, SyncError, decode,
    fetch::{self, Ask, Got},
    lease::{self, Keeper},
    parents::{Parent, Parents},
    run::Run,
    run_log,
    source::plan::{Plan, Source},
    table::{self, Prepared},
    validate::{self, Lead},
    verdict, write,
};

/// Pulls everything of `plan` and writes down what happened. `None`: another process is at it.
///
/// # Errors
/// The database failed, or another process took the resource over: nothing could be written down.
pub async fn sync(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    trigger: Trigger,
    how: How,
) -> Result<Option<Report>, SyncError> {
    let Some((keeper, row)) = take_over(ctx, source, plan, trigger).await? else {
        return Ok(None);
    };
    let mut run = run_log::open(ctx, plan, &keeper, row, (trigger, how)).await?;
    let span = tracing::info_span!(
        "run",
        source = source.name,
        resource = plan.name,
        run = run.id
    );
    let report = async {
        let result = pull(ctx, source, plan, &mut run).await;
        let parents_complete = parents_complete(ctx, plan, &run).await?;
        let verdict = verdict::judge(plan, &run, &result, parents_complete);
        run_log::close(ctx, source, plan, run, verdict).await
    };
    let report = report.instrument(span).await?;
    keeper.give_back(ctx).await?;
    Ok(Some(report))
}

/// Walks through the pages of each parent; of a resource without parents, once.
async fn pull(ctx: &Ctx, source: &Source, plan: &Plan, run: &mut Run) -> Result<(), SyncError> {
    let mut parents = Parents::of(plan, &run.position, run.started_at);
    while let Some(parent) = parents.next(ctx, plan).await? {
        let result = walk(ctx, source, plan, run, &parent).await;
        run.end_walk(plan, &parent, result)?;
    }
    Ok(())
}

async fn walk(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    run: &mut Run,
    parent: &Parent,
) -> Result<(), SyncError> {
    let mut at = run.begin(plan, parent);
    while let Some(here) = at {
        let ask = Ask {
            source,
            plan,
            values: &parent.values,
            at: &here,
            known: None,
        };
        let Got::Page(page) = fetch::page(ctx, ask, &mut run.counts).await? else {
            break;
        };
        let came = decode::page(plan, &page)?;
        let lead = Lead {
            copies: &parent.copies,
            before: run.position.walked.records,
        };
        let records = validate::identities(plan, lead, came.records);
        at = run.advance(plan, &here, &came.answer)?;
        write::page(ctx, plan, run, records).await?;
        (ctx.progress)(&plan.name, &run.counts, run.pages_expected(plan));
    }
    Ok(())
}

/// Takes the resource's lease and readies its table, unless another process made the run of this tick meanwhile.
async fn take_over(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    trigger: Trigger,
) -> Result<Option<(Keeper, resource::Model)>, DbErr> {
    let before = table::row(ctx, source, plan).await?;
    let Some(keeper) = lease::hold(ctx, before.id).await? else {
        return Ok(None);
    };
    let row = table::row(ctx, source, plan).await?;
    if trigger == Trigger::Schedule && row.last_run_at != before.last_run_at {
        keeper.give_back(ctx).await?;
        return Ok(None);
    }
    let row = match table::prepare(ctx, plan, &keeper, &row).await? {
        Prepared::AsItWas => row,
        Prepared::Altered => table::row(ctx, source, plan).await?,
        Prepared::Stopped => {
            keeper.give_back(ctx).await?;
            return Ok(None);
        }
    };
    Ok(Some((keeper, row)))
}

async fn parents_complete(ctx: &Ctx, plan: &Plan, run: &Run) -> Result<bool, SyncError> {
    let Some(for_each) = &plan.for_each else {
        return Ok(true);
    };
    let parent = Resource::by_name(&ctx.db, run.resource.source_id, &for_each.resource).await?;
    let walked = run.position.parents;
    Ok(parent.is_some_and(|parent| parent.complete && walked == Some(parent.version)))
}
