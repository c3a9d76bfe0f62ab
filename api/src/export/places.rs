//! How many exports there may be at once: each holds a connection of the pool to its end.

use std::sync::Arc;

use entity::dialect;
use sea_orm::DatabaseConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Kind, Problem};

/// The places for exports.
#[derive(Debug)]
pub(crate) struct Exports {
    most: usize,
    places: Arc<Semaphore>,
}

impl Exports {
    /// At most `most`, and at most half of the connections that `db` may open.
    pub(crate) fn new(db: &DatabaseConnection, most: usize) -> Self {
        let half = usize::try_from(dialect::most_connections(db) / 2).unwrap_or(usize::MAX);
        let most = most.min(half).min(Semaphore::MAX_PERMITS);
        Self {
            most,
            places: Arc::new(Semaphore::new(most)),
        }
    }

    /// How many there are now.
    pub(crate) fn under_way(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// A place, for as long as it is held.
    ///
    /// # Errors
    /// All are taken.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| {
            let most = self.most;
            let detail =
                format!("there may be {most} exports at once, and there are; try again later");
            Problem::new(Kind::Overloaded, detail)
        })
    }
}
