//! What the api is told when it starts.

use std::time::Duration;

use entity::access::Rule;

use crate::identity::AuthSettings;
use crate::mirror::PublicUrl;
use crate::protection::{ClientHeader, Origin, Rate};

/// Plain values; the binary reads them from wherever settings come from.
#[derive(Clone)]
pub struct Settings {
    /// Signs paging cursors: the same on every replica, and kept over restarts.
    pub cursor_secret: Vec<u8>,
    /// Rows of a page if the caller does not say.
    pub default_limit: u64,
    /// Most rows of a page, whatever the caller says.
    pub max_limit: u64,
    /// Longest time that a request may take.
    pub query_timeout: Duration,
    /// Bytes that rendered answers may take while their rows are as they were; 0: each is made anew.
    pub cache_bytes: u64,
    /// How often the versions and definitions of the resources are read anew.
    pub refresh: Duration,
    /// Whose pages may read the answers in a browser; none: nobody's.
    pub cors_origins: Vec<Origin>,
    /// Who may read the resources whose definition does not say it.
    pub read: Rule,
    /// How users are known.
    pub auth: AuthSettings,
    /// Most requests that are worked on at once.
    pub in_flight: usize,
    /// What one caller may ask for; `None`: as much as it likes.
    pub rate_limit: Option<Rate>,
    /// Where a proxy tells who the caller is; `None`: there is no proxy.
    pub client_header: Option<ClientHeader>,
    /// Where clients reach it, for the links that must name that; `None`: where they say that they do.
    pub public_url: Option<PublicUrl>,
    /// How long requests in flight may go on after the stop signal.
    pub grace: Duration,
    /// Most callers who wait for changes at once, in streams and long polls.
    pub followers: usize,
    /// How often a stream of changes that has nothing to tell says that it is there.
    pub heartbeat: Duration,
    /// Most exports at once; at most half of the database's connections, whatever it says.
    pub exports: usize,
    /// Longest time that an export may take.
    pub export_timeout: Duration,
    /// Longest time that an export waits for a client that takes nothing.
    pub export_stall: Duration,
    /// Most imports at once.
    pub imports: usize,
    /// Largest body of an import, in bytes.
    pub import_body: u64,
    /// Longest time that an import may take.
    pub import_timeout: Duration,
}

impl Settings {
    /// The defaults, with the secret that has none.
    pub fn new(cursor_secret: impl Into<Vec<u8>>) -> Self {
        Self {
            cursor_secret: cursor_secret.into(),
            default_limit: 50,
            max_limit: 1000,
            query_timeout: Duration::from_secs(5),
            cache_bytes: 32 << 20,
            refresh: Duration::from_secs(1),
            cors_origins: Vec::new(),
            read: Rule::Public,
            auth: AuthSettings::default(),
            in_flight: 512,
            rate_limit: None,
            client_header: None,
            public_url: None,
            grace: Duration::from_secs(10),
            followers: 10_000,
            heartbeat: Duration::from_secs(15),
            exports: 2,
            export_timeout: Duration::from_secs(3600),
            export_stall: Duration::from_secs(30),
            imports: 2,
            import_body: 256 << 20,
            import_timeout: Duration::from_secs(600),
        }
    }
}
