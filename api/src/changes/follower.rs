//! Someone who follows a resource: what they know, and what there is to tell them.

use std::sync::Arc;

use entity::record::Seq;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, timeout_at},
};

use super::feed::{Batch, Form};
use crate::{
    AppState,
    fault::{Code, Fault},
    identity::{Credentials, View},
    problem::{Kind, Problem},
    registry::Resource,
};

/// A caller with a place in the order of a resource's changes.
pub(super) struct Follower {
    pub(super) state: AppState,
    /// What they know.
    pub(super) at: Seq,
    resource: i32,
    /// Who they are may change while they wait, and what that one may read.
    credentials: Credentials,
    news: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    /// Held while they wait.
    place: Option<OwnedSemaphorePermit>,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// Some resource has changed.
    News,
    Late,
    /// The server stops.
    Stopping,
}

impl Follower {
    /// Someone who knows everything up to `since`, or up to now.
    ///
    /// # Errors
    /// What came behind it cannot be told.
    pub(super) async fn begin(
        state: &AppState,
        (resource, credentials): (&Resource, Credentials),
        since: Option<Seq>,
    ) -> Result<Self, Problem> {
        let follower = Self {
            at: since.unwrap_or(Seq::whole(resource.model.version)),
            resource: resource.model.id,
            credentials,
            news: state.registry.news(),
            stopping: state.stopping.subscribe(),
            state: state.clone(),
            place: None,
        };
        if follower.at.version > resource.model.version {
            // An export may have told a version that this process has not read yet, or another api's.
            state.registry.refresh(&state.db).await;
        }
        follower.resource().await?;
        Ok(follower)
    }

    /// Takes one of the places for those who wait.
    ///
    /// # Errors
    /// All are taken.
    pub(super) fn take_place(&mut self) -> Result<(), Problem> {
        self.place = Some(self.state.feed.place()?);
        Ok(())
    }

    /// The resource as it was read last.
    ///
    /// # Errors
    /// What came behind the follower's place cannot be told, or not to them any more.
    pub(super) async fn resource(&self) -> Result<Arc<Resource>, Problem> {
        let caller = self.credentials.caller(&self.state).await?;
        let snapshot = View::of(&self.state, &caller)?;
        let gone = || Problem::new(Kind::NotFound, "the resource is there no more");
        let resource = snapshot.by_id(self.resource).ok_or_else(gone)?;
        let model = &resource.model;
        let (version, horizon) = (model.version, model.horizon);
        if self.at.version > version {
            return Err(ahead(self.at, version));
        }
        if self.at < Seq::whole(horizon) {
            return Err(beyond_horizon(self.at, horizon));
        }
        Ok(Arc::clone(resource))
    }

    /// The version up to which there is something to tell; `None`: nothing now.
    pub(super) fn due(&self, resource: &Resource) -> Option<i64> {
        resource.told().filter(|told| Seq::whole(*told) > self.at)
    }

    /// What comes behind the follower's place, up to version `until`.
    ///
    /// # Errors
    /// The database does not answer, or not in time.
    pub(super) async fn read(
        &self,
        resource: &Resource,
        until: i64,
        form: Form,
    ) -> Result<Batch, Problem> {
        let feed = &self.state.feed;
        feed.read(&self.state, resource, (self.at, until), form)
            .await
    }

    /// Waits for news, until `deadline`. What came since the last wait counts.
    pub(super) async fn wait(&mut self, deadline: Instant) -> Woken {
        let (news, stopping) = (&mut self.news, &mut self.stopping);
        let woken = async {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stops| *stops) => Woken::Stopping,
                changed = news.changed() => match changed {
                    Ok(()) => Woken::News,
                    Err(_) => Woken::Stopping,
                },
            }
        };
        timeout_at(deadline, woken).await.unwrap_or(Woken::Late)
    }
}

fn ahead(at: Seq, version: i64) -> Problem {
    let detail = format!(
        "`{at}` is ahead of the resource, which is at version {version}: it is of another database, or the resource \
         began anew; take a snapshot and ask for the changes since its version"
    );
    refused(detail, version)
}

fn beyond_horizon(at: Seq, horizon: i64) -> Problem {
    let detail = format!(
        "changes can be told from version {horizon} on, not from `{at}`; take a snapshot and ask for the changes since \
         its version"
    );
    refused(detail, horizon)
}

fn refused(detail: String, version: i64) -> Problem {
    let mut fault = Fault::new("since", Code::ChangesHorizon, detail);
    fault.allowed = vec![version.to_string()];
    Problem::refused(vec![fault])
}
