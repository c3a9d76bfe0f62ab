//! How the syncers fare, read once for all who follow it: a reader for as long as somebody looks, not one for each.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::body::Bytes;
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, MissedTickBehavior, interval},
};

use super::live;
use crate::{AppState, problem::Problem};

/// What was read last, for those who follow.
#[derive(Debug)]
pub(crate) struct Board {
    seen: watch::Sender<Arc<Seen>>,
    /// Held while reading, so that what was read first is never told after what was read later.
    reading: Mutex<()>,
}

/// What followers are told of, in the order in which they are told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    Syncers,
    Resource(i32),
}

/// How all of it was.
#[derive(Debug)]
pub(super) struct Seen {
    /// When the reading of it began.
    began: Instant,
    /// As events.
    pub(super) events: BTreeMap<Of, Bytes>,
    /// The commands that are not done.
    pub(super) open: Vec<i64>,
}

impl Board {
    pub(crate) fn new() -> Self {
        let nothing = Seen::new(Instant::now());
        Self {
            seen: watch::Sender::new(Arc::new(nothing)),
            reading: Mutex::new(()),
        }
    }

    /// Follows it, from what it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) async fn follow(
        &self,
        state: &AppState,
    ) -> Result<watch::Receiver<Arc<Seen>>, Problem> {
        let seen = self.seen.subscribe();
        self.read(state, Instant::now()).await?;
        Ok(seen)
    }

    /// Reads it anew at each tick at which somebody follows, for ever.
    pub(crate) async fn keep_fresh(&self, state: &AppState, every: Duration) -> ! {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.refresh(state).await;
        }
    }

    /// Reads it anew now, if somebody follows.
    pub(crate) async fn refresh(&self, state: &AppState) {
        if self.seen.receiver_count() == 0 {
            return;
        }
        if let Err(problem) = self.read(state, Instant::now()).await {
            // The registry tells the log when the database cannot be reached.
            let error = problem.cause_chain();
            tracing::debug!(error, "the state of the syncers cannot be read");
        }
    }

    /// Reads it, unless a reading that began after `asked` was made for somebody else meanwhile.
    async fn read(&self, state: &AppState, asked: Instant) -> Result<(), Problem> {
        let _one_at_a_time = self.reading.lock().await;
        if self.seen.borrow().began >= asked {
            return Ok(());
        }
        let mut new = Seen::new(Instant::now());
        live::read(state, &mut new).await?;
        self.seen.send_replace(Arc::new(new));
        Ok(())
    }
}

impl Seen {
    fn new(began: Instant) -> Self {
        Self {
            began,
            events: BTreeMap::new(),
            open: Vec::new(),
        }
    }

    /// What is another than in `old`, as events.
    pub(super) fn changed_since(&self, old: Option<&Self>) -> Vec<u8> {
        let is_news =
            |(of, event): &(&Of, &Bytes)| old.is_none_or(|old| old.events.get(of) != Some(event));
        let news = self.events.iter().filter(is_news);
        news.flat_map(|(_, event)| event.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let seen = |breeds: &'static str| {
            let mut seen = Seen::new(Instant::now());
            seen.events.insert(Of::Resource(2), breeds.into());
            seen.events.insert(Of::Resource(7), "images;".into());
            seen.events.insert(Of::Syncers, "syncers;".into());
            seen
        };
        let (old, new) = (seen("idle;"), seen("running;"));
        let told = |old: Option<&Seen>| String::from_utf8(new.changed_since(old)).expect("UTF-8");
        assert_eq!(told(None), "syncers;running;images;");
        assert_eq!(told(Some(&old)), "running;");
        assert_eq!(told(Some(&new)), "");
    }
}
