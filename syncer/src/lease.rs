//! Holds a resource's lease for as long as a run needs it: takes it, renews it, gives it back.

use std::time::Duration;

use entity::{
    lease::{Entity as Lease, Held},
    resource,
};
use sea_orm::DbErr;
use tokio::{task::JoinHandle, time::Instant};
use tracing::{info, warn};

use crate::{Ctx, Wait, source::plan::Source};

/// A lease that renews itself until it is given back or dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub held: Held,
    renewal: JoinHandle<()>,
}

/// Takes the lease of a resource. Waits for the time of one lease, in which that of a dead process ends;
/// `None`: another process is at work on it.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn hold(
    ctx: &Ctx,
    source: &Source,
    resource: &resource::Model,
) -> Result<Option<Keeper>, DbErr> {
    let mut told = false;
    let deadline = Instant::now() + ctx.lease + Duration::from_secs(1);
    loop {
        if let Some(held) = Lease::take(&ctx.db, resource.id, &ctx.holder(), ctx.lease).await? {
            let renewal = tokio::spawn(renew(ctx.clone(), held.clone()));
            return Ok(Some(Keeper { held, renewal }));
        }
        if !told {
            info!(
                source = source.name,
                resource = resource.name,
                "waiting for the lease: another process has it"
            );
            (ctx.on_wait)(Wait::Lease(ctx.lease));
            told = true;
        }
        let pause = ctx.lease / 10;
        if Instant::now() >= deadline || pause_or_stop(ctx, pause).await {
            return Ok(None);
        }
    }
}

impl Keeper {
    /// Gives the lease back.
    ///
    /// # Errors
    /// The database does not answer; the lease then ends by itself.
    pub(crate) async fn give_back(self, ctx: &Ctx) -> Result<(), DbErr> {
        self.renewal.abort();
        Lease::give_back(&ctx.db, &self.held).await
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Renews until it is aborted. A lease that was lost is found out by the next page's transaction.
#[expect(clippy::disallowed_methods, reason = "a lease is renewed at a pace")]
async fn renew(ctx: Ctx, held: Held) {
    loop {
        tokio::time::sleep(ctx.lease / 3).await;
        if let Err(error) = Lease::take(&ctx.db, held.resource_id, &held.holder, ctx.lease).await {
            warn!(%error, "the lease could not be renewed");
        }
    }
}

/// Whether it is time to stop.
#[expect(
    clippy::disallowed_methods,
    reason = "another process's lease ends after a while"
)]
async fn pause_or_stop(ctx: &Ctx, pause: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => false,
        () = ctx.stop.asked() => true,
    }
}
