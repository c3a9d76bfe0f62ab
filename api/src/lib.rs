//! Database to client: serves what the syncer mirrored, over HTTP, as rows with their freshness.
//!
//! The api writes no row that the syncer mirrors: only those of local resources, whose callers send them. It knows no
//! upstream and no file: what there is to serve it reads
//! from the definitions that the syncer registered in the database.

/// Every URL, and what stands around all of them.
mod routes;

/// In which form an answer is wanted.
mod accept;
/// Logins, and keys of programs.
mod auth;
/// The body of a request.
mod body;
/// Who asks, and what it may do.
mod identity;
/// A record on one line.
mod line;
/// Around every request: id, time limit, log line, metrics.
mod observe;
/// The parameters of a query.
mod parameters;
/// The parameters of a path.
mod path;
/// How long a caller waits.
mod patience;
/// What one caller may do to the others.
mod protection;

/// What was answered, kept.
mod answers;
/// When a client's copy is still good.
mod caching;
/// What is mirrored, and how fresh it is.
mod catalog;
/// What changed.
mod changes;
/// All rows at once.
mod export;
/// How far rows are to be trusted, and for how long kept.
mod freshness;
/// The rows in the shape of their upstream.
mod mirror;
/// The rows.
mod records;
/// What is registered, kept in memory.
mod registry;
/// What the rows look like.
mod sample;
/// How the syncers fare, and what they are asked to do.
mod sync;

/// Who there is, and what was done.
mod directory;
/// Lists of users, runs and the like.
mod tables;
/// Rows that callers write.
mod writing;

/// What is wrong with a request.
mod fault;
/// What went wrong.
mod problem;

/// Alive, ready, healthy.
mod health;
/// What is measured.
mod metrics;
/// The description of the api for programs.
mod openapi;
/// The description of the api for people.
mod swagger;

/// The api without a socket.
mod local;
/// What the api is told when it starts.
mod settings;

use std::{future::Future, io, net::SocketAddr, ops::Deref, pin::pin, sync::Arc, time::Duration};

use axum::ServiceExt;
use entity::{Clock, dialect::Reader};
use sea_orm::DatabaseConnection;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    time::timeout,
};

pub use auth::setup_token;
pub use identity::{
    AuthSettings, Need, SigningKeys, account, keys, password, signing::rotate as rotate_signing_key,
};
pub use local::Local;
pub use mirror::PublicUrl;
pub use openapi::document;
pub use protection::{ClientHeader, Origin, Rate};
pub use routes::needs;
pub use settings::Settings;

/// What every handler gets: each request takes some of it, so that a clone is no more than a count.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// What an [`AppState`] stands for.
pub struct Parts {
    db: DatabaseConnection,
    clock: Clock,
    settings: Settings,
    registry: Arc<registry::Registry>,
    answers: answers::Answers,
    samples: sample::Samples,
    metrics: metrics::Metrics,
    signer: records::Signer,
    places: mirror::Places,
    feed: Arc<changes::Feed>,
    exports: Arc<export::Exports>,
    board: sync::Board,
    /// Whether the server stops: what would never end by itself has to.
    stopping: watch::Sender<bool>,
    needs: routes::Needs,
    /// Who asks.
    hasher: password::Hasher,
    keyring: identity::Keyring,
    recent: identity::Recent,
    throttle: identity::Throttle,
    load: Arc<protection::Load>,
    imports: writing::Imports,
    quota: Option<protection::Quota>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AppState {
    pub fn new(db: DatabaseConnection, clock: Clock, settings: Settings) -> Self {
        let registry = Arc::new(registry::Registry::new(settings.read.clone()));
        let feed = Arc::new(changes::Feed::new(settings.followers));
        let exports = Arc::new(export::Exports::new(&db, settings.exports));
        let metrics = metrics::Metrics::new(Arc::clone(&feed), Arc::clone(&exports));
        Self(Arc::new(Parts {
            clock,
            metrics,
            answers: answers::Answers::new(settings.cache_bytes),
            samples: sample::Samples::default(),
            signer: records::Signer::new(&settings.cursor_secret),
            places: mirror::Places::new(),
            feed,
            exports,
            board: sync::Board::new(),
            stopping: watch::Sender::new(false),
            needs: routes::Needs::new(),
            hasher: password::Hasher::new(settings.auth.cost.clone()),
            keyring: identity::Keyring::new(settings.auth.signing_keys.clone()),
            recent: identity::Recent::new(),
            throttle: identity::Throttle::new(&settings.auth),
            load: Arc::new(protection::Load::new(settings.in_flight)),
            imports: writing::Imports::new(settings.imports),
            quota: settings.rate_limit.map(protection::Quota::new),
            registry,
            settings,
            db,
        }))
    }

    /// The database, for one request that begins now.
    fn reader(&self) -> Reader {
        Reader::new(self.db.clone(), self.settings.query_timeout)
    }

    /// The same for a caller who waits for at most `limit`.
    fn reader_within(&self, limit: Option<Duration>) -> Reader {
        let reader = self.reader();
        match limit {
            Some(limit) => reader.within(limit),
            None => reader,
        }
    }

    /// Reads anew what the syncer has registered, instead of within [`Settings::refresh`].
    pub async fn refresh(&self) {
        self.registry.refresh(&self.db).await;
        self.board.refresh(self).await;
    }
}

/// Serves until `stop` resolves, and then what is in flight, for at most [`Settings::grace`].
///
/// A database without the schema is waited for: `/readyz` and the log say so.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, mut stopped) = oneshot::channel::<()>();
    let followers = state.stopping.clone();
    let until_stop = async move {
        stop.await;
        followers.send_replace(true);
        drop(stopping);
    };
    let service = routes::service(state.clone());
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(until_stop);
    let mut serving = pin!(serving.into_future());
    let refreshing = state.registry.keep_fresh(&state.db, state.settings.refresh);
    let mut refreshing = pin!(refreshing);
    let telling = state.board.keep_fresh(&state, state.settings.refresh);
    let mut telling = pin!(telling);
    tokio::select! {
        ended = &mut serving => return ended,
        never = &mut refreshing => never,
        never = &mut telling => never,
        _ = &mut stopped => {}
    }
    // A connection that never ends must not keep the process.
    timeout(state.settings.grace, serving)
        .await
        .unwrap_or_else(|_| {
            tracing::warn!("requests were still in flight at the end of the grace period");
            Ok(())
        })
}
