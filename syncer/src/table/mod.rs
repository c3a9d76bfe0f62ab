//! Registers the definitions, and keeps each resource's table as its definition says.

mod fill;
mod history;
mod rekey;

use entity::{
    definition::Definition,
    dialect,
    lease::Entity as Lease,
    page::Entity as Page,
    resource::{self, Entity as Resource},
    source::{self, Entity as Source, Registration},
};
use migration::record_table;
use sea_orm::{DatabaseTransaction, DbErr};

use self::fill::Filled;
use crate::{
    Ctx,
    error::SyncError,
    lease,
    run::Run,
    source::plan::{self, Catalog, Plan},
    write,
};

/// Writes down every source and resource of `catalog`, and makes or alters their tables.
///
/// A resource that another process is writing keeps its table until the next run here; who may read it holds from now on.
///
/// # Errors
/// The database does not answer, or a table of that name exists and is not Catchment's.
pub async fn register(ctx: &Ctx, catalog: &Catalog) -> Result<(), DbErr> {
    // A table may take its time: nobody is to read meanwhile who may not.
    for source in &catalog.sources {
        for plan in &source.resources {
            row(ctx, source, plan).await?;
        }
    }
    for source in &catalog.sources {
        for plan in &source.resources {
            let resource = row(ctx, source, plan).await?;
            if is_current(&resource, plan)? {
                continue;
            }
            let Some(keeper) = lease::hold(ctx, source, &resource).await? else {
                continue;
            };
            // Whoever had the lease before may have done it.
            let resource = row(ctx, source, plan).await?;
            if is_current(&resource, plan)? {
                keeper.give_back().await?;
                continue;
            }
            let prepared = prepare(ctx, plan, &keeper, &resource).await?;
            if source.is_written() && prepared != Prepared::Stopped {
                open(ctx, plan, &resource).await?;
            }
            keeper.give_back().await?;
            if prepared == Prepared::Stopped {
                return Ok(());
            }
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

/// Whether the table of a resource is as its definition says.
///
/// # Errors
/// The registered definition cannot be read.
pub(crate) fn is_current(resource: &resource::Model, plan: &Plan) -> Result<bool, DbErr> {
    let is_told = plan.definition.history == resource.history_version.is_some();
    let is_open = plan.definition.local.is_none() || is_open(resource);
    Ok(is_told && is_open && resource.projection()?.as_ref() == Some(&plan.definition))
}

/// Whether callers may write.
fn is_open(resource: &resource::Model) -> bool {
    resource.indexed && resource.complete && resource.next_run_at.is_none()
}

/// Lets callers write: no run will ever fill the table, so it gets its indexes at once, and what it holds is all there is.
async fn open(ctx: &Ctx, plan: &Plan, resource: &resource::Model) -> Result<(), DbErr> {
    if !resource.indexed {
        record_table::index(&ctx.db, &plan.definition).await?;
        Resource::indexed(&ctx.db, resource.id).await?;
    }
    Resource::opened(&ctx.db, resource.id, ctx.clock.now()).await
}

/// What preparing a table came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prepared {
    /// There was nothing to do.
    AsItWas,
    /// The resource is no longer as it was.
    Altered,
    /// It was time to stop, before all rows were filled: whoever prepares it next goes on there.
    Stopped,
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
) -> Result<Prepared, DbErr> {
    if is_current(resource, plan)? {
        return Ok(Prepared::AsItWas);
    }
    let from = match resource.filled_for(&plan.definition) {
        Some(rowno) => Some(rowno),
        None => alter(ctx, plan, keeper, resource).await?,
    };
    if let Some(rowno) = from
        && fill::from(ctx, plan, keeper, rowno).await? == Filled::Stopped
    {
        return Ok(Prepared::Stopped);
    }
    if history::follow(ctx, plan, keeper).await? == Filled::Stopped {
        return Ok(Prepared::Stopped);
    }
    Resource::projected(&ctx.db, resource.id, &plan.definition).await?;
    Ok(Prepared::Altered)
}

/// Gives the fields of a table that a run has just filled their indexes.
///
/// # Errors
/// The database does not answer, or another process has the lease.
pub(crate) async fn index(ctx: &Ctx, plan: &Plan, run: &Run) -> Result<(), SyncError> {
    write::begin(ctx, run).await?.rollback().await?;
    record_table::index(&ctx.db, &plan.definition).await?;
    Resource::indexed(&ctx.db, run.resource.id).await?;
    Ok(())
}

/// Alters the table. Returns the `rowno` behind which its rows are to be filled; `None`: none need it.
async fn alter(
    ctx: &Ctx,
    plan: &Plan,
    keeper: &lease::Keeper,
    resource: &resource::Model,
) -> Result<Option<i64>, DbErr> {
    let new = &plan.definition;
    let old = resource.projection()?;
    let steps = record_table::plan(old.as_ref(), new);
    let Some(old) = old else {
        record_table::apply(&ctx.db, new, &steps).await?;
        return Ok(None);
    };
    let moves = keys_move(&old, new);
    let offered = Definition {
        key: old.key.clone(),
        ..record_table::unchanged(&old, new)
    };
    // Were this process to end here and the definition to be taken back, the old one must not seem to
    // hold, over columns and keys that are others by now.
    let surely = Definition {
        key: if moves { Vec::new() } else { old.key.clone() },
        history: new.history,
        ..offered.clone()
    };
    Resource::altering(&ctx.db, resource.id, &offered, &surely).await?;
    if !steps.is_empty() {
        readers_notice(ctx).await;
    }
    record_table::apply(&ctx.db, new, &steps).await?;
    if moves {
        rekey::all(ctx, plan, keeper, resource).await?;
    }
    let is_read_alike = old.fields == new.fields && old.search == new.search;
    if !moves && is_read_alike && old.tables == new.tables {
        return Ok(None);
    }
    // A page that is as it was holds other values now.
    Page::forget_all(&ctx.db, resource.id).await?;
    Resource::fills(&ctx.db, resource.id, new).await?;
    Ok(Some(0))
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

/// Begins a transaction that only the holder of the lease can commit.
///
/// # Errors
/// The database does not answer, or another process has the lease.
pub(crate) async fn begin(ctx: &Ctx, keeper: &lease::Keeper) -> Result<DatabaseTransaction, DbErr> {
    let transaction = dialect::begin_write(&ctx.db).await?;
    if Lease::is_held(&transaction, &keeper.held).await? {
        return Ok(transaction);
    }
    Err(DbErr::Custom(
        "another process has taken the resource over".to_owned(),
    ))
}
