//! The spine: one pull of one resource, from the upstream to the run log.

use std::sync::Arc;

use entity::{resource, run::Trigger};
use tracing::Instrument;

use crate::{
    Ctx, How, Report, SyncError, came,
    control::{self, Hand, Under},
    deferral,
    lease::{self, Keeper},
    pages::Pages,
    parents::{self, Parent, Parents},
    position::Last,
    run::Run,
    run_log,
    source::plan::{Plan, Source},
    table::{self, Prepared},
    validate, verdict, write,
};

/// Pulls everything of `plan` and writes down what happened. `None`: another process is at it.
///
/// # Errors
/// The database failed, or another process took the resource over: nothing could be written down.
pub async fn sync(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    trigger: Trigger,
    how: How,
) -> Result<Option<Report>, SyncError> {
    let Some((keeper, row)) = take_over(ctx, source, plan, (trigger, how)).await? else {
        return Ok(None);
    };
    deferral::heed(ctx, source, &row).await?;
    let mut run = run_log::open(ctx, (source, plan), &keeper, row, (trigger, how)).await?;
    let span = tracing::info_span!(
        "run",
        source = source.name,
        resource = plan.name,
        run = run.id
    );
    // From here on the run ends when an operator wants it to.
    let (ctx, hand) = Hand::on(ctx, Under::of(ctx, source, plan, &run));
    let report = async {
        let ctx = &ctx;
        let result = hand.told(pull(ctx, source, plan, &mut run).await);
        let facts = verdict::facts(ctx, plan, &run).await?;
        let verdict = verdict::judge(plan, &run, &result, facts);
        if run.is_first_whole(&verdict) {
            table::index(ctx, plan, &run).await?;
        }
        run_log::close(ctx, source, plan, run, verdict).await
    };
    // A run's state is large, and whoever awaits it holds it.
    let report = Box::pin(report.instrument(span)).await?;
    keeper.give_back().await?;
    hand.off(&ctx, report.run, (report.outcome, report.error.as_deref()))
        .await?;
    Ok(Some(report))
}

/// Walks through the pages of each parent; of a resource without parents, once. What came is written, however it ends.
async fn pull(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    run: &mut Run,
) -> Result<(), SyncError> {
    let walked = walks(ctx, source, plan, run).await;
    match walked {
        Err(SyncError::LeaseLost | SyncError::Database(_)) => walked,
        _ => walked.and(write::flush(ctx, plan, run).await),
    }
}

async fn walks(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    run: &mut Run,
) -> Result<(), SyncError> {
    parents::expect_read(ctx, plan, run.resource.source_id).await?;
    let mut parents = Parents::of(plan, run);
    while let Some(parent) = parents.next(ctx, plan, run).await? {
        run.begin(source, plan, &parent);
        let mut result = walk(ctx, source, plan, run, &parent).await;
        while result.is_ok() && run.next_span(source, plan) {
            result = walk(ctx, source, plan, run, &parent).await;
        }
        run.end_walk(plan, &parent, result)?;
    }
    Ok(())
}

/// Walks through the pages of a parent, or of one span of time of it.
async fn walk(
    ctx: &Ctx,
    source: &Arc<Source>,
    plan: &Arc<Plan>,
    run: &mut Run,
    parent: &Parent,
) -> Result<(), SyncError> {
    let mut pages = Pages::of(source, plan, run.values(plan, parent));
    if let Some(last) = run.to_verify(plan)
        && !is_as_it_was(ctx, plan, run, &mut pages, &last).await?
    {
        run.restart(source, plan, "the page before it is another now");
    }
    let mut at = run.position.at.clone().or_else(|| run.doubts(plan));
    while let Some(here) = at {
        pages.ask(ctx, run, parent, &here).await?;
        if !pages.is_ready() {
            // The upstream is slower than the database: what came is written while the next page is on its way.
            write::flush(ctx, plan, run).await?;
        }
        let mut fetched = match pages.next(run).await {
            Err(error) if run.is_gone(&here, &error) => {
                run.restart(source, plan, &error.chain());
                at = run.position.at.clone();
                continue;
            }
            fetched => fetched?,
        };
        if came::is_doubtful(plan, &fetched) {
            fetched = pages.anew(ctx, run, &here, fetched).await?;
        }
        let mut page = came::read(plan, &here, &fetched);
        if matches!(page, Err(SyncError::CutOff { .. })) {
            // Its bytes came as they were sent, so that only now it shows. Once more, as after a broken connection.
            drop(page);
            fetched = pages.anew(ctx, run, &here, fetched).await?;
            page = came::read(plan, &here, &fetched);
        }
        let page = page?;
        let next = run.advance(plan, &here, &page);
        if let Ok(Some(next)) = &next {
            pages.ask(ctx, run, parent, next).await?;
        }
        let brought = page.brought(&fetched, parent, plan.method);
        match page.records {
            None => write::same_page(plan, run, brought),
            Some(records) => {
                let lead = run.lead(parent, brought.came.answer.records);
                let records = validate::identities(plan, lead, records);
                write::page(ctx, plan, run, records, brought).await?;
            }
        }
        run.bears(plan)?;
        at = next?.or_else(|| run.doubts(plan));
        run.position.at.clone_from(&at);
        (ctx.progress)(&plan.name, &run.so_far(), run.pages_expected(plan));
    }
    run.end_span(plan)
}

/// Whether the page that an earlier process read last holds the same records still.
async fn is_as_it_was(
    ctx: &Ctx,
    plan: &Plan,
    run: &mut Run,
    pages: &mut Pages,
    last: &Last,
) -> Result<bool, SyncError> {
    pages.ask_alone(ctx, &last.at);
    let page = match pages.next(run).await {
        Err(SyncError::Status {
            status: 400..=499, ..
        }) => return Ok(false),
        fetched => fetched?,
    };
    Ok(came::read(plan, &last.at, &page)?.hash == last.records)
}

/// Takes the resource's lease and readies its table, unless the run is not wanted any more, or another process made it
/// meanwhile.
async fn take_over(
    ctx: &Ctx,
    source: &Source,
    plan: &Plan,
    (trigger, how): (Trigger, How),
) -> Result<Option<(Keeper, resource::Model)>, SyncError> {
    let before = table::row(ctx, source, plan).await?;
    let Some(keeper) = lease::hold(ctx, source, &before).await? else {
        return Ok(None);
    };
    let row = table::row(ctx, source, plan).await?;
    let is_made = match how.command {
        Some(command) => control::is_over(&ctx.db, command).await?,
        None => trigger == Trigger::Schedule && row.last_run_at != before.last_run_at,
    };
    // Who makes a run at the terminal knows what he does.
    let is_wanted = row.enabled || (trigger == Trigger::Manual && how.command.is_none());
    if is_made || !is_wanted {
        keeper.give_back().await?;
        return Ok(None);
    }
    if how.dry {
        return match table::is_current(&row, plan)? {
            true => Ok(Some((keeper, row))),
            false => Err(SyncError::TableBehind),
        };
    }
    let row = match table::prepare(ctx, plan, &keeper, &row).await? {
        Prepared::AsItWas => row,
        Prepared::Altered => table::row(ctx, source, plan).await?,
        Prepared::Stopped => {
            keeper.give_back().await?;
            return Ok(None);
        }
    };
    Ok(Some((keeper, row)))
}
