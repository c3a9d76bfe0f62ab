//! The readings of changes, shared: followers at the same place are told the same bytes, and ask the database once.
//!
//! A reading is kept for those who come a moment later. What is kept is bounded, and so is what is read at once.

use std::{
    collections::VecDeque,
    mem::size_of,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use entity::record::{self, Seq, Span};
use tokio::{
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::render;
use crate::{
    AppState,
    problem::{Kind, Problem},
    registry::Resource,
};

/// Most readings that are kept, and most bytes of them.
const READINGS: usize = 64;
const KEPT_BYTES: usize = 16 << 20;
/// Most readings at once: the other connections are for other requests.
const AT_ONCE: usize = 2;
/// Enough payload for one answer.
const POLL_BYTES: usize = 1 << 20;
/// Enough for a piece of a stream, of which each slow follower may hold one of its own.
const STREAM_BYTES: usize = 64 << 10;
const STREAM_ROWS: u64 = 500;

/// Reads changes for all who follow.
#[derive(Debug)]
pub(crate) struct Feed {
    readings: Mutex<VecDeque<(Key, Slot)>>,
    at_once: Semaphore,
    most: usize,
    places: Arc<Semaphore>,
}

/// One reading, under way or done.
type Slot = Arc<OnceCell<Result<Batch, Problem>>>;

/// What is read, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    resource: i32,
    /// Tells a resource that began anew from what it was.
    changed_at: Option<i64>,
    after: Seq,
    until: i64,
    form: Form,
}

/// In which form changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json { limit: u64 },
    Events,
}

/// Some changes as they are sent.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) body: Bytes,
    /// What is known behind them.
    pub(super) last: Seq,
}

impl Feed {
    /// For at most so many who wait.
    pub(crate) fn new(followers: usize) -> Self {
        let most = followers.min(Semaphore::MAX_PERMITS);
        Self {
            most,
            readings: Mutex::default(),
            at_once: Semaphore::new(AT_ONCE),
            places: Arc::new(Semaphore::new(most)),
        }
    }

    /// How many wait now.
    pub(crate) fn followers(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// A place among those who wait, for as long as it is held.
    ///
    /// # Errors
    /// All are taken.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| {
            Problem::new(
                Kind::Overloaded,
                "as many wait for changes as may at once; try again later, or ask without `wait`",
            )
        })
    }

    /// The changes of `resource` behind `after` up to version `until`, or the first of them.
    ///
    /// # Errors
    /// The database does not answer, or not in time.
    pub(super) async fn read(
        &self,
        state: &AppState,
        resource: &Resource,
        (after, until): (Seq, i64),
        form: Form,
    ) -> Result<Batch, Problem> {
        let key = Key {
            resource: resource.model.id,
            changed_at: resource.model.changed_at.map(|at| at.timestamp_micros()),
            after,
            until,
            form,
        };
        let slot = self.slot(key);
        let reading = slot.get_or_init(|| self.ask(state, &resource.definition.table, key));
        let batch = reading.await.clone();
        if batch.is_err() {
            // Those who waited for it fail together; who comes next tries again.
            let mut readings = self.readings();
            readings.retain(|(_, kept)| !Arc::ptr_eq(kept, &slot));
        }
        batch
    }

    fn slot(&self, key: Key) -> Slot {
        let mut readings = self.readings();
        if let Some((_, slot)) = readings.iter().find(|(kept, _)| *kept == key) {
            return Arc::clone(slot);
        }
        let mut bytes: usize = readings.iter().map(|(_, slot)| size(slot)).sum();
        while readings.len() >= READINGS || bytes > KEPT_BYTES {
            let oldest = readings.pop_front();
            // One that was under way when they were summed up may be done by now.
            bytes = bytes.saturating_sub(oldest.map_or(bytes, |(_, slot)| size(&slot)));
        }
        let slot = Slot::default();
        readings.push_back((key, Arc::clone(&slot)));
        slot
    }

    async fn ask(&self, state: &AppState, table: &str, key: Key) -> Result<Batch, Problem> {
        let (limit, bytes) = match key.form {
            Form::Json { limit } => (limit, POLL_BYTES),
            Form::Events => (STREAM_ROWS, STREAM_BYTES),
        };
        let span = Span {
            after: key.after,
            until: key.until,
            limit,
            bytes,
        };
        let reading = async {
            let _turn = self.at_once.acquire().await;
            record::changes(&state.db, table, span).await
        };
        let changes = timeout(state.settings.query_timeout, reading).await;
        let late = |_| Problem::new(Kind::QueryTimeout, "the changes took too long to read");
        let changes = changes.map_err(late)??;
        Ok(match key.form {
            Form::Json { .. } => render::json(&changes, key.until),
            Form::Events => render::events(&changes, key.until),
        })
    }

    fn readings(&self) -> MutexGuard<'_, VecDeque<(Key, Slot)>> {
        // Nothing that holds it can leave it half done.
        self.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(slot: &Slot) -> usize {
    let bytes = match slot.get() {
        Some(Ok(batch)) => batch.body.len(),
        _ => 0,
    };
    bytes + size_of::<Key>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(until: i64) -> Key {
        Key {
            resource: 1,
            changed_at: None,
            after: Seq::whole(0),
            until,
            form: Form::Events,
        }
    }

    fn batch(bytes: usize) -> Batch {
        Batch {
            body: vec![0; bytes].into(),
            last: Seq::whole(1),
        }
    }

    #[test]
    fn the_same_is_read_once_and_what_is_kept_is_bounded() {
        let feed = Feed::new(1);
        let check = |bytes: usize, kept: usize| {
            for until in 0..100 {
                let slot = feed.slot(key(until));
                assert!(Arc::ptr_eq(&slot, &feed.slot(key(until))));
                assert!(slot.set(Ok(batch(bytes))).is_ok());
            }
            assert_eq!(feed.readings().len(), kept, "{bytes}");
            feed.readings().clear();
        };
        check(0, READINGS);
        // One more than fit, for it is counted when the next one comes.
        check(KEPT_BYTES / 4, 4);
        check(KEPT_BYTES * 2, 1);
    }
}
