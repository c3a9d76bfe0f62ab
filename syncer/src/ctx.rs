//! What every stage of a run works with.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::{Clock, run::Counts};
use sea_orm::DatabaseConnection;

use crate::{
    error::SyncError,
    fetch::{Session, client},
    metrics::Metrics,
    source::plan::Source,
    stop::Stop,
};

/// Told after each page: the resource, what its run did so far, and how many pages there are, if known.
pub type Progress = Arc<dyn Fn(&str, &Counts, Option<u64>) + Send + Sync>;

/// What a run waits for, and for how long at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Another process has the lease: for its run to end, or for the lease to.
    Lease(Duration),
    /// The upstream asks to wait, or says that nothing is left of its budget.
    Upstream(Duration),
}

/// Told when a run begins to wait.
pub type OnWait = Arc<dyn Fn(Wait) + Send + Sync>;

/// What every stage of a run works with.
#[derive(Clone)]
pub struct Ctx {
    pub db: DatabaseConnection,
    /// For sources without a proxy of their own.
    pub http: reqwest::Client,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub stop: Stop,
    pub progress: Progress,
    pub on_wait: OnWait,
    /// How long a resource stays with a process that died.
    pub lease: Duration,
    /// How long readers may take to see that a definition changed.
    pub notice: Duration,
    /// How often it looks for what was asked for, and a run tells how far it has come.
    pub poll: Duration,
    /// The name of the machine, for people.
    pub host: Arc<str>,
    process: Arc<str>,
    sessions: Arc<Mutex<HashMap<String, Arc<Session>>>>,
}

impl Ctx {
    /// # Errors
    /// The system's TLS roots cannot be read.
    pub fn new(db: DatabaseConnection, clock: Clock, stop: Stop) -> reqwest::Result<Self> {
        let process = format!(
            "{}-{:016x}",
            std::process::id(),
            RandomState::new().hash_one(0_u8)
        );
        Ok(Self {
            db,
            http: client().build()?,
            clock,
            metrics: Arc::default(),
            stop,
            progress: Arc::new(|_, _, _| {}),
            on_wait: Arc::new(|_| {}),
            lease: Duration::from_secs(30),
            notice: Duration::from_secs(2),
            poll: Duration::from_secs(1),
            host: "".into(),
            process: process.into(),
            sessions: Arc::default(),
        })
    }

    /// The same, but it asks every upstream itself, whatever proxy the environment names.
    ///
    /// # Errors
    /// The system's TLS roots cannot be read.
    pub fn without_proxy(self) -> reqwest::Result<Self> {
        Ok(Self {
            http: client().no_proxy().build()?,
            ..self
        })
    }

    /// This process, by a name that no other has.
    pub(crate) fn process(&self) -> &str {
        &self.process
    }

    /// Who holds a lease that is taken now: unique even between two runs of one process.
    pub(crate) fn holder(&self) -> String {
        format!(
            "{}-{:08x}",
            self.process,
            RandomState::new().hash_one(0_u8) >> 32
        )
    }

    /// What all requests to `source` in this process share.
    ///
    /// # Errors
    /// Its proxy is none.
    pub(crate) fn session(&self, source: &Source) -> Result<Arc<Session>, SyncError> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&source.name) {
            return Ok(Arc::clone(session));
        }
        let session = Session::new(source, &self.http, self.clock.clone())?;
        let session = Arc::new(session);
        sessions.insert(source.name.clone(), Arc::clone(&session));
        Ok(session)
    }
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
