//! Registers the definitions, and keeps each resource's table as its definition says.

mod rekey;

use entity::{
    definition::Definition,
    dialect,
    lease::Entity as Lease,
    record,
    resource::{self, Entity as Resource},
    source::{self, Entity as Source, Registration},
};
use migration::record_table;
use sea_orm::{DatabaseTransaction, DbErr};
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
/// Returns whether anything was to do: `resource` is then no longer as it was.
///
/// # Errors
/// The database does not answer, or a table of that name exists and is not Catchment's.
pub(crate) async fn prepare(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    resource: &resource::Model,
) -> Result<bool, DbErr> {
    if is_current(resource, plan)? {
        return Ok(false);
    }
    let old = resource.projection()?;
    let new = &plan.definition;
    let steps = record_table::plan(old.as_ref(), new);
    let moves = old.as_ref().is_some_and(|old| keys_move(old, new));
    if let Some(old) = &old {
        let offered = Definition {
            key: old.key.clone(),
            ..record_table::unchanged(old, new)
        };
        // Were this process to end here and the definition to be taken back, the old one must not seem to
        // hold, over columns and keys that are others by now.
        let surely = Definition {
            key: if moves { Vec::new() } else { old.key.clone() },
            ..offered.clone()
        };
        Resource::altering(&ctx.db, resource.id, &offered, &surely).await?;
        if !steps.is_empty() {
            readers_notice(ctx).await;
        }
    }
    record_table::apply(&ctx.db, new, &steps).await?;
    if let Some(old) = &old
        && (moves || old.fields != new.fields)
    {
        if moves {
            rekey::all(ctx, plan, keeper, resource).await?;
        }
        let rows = fill(ctx, plan, keeper).await?;
        info!(
            resource = plan.definition.table,
            rows, "the table follows its changed definition"
        );
    }
    Resource::projected(&ctx.db, resource.id, new).await?;
    Ok(true)
}

/// Whether a record may have another key under `new`.
fn keys_move(old: &Definition, new: &Definition) -> bool {
    old.key != new.key || (new.key.iter()).any(|name| old.field(name) != new.field(name))
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
        let transaction = begin(ctx, keeper).await?;
        for (rowno, payload, _) in &batch {
            // A record that the new definition rejects keeps its row until the next run judges it.
            if let Some(checked) = validate::again(plan, "", payload) {
                record::project(&transaction, &plan.definition, *rowno, &checked.row).await?;
            }
            rows += 1;
        }
        transaction.commit().await?;
    }
}

/// Begins a transaction that only the holder of the lease can commit.
async fn begin(ctx: &Ctx, keeper: &lease::Keeper) -> Result<DatabaseTransaction, DbErr> {
    let transaction = dialect::begin_write(&ctx.db).await?;
    if Lease::is_held(&transaction, &keeper.held).await? {
        return Ok(transaction);
    }
    Err(DbErr::Custom(
        "another process has taken the resource over".to_owned(),
    ))
}
