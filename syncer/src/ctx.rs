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
use tokio::time::Instant;

use crate::{fetch::pace::Pace, metrics::Metrics, source::plan::Source, stop::Stop};

/// Told after each page: the resource, what its run did so far, and how many pages there are, if known.
pub type Progress = Arc<dyn Fn(&str, &Counts, Option<u64>) + Send + Sync>;

/// What every stage of a run works with.
#[derive(Clone)]
pub struct Ctx {
    pub db: DatabaseConnection,
    pub http: reqwest::Client,
    pub clock: Clock,
    pub metrics: Arc<Metrics>,
    pub stop: Stop,
    pub progress: Progress,
    /// How long a resource stays with a process that died.
    pub lease: Duration,
    /// How long readers may take to see that a definition changed.
    pub notice: Duration,
    process: Arc<str>,
    paces: Arc<Mutex<HashMap<String, Arc<Pace>>>>,
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
            lease: Duration::from_secs(30),
            notice: Duration::from_secs(2),
            process: process.into(),
            paces: Arc::default(),
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

    /// Who holds a lease that is taken now: unique even between two runs of one process.
    pub(crate) fn holder(&self) -> String {
        format!(
            "{}-{:08x}",
            self.process,
            RandomState::new().hash_one(0_u8) >> 32
        )
    }

    /// The budget that all requests of `source` in this process share.
    pub(crate) fn pace(&self, source: &Source) -> Arc<Pace> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Pace::new(&source.limits, Instant::now()));
        Arc::clone(paces.entry(source.name.clone()).or_insert_with(new))
    }
}

fn client() -> reqwest::ClientBuilder {
    // Our credentials stand in headers that a client follows redirects with: they stay with their origin.
    let same_origin = reqwest::redirect::Policy::custom(|attempt| {
        let first = attempt.previous().first().map(url::Url::origin);
        match first {
            _ if attempt.previous().len() > 5 => attempt.error("more than 5 redirects"),
            Some(origin) if origin == attempt.url().origin() => attempt.follow(),
            _ => attempt.stop(),
        }
    });
    reqwest::Client::builder()
        .user_agent(concat!("catchment/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .redirect(same_origin)
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}
