//! Looks for leases that run out. Whoever ends a run gives its lease back, so that the holder of such a one is dead or asleep.

use std::time::Duration;

use entity::{
    command::{Entity as Command, Kind},
    lease::{Entity as Lease, Out},
    resource::Entity as Resource,
    run::{Entity as RunLog, Mode},
};
use sea_orm::DbErr;
use tokio::sync::mpsc;
use tracing::warn;

use crate::Ctx;

/// A resource whose lease ran out.
pub(super) struct Abandoned {
    pub(super) source: String,
    pub(super) resource: String,
}

/// Tells of each resource whose lease ran out, again and again until somebody takes it.
///
/// A lease that is held now is looked at again when it would end, and one that is taken later lasts longer than the wait:
/// none ends long before it is seen, and a look or two in a lease's time are enough for that.
#[expect(
    clippy::disallowed_methods,
    reason = "a lease ends after a while, and nothing tells when"
)]
pub(super) async fn watch(ctx: Ctx, found: mpsc::Sender<Abandoned>) {
    loop {
        let wait = match look(&ctx, &found).await {
            Ok(next) => next.unwrap_or(ctx.lease).clamp(ctx.lease / 10, ctx.lease),
            Err(error) => {
                warn!(%error, "cannot see whether another process died");
                ctx.lease
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// One look; how long until the next lease may run out.
async fn look(ctx: &Ctx, found: &mpsc::Sender<Abandoned>) -> Result<Option<Duration>, DbErr> {
    let out = Lease::out(&ctx.db).await?;
    let (held, abandoned): (Vec<Out>, Vec<Out>) =
        out.into_iter().partition(|lease| lease.left.is_some());
    if !abandoned.is_empty() {
        tell(ctx, &abandoned, found).await?;
    }
    // It has run out when its last millisecond is over.
    let ends = held.iter().filter_map(|lease| lease.left);
    Ok(ends.min().map(|left| left + Duration::from_millis(1)))
}

/// Whether what was abandoned is gone on with by whoever obeys the command that asked for it, or is not gone on with at
/// all, as it only counted.
async fn is_of_another(ctx: &Ctx, resource_id: i32) -> Result<bool, DbErr> {
    let open = Command::open_of(&ctx.db, &[resource_id]).await?;
    let mut asked = open.iter().filter(|command| command.kind != Kind::Cancel);
    if asked.any(|command| command.run_id.is_some()) {
        return Ok(true);
    }
    let last = RunLog::latest(&ctx.db, Some(resource_id), 1).await?;
    Ok(last.iter().any(|run| run.mode == Mode::Dry))
}

async fn tell(ctx: &Ctx, abandoned: &[Out], found: &mpsc::Sender<Abandoned>) -> Result<(), DbErr> {
    for (resource, source) in Resource::all_with_source(&ctx.db).await? {
        let is_it = |lease: &Out| lease.resource_id == resource.id;
        if !resource.enabled || !abandoned.iter().any(is_it) {
            continue;
        }
        if is_of_another(ctx, resource.id).await? {
            continue;
        }
        // What does not fit is found again by the next look.
        let told = found.try_send(Abandoned {
            source: source.name,
            resource: resource.name,
        });
        drop(told);
    }
    Ok(())
}
