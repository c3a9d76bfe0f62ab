//! Ticks: the names of sources whose runs are due, sent when they are.

use std::{sync::Arc, time::Duration};

use entity::resource::Entity as Resource;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_cron_scheduler::{Job, JobSchedulerError};
use tracing::error;

use crate::{
    Ctx,
    source::plan::{Catalog, Source},
};

/// Ticks by a cron expression in UTC.
pub(super) fn cron(
    expression: &str,
    name: String,
    tick: mpsc::Sender<String>,
) -> Result<Job, JobSchedulerError> {
    let work = move |_, _| {
        let (name, tick) = (name.clone(), tick.clone());
        let told: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            // Ticks that nobody takes in time are one missed tick.
            let queued = tick.try_send(name);
            drop(queued);
        });
        told
    };
    Job::new_async(expression, work)
}

/// Ticks at a fixed pace. Many missed ticks are one.
///
/// The scheduler's own repeated jobs are not used: they count whole seconds, and one that misses a whole pace,
/// as while the machine sleeps, never ticks again (tokio-cron-scheduler 0.15, `scheduler.rs`: `last_to_next`).
pub(super) async fn every(pace: Duration, name: String, tick: mpsc::Sender<String>) {
    let mut ticks = interval_at(Instant::now() + pace, pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Ticks that nobody takes in time are one missed tick.
        let queued = tick.try_send(name.clone());
        drop(queued);
    }
}

/// The sources of which a run is due already: never run, or missed while no syncer was there. Many missed ticks are one.
pub(super) async fn overdue(ctx: &Ctx, catalog: &Catalog) -> Vec<String> {
    let now = ctx.clock.now();
    let resources = match Resource::all_with_source(&ctx.db).await {
        Ok(resources) => resources,
        Err(error) => {
            error!(%error, "cannot see which runs are due");
            return Vec::new();
        }
    };
    let due = |source: &&Arc<Source>| {
        let mine = resources.iter().filter(|(_, of)| of.name == source.name);
        mine.into_iter()
            .filter(|(resource, _)| resource.enabled)
            .any(|(resource, _)| resource.next_run_at.is_none_or(|next| next <= now))
    };
    catalog
        .sources
        .iter()
        .filter(|source| !source.is_written())
        .filter(due)
        .map(|source| source.name.clone())
        .collect()
}

/// Ticks once for each of them, however many they are.
pub(super) async fn each(names: Vec<String>, tick: mpsc::Sender<String>) {
    for name in names {
        if tick.send(name).await.is_err() {
            break;
        }
    }
}

/// Ticks once when the upstream may be asked again.
pub(super) async fn again(name: String, over: Instant, tick: mpsc::Sender<String>) {
    tokio::time::sleep_until(over).await;
    let queued = tick.try_send(name);
    drop(queued);
}
