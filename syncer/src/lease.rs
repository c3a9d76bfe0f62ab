//! Holds a resource's lease for as long as a run needs it: takes it, renews it, gives it back.

use std::time::Duration;

use entity::{
    dialect,
    lease::{Entity as Lease, Held},
    resource,
};
use sea_orm::DbErr;
use tokio::{
    sync::oneshot,
    task::{AbortHandle, JoinHandle},
    time::Instant,
};
use tracing::{info, warn};

use crate::{Ctx, Wait, source::plan::Source};

/// A lease that renews itself until it is given back. One that is dropped, as when its run breaks off, is given back as
/// well: only a process that dies leaves a lease to run out.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub held: Held,
    wanted: oneshot::Sender<()>,
    keeping: JoinHandle<Result<(), DbErr>>,
}

/// Whether a lease was found to be another's by now.
#[derive(Clone, Debug)]
pub(crate) struct Loss(AbortHandle);

impl Loss {
    /// Of a lease that is not given back yet.
    pub(crate) fn is_known(&self) -> bool {
        self.0.is_finished()
    }
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
            let (wanted, unwanted) = oneshot::channel();
            let keeping = tokio::spawn(keep(ctx.clone(), held.clone(), unwanted));
            return Ok(Some(Keeper {
                held,
                wanted,
                keeping,
            }));
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
    /// Where it shows that the lease is lost: whoever keeps it renews it for as long as that can be.
    pub(crate) fn loss(&self) -> Loss {
        Loss(self.keeping.abort_handle())
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// The database does not answer; the lease then ends by itself.
    pub(crate) async fn give_back(self) -> Result<(), DbErr> {
        drop(self.wanted);
        let kept = self.keeping.await;
        kept.unwrap_or_else(|panic| Err(DbErr::Custom(panic.to_string())))
    }
}

/// Renews the lease until its keeper is gone, and then gives it back.
async fn keep(ctx: Ctx, held: Held, mut unwanted: oneshot::Receiver<()>) -> Result<(), DbErr> {
    loop {
        tokio::select! {
            _ = &mut unwanted => return Lease::give_back(&ctx.db, &held).await,
            () = until_due(&ctx) => {}
        }
        match Lease::renew(&ctx.db, &held, ctx.lease).await {
            Ok(true) => {}
            // It was lost: no page is asked for any more, and none is written. Another's must not be taken from it.
            Ok(false) => return Ok(()),
            Err(error) => warn!(%error, "the lease could not be renewed"),
        }
    }
}

/// Waits a third of a lease's time, and up to another third for a pause of whoever writes. A process that was paused itself
/// has waited long enough.
#[expect(clippy::disallowed_methods, reason = "a lease is renewed at a pace")]
async fn until_due(ctx: &Ctx) {
    let latest = Instant::now() + ctx.lease * 2 / 3;
    tokio::time::sleep(ctx.lease / 3).await;
    while dialect::is_busy(&ctx.db) && Instant::now() < latest {
        tokio::time::sleep(ctx.lease / 300).await;
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
