//! What runs until it is stopped: started together, stopped together, ended within a bounded time.

use std::{io, net::SocketAddr, time::Duration};

use anyhow::{Context, anyhow};
use syncer::stop::{Stop, Stopper};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tracing::warn;

/// Services cut off their own connections after the grace; this is for them to do so.
const SLACK: Duration = Duration::from_secs(1);

/// Servers of one process. When one of them ends too early, all are stopped.
pub(crate) struct Services {
    tasks: JoinSet<(&'static str, io::Result<()>)>,
    stopper: Stopper,
    stop: Stop,
}

impl Services {
    pub(crate) fn new() -> Self {
        let (stopper, stop) = syncer::stop::pair();
        Self {
            tasks: JoinSet::new(),
            stopper,
            stop,
        }
    }

    /// The stop that a service has to heed.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// A future of the same, for a service that has no use for more.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let stop = self.stop.clone();
        async move { stop.asked().await }
    }

    pub(crate) fn start(
        &mut self,
        name: &'static str,
        service: impl Future<Output = io::Result<()>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (name, service.await) });
    }

    /// Runs them until `stop` is asked for, then gives them `grace` to end. What [`Services::stop`] gave out is asked in
    /// any case.
    ///
    /// # Errors
    /// One ended before it was asked to, or failed.
    pub(crate) async fn run(mut self, stop: Stop, grace: Duration) -> anyhow::Result<()> {
        let early = tokio::select! {
            () = stop.asked() => Ok(()),
            Some(ended) = self.tasks.join_next() => Err(early(ended)),
        };
        self.stopper.stop();
        let ended = timeout(grace + SLACK, async {
            let mut failed = Ok(());
            while let Some(ended) = self.tasks.join_next().await {
                failed = failed.and(how(ended));
            }
            failed
        });
        let ended = ended.await.unwrap_or_else(|_| {
            warn!(
                left = self.tasks.len(),
                "what has not ended by now is cut off"
            );
            Ok(())
        });
        self.tasks.shutdown().await;
        early.and(ended)
    }
}

type Ended = Result<(&'static str, io::Result<()>), tokio::task::JoinError>;

fn early(ended: Ended) -> anyhow::Error {
    match ended {
        Ok((name, Ok(()))) => anyhow!("the {name} ended by itself"),
        other => how(other)
            .err()
            .unwrap_or_else(|| anyhow!("a service ended by itself")),
    }
}

fn how(ended: Ended) -> anyhow::Result<()> {
    let (name, result) = ended.context("a service panicked")?;
    result.with_context(|| format!("the {name} failed"))
}

/// Opens the address at which a service listens; `setting` names it.
///
/// # Errors
/// It cannot be had; most often because it is taken.
pub(crate) async fn listen(
    service: &str,
    address: SocketAddr,
    setting: &str,
) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        let variable = format!("CATCHMENT__{}", setting.to_uppercase().replace('.', "__"));
        format!(
            "the {service} cannot listen on {address}; set {variable} (or `{setting}` in the settings file) to another \
             address, port 0 for any free one"
        )
    })
}
