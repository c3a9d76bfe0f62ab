//! Requests for the same answer at the same time: one of them makes it, and the others wait for that.
//!
//! Whoever makes it may go away: then one of those who wait makes it. What fails, fails for all who waited for it; who
//! comes next tries again.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{key::Key, rendered::Rendered};
use crate::problem::Problem;

/// The answers that are being made. There are never more than there are requests.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Key, watch::Receiver<Option<Landing>>>>);

/// What became of an answer that was being made.
#[derive(Clone, Debug)]
pub(super) enum Landing {
    Made(Arc<Rendered>),
    Failed(Problem),
    /// Each request has an answer of its own.
    NotShared,
}

/// The part of a request in it.
pub(super) enum Part<'a> {
    Leads(Leader<'a>),
    Follows(Follower),
}

/// The one who makes the answer. One that goes without a landing leaves that to another.
pub(super) struct Leader<'a> {
    flights: &'a Flights,
    key: Key<&'a str>,
    landing: watch::Sender<Option<Landing>>,
}

/// One of those who wait.
pub(super) struct Follower(watch::Receiver<Option<Landing>>);

impl Flights {
    pub(super) fn join<'a>(&'a self, key: Key<&'a str>) -> Part<'a> {
        match self.under_way().entry(key.owned()) {
            Entry::Occupied(known) => Part::Follows(Follower(known.get().clone())),
            Entry::Vacant(free) => {
                let landing = watch::Sender::new(None);
                free.insert(landing.subscribe());
                Part::Leads(Leader {
                    flights: self,
                    key,
                    landing,
                })
            }
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Option<Landing>>>> {
        // Nothing that holds it can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leader<'_> {
    pub(super) fn lands(self, landing: Landing) {
        self.landing.send_replace(Some(landing));
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.flights.under_way().remove(&self.key.owned());
    }
}

impl Follower {
    /// What became of it; `None`: whoever made it has gone.
    pub(super) async fn landing(mut self) -> Option<Landing> {
        let landed = self.0.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key<&str> = Key {
        class: 0,
        url: "/x",
    };

    fn follower(flights: &Flights) -> Follower {
        match flights.join(KEY) {
            Part::Follows(follower) => follower,
            Part::Leads(_) => panic!("somebody leads"),
        }
    }

    fn leader(flights: &Flights) -> Leader<'_> {
        match flights.join(KEY) {
            Part::Leads(leader) => leader,
            Part::Follows(_) => panic!("nobody leads"),
        }
    }

    #[tokio::test]
    async fn all_who_wait_get_what_one_makes() {
        let flights = Flights::default();
        let leads = leader(&flights);
        let follows = [follower(&flights), follower(&flights)];
        leads.lands(Landing::NotShared);
        for follower in follows {
            assert!(matches!(follower.landing().await, Some(Landing::NotShared)));
        }
        assert!(flights.under_way().is_empty());
    }

    #[tokio::test]
    async fn another_leads_when_the_leader_goes() {
        let flights = Flights::default();
        let leads = leader(&flights);
        let follows = follower(&flights);
        drop(leads);
        assert!(follows.landing().await.is_none());
        leader(&flights).lands(Landing::NotShared);
        assert!(flights.under_way().is_empty());
    }
}
