//! Registers the definitions, and keeps each resource's table as its definition says.

use entity::{
    dialect,
    lease::Entity as Lease,
    record,
    resource::{self, Entity as Resource},
    source::{self, Entity as Source, Registration},
};
use migration::record_table;
use sea_orm::DbErr;
use tracing::info;

use crate::{
    Ctx, lease,
    source::plan::{self, Catalog, Plan},
    validate,
};

/// Writes down every source and resource of `catalog`, and makes or alters their tables.
///
/// A resource that another process is writing keeps its table until the next run here.
///
/// # Errors
/// The database does not answer, or a table of that name exists and is not Catchment's.
pub async fn register(ctx: &Ctx, catalog: &Catalog) -> Result<(), DbErr> {
    for source in &catalog.sources {
        for plan in &source.resources {
            let resource = row(ctx, source, plan).await?;
            if is_current(&resource, plan)? {
                continue;
            }
            let Some(keeper) = lease::hold(ctx, resource.id).await? else {
                continue;
            };
            prepare(ctx, plan, &keeper, &resource).await?;
            keeper.give_back(ctx).await?;
        }
    }
    Ok(())
}

/// The registered row of a source, made if it is new.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn source(ctx: &Ctx, source: &plan::Source) -> Result<source::Model, DbErr> {
    let registration = Registration {
        name: &source.name,
        base_url: source.base_url.as_str(),
        schedule: &source.schedule.to_string(),
        now: ctx.clock.now(),
    };
    Source::register(&ctx.db, registration).await
}

/// The registered row of a resource, made if it is new.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn row(
    ctx: &Ctx,
    of: &plan::Source,
    plan: &Plan,
) -> Result<resource::Model, DbErr> {
    let source = source(ctx, of).await?;
    Resource::register(&ctx.db, source.id, &plan.definition).await
}

fn is_current(resource: &resource::Model, plan: &Plan) -> Result<bool, DbErr> {
    Ok(resource.projection()?.as_ref() == Some(&plan.definition))
}

/// Brings the table of a resource to its definition: columns first, then their values from the stored payloads.
///
/// Readers lose the fields that change before the table does, and get them back when they are filled.
///
/// # Errors
/// The database does not answer, or a table of that name exists and is not Catchment's.
pub(crate) async fn prepare(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    resource: &resource::Model,
) -> Result<(), DbErr> {
    if is_current(resource, plan)? {
        return Ok(());
    }
    let old = resource.projection()?;
    let new = &plan.definition;
    let steps = record_table::plan(old.as_ref(), new);
    if let Some(old) = &old {
        Resource::offer(&ctx.db, resource.id, &record_table::unchanged(old, new)).await?;
        if !steps.is_empty() {
            readers_notice(ctx).await;
        }
    }
    record_table::apply(&ctx.db, new, &steps).await?;
    if let Some(old) = &old
        && old.fields != new.fields
    {
        let rows = fill(ctx, plan, keeper).await?;
        info!(
            resource = plan.definition.table,
            rows, "the table follows its changed definition"
        );
    }
    Resource::projected(&ctx.db, resource.id, new).await
}

/// Waits until no reader asks for a field that is about to change.
#[expect(
    clippy::disallowed_methods,
    reason = "readers look for changes at a pace of their own"
)]
async fn readers_notice(ctx: &Ctx) {
    tokio::time::sleep(ctx.notice).await;
}

/// Reads every stored payload into the table's columns again, a batch a transaction.
async fn fill(ctx: &Ctx, plan: &Plan, keeper: &lease::Keeper) -> Result<u64, DbErr> {
    let table = &plan.definition.table;
    let mut rows = 0;
    let mut after = 0;
    loop {
        let batch = record::payloads_after(&ctx.db, table, after, 500).await?;
        let Some((last, ..)) = batch.last() else {
            return Ok(rows);
        };
        after = *last;
        let transaction = dialect::begin_write(&ctx.db).await?;
        if !Lease::is_held(&transaction, &keeper.held).await? {
            return Err(DbErr::Custom(
                "another process has taken the resource over".to_owned(),
            ));
        }
        for (rowno, payload, _) in &batch {
            // A record that the new definition rejects keeps its row until the next run judges it.
            if let Some(row) = validate::again(plan, payload) {
                record::project(&transaction, &plan.definition, *rowno, &row).await?;
            }
            rows += 1;
        }
        transaction.commit().await?;
    }
}
