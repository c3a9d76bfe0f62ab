//! What the syncer has registered, kept in memory: definitions, versions, freshness.
//!
//! One task reads it anew about once a second, so no request waits for it and none starts a stampede.
//! While the database is gone, what was read last stays.

/// One resource.
mod resource;
/// All of them, or those that somebody sees.
mod snapshot;

use std::{sync::Arc, time::Duration};

use entity::{access::Rule, dialect, resource::Entity};
use sea_orm::{DatabaseConnection, DbErr};
use tokio::{
    sync::{Mutex, watch},
    time::{MissedTickBehavior, interval},
};

pub(crate) use self::{resource::Resource, snapshot::Snapshot};
use crate::problem::Problem;

/// Why the registry could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing was read yet.
    Starting,
    NoSchema,
    NoDatabase,
}

/// The last snapshot, and what keeps the next one from coming.
#[derive(Debug)]
pub(crate) struct Registry {
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
    trouble: watch::Sender<Option<Trouble>>,
    /// Who may read the resources whose definition does not say it.
    rule: Rule,
    /// Woken when a resource has more to tell than before, so that no one who waits for that has to look each second.
    news: watch::Sender<()>,
    /// Held while reading, so that what was read first is never kept over what was read later.
    reading: Mutex<()>,
}

impl Registry {
    pub(crate) fn new(rule: Rule) -> Self {
        Self {
            rule,
            snapshot: watch::Sender::new(None),
            trouble: watch::Sender::new(Some(Trouble::Starting)),
            news: watch::Sender::new(()),
            reading: Mutex::new(()),
        }
    }

    /// What was read last.
    ///
    /// # Errors
    /// Nothing could be read yet.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, Problem> {
        let snapshot = self.snapshot.borrow().clone();
        snapshot.ok_or_else(|| match self.trouble() {
            Some(Trouble::NoSchema) => Problem::no_schema(),
            _ => Problem::no_database(),
        })
    }

    /// Tells of each change of a version. Subscribe first, look at the snapshot then.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        *self.trouble.borrow()
    }

    /// Whether the database answered when it was asked last.
    pub(crate) fn is_in_touch(&self) -> bool {
        self.trouble().is_none()
    }

    /// Reads anew at each tick, for ever.
    pub(crate) async fn keep_fresh(&self, db: &DatabaseConnection, every: Duration) -> ! {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.refresh(db).await;
        }
    }

    /// Reads anew now.
    pub(crate) async fn refresh(&self, db: &DatabaseConnection) {
        let _one_at_a_time = self.reading.lock().await;
        match Entity::all_with_source(db).await {
            Ok(rows) => {
                let old = self.snapshot.borrow().clone().unwrap_or_default();
                let new = old.renewed(rows, &self.rule);
                let is_news = !new.tells().eq(old.tells());
                self.snapshot.send_replace(Some(Arc::new(new)));
                if is_news {
                    self.news.send_replace(());
                }
                if self.trouble.send_replace(None).is_some() {
                    tracing::info!("ready to serve");
                }
            }
            Err(error) => {
                let trouble = match dialect::lacks_table(&error) {
                    true => Trouble::NoSchema,
                    false => Trouble::NoDatabase,
                };
                if self.trouble.send_replace(Some(trouble)) != Some(trouble) {
                    trouble.report(&error);
                }
            }
        }
    }
}

impl Trouble {
    fn report(self, error: &DbErr) {
        match self {
            Self::Starting => {}
            Self::NoSchema => {
                tracing::warn!(error = %error, "waiting for the schema; run `catchment migrate up`");
            }
            Self::NoDatabase => {
                tracing::warn!(error = %error, "the database cannot be reached; trying again");
            }
        }
    }
}
