//! Single pages asked for at the socket, without a run and without a database.

/// Bodies that are too large, cut off, or not there.
mod bodies;
/// One budget per source.
mod budget;
/// Where requests are sent on to, and what they take along.
mod redirects;
/// Whom a connection trusts.
mod tls;
/// Tokens that are given out.
mod tokens;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use entity::{Clock, run::Counts};
use sea_orm::DatabaseConnection;
use secrecy::SecretString;
use syncer::{
    Ctx, SyncError,
    fetch::{self, Ask, Got, Page, Validators, page::At},
    source::{self, Environment, File, plan::Source, plan::Values},
    stop::{self, Stopper},
};

use crate::upstream::Upstream;

/// The value of `${FAKE_KEY}`.
const KEY: &str = "s3cret/+k";

/// An upstream, and who asks it.
pub(crate) struct Asking {
    toml: String,
    pub(crate) upstream: Upstream,
    pub(crate) source: Arc<Source>,
    pub(crate) ctx: Ctx,
    pub(crate) stopper: Stopper,
    now: Arc<Mutex<DateTime<Utc>>>,
}

impl Asking {
    /// The source with these keys and its resource `things` with those; `UPSTREAM` stands for the upstream's URL.
    pub(crate) async fn new(source: &str, resource: &str) -> Self {
        let upstream = Upstream::start().await;
        let toml = format!(
            "[source]\nname = \"fake\"\nbase_url = \"UPSTREAM\"\n\
             retry = {{ attempts = 2, max_wait = \"5s\" }}\n{source}\n\
             [defaults]\nkey = \"id\"\npage = {{ kind = \"none\" }}\n\
             [resource.things]\npath = \"/things\"\n{resource}\n\
             [resource.others]\npath = \"/others\"\n"
        );
        let toml = toml.replace("UPSTREAM", &upstream.url);
        let source = plan(&toml);
        let start = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").expect("a time");
        let now = Arc::new(Mutex::new(start.to_utc()));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || *told.lock().expect("no test panicked here"));
        let (stopper, stop) = stop::pair();
        let ctx = Ctx::new(DatabaseConnection::default(), clock, stop).expect("a client");
        Self {
            toml,
            upstream,
            source,
            ctx,
            stopper,
            now,
        }
    }

    /// The same, but the source is at `url`.
    pub(crate) fn at(self, url: &str) -> Self {
        let text = self.toml.replace(&self.upstream.url, url);
        Self {
            source: plan(&text),
            ..self
        }
    }

    pub(crate) fn pass(&self, time: chrono::Duration) {
        *self.now.lock().expect("no test panicked here") += time;
    }

    pub(crate) async fn ask(&self) -> Result<Got, SyncError> {
        self.ask_at("things", &At::Only, None).await
    }

    pub(crate) async fn ask_at(
        &self,
        resource: &str,
        at: &At,
        known: Option<&Validators>,
    ) -> Result<Got, SyncError> {
        let ask = Ask {
            source: &self.source,
            plan: self.source.resource(resource).expect("it is defined"),
            values: &Values::default(),
            at,
            known,
        };
        fetch::page(&self.ctx, ask, &mut Counts::default()).await
    }

    /// The page, which comes.
    pub(crate) async fn page(&self) -> Page {
        match self.ask().await.expect("a page") {
            Got::Page(page) => *page,
            Got::NotModified(_) => panic!("nobody asked whether it was modified"),
        }
    }

    /// Why no page comes.
    pub(crate) async fn error(&self) -> String {
        chain(&self.ask().await.expect_err("no page comes"))
    }

    /// The paths that were asked for since this was last called.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = self.upstream.asked().into_iter();
        asked.map(|request| request.path).collect()
    }
}

/// What an error says, where it keeps to itself what must not be told.
#[track_caller]
pub(crate) fn chain(error: &SyncError) -> String {
    let said = error.chain();
    assert!(!said.contains("s3cret"), "{said}");
    said
}

fn plan(toml: &str) -> Arc<Source> {
    let file = File {
        path: "fake.toml".into(),
        text: toml.to_owned(),
    };
    let secret = |name: &str| match name.strip_prefix("file:") {
        Some(path) => Ok(std::fs::read_to_string(path)
            .ok()
            .map(|text| SecretString::from(text.trim()))),
        None => Ok((name == "FAKE_KEY").then(|| SecretString::from(KEY))),
    };
    let environment = Environment {
        overrides: BTreeMap::new(),
        secret: &secret,
        enabled: None,
    };
    let catalog = source::load(&[file], &environment).unwrap_or_else(|faults| panic!("{faults}"));
    Arc::clone(&catalog.sources[0])
}

#[tokio::test]
async fn a_page_can_be_asked_for_by_any_task_and_is_not_large() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let asking = Asking::new("", "").await;
    let asked = assert_send(asking.ask());
    assert!(size_of_val(&asked) < 2048, "{}", size_of_val(&asked));
}

#[tokio::test]
async fn a_source_may_have_a_proxy_of_its_own() {
    let proxy = Upstream::start().await;
    proxy.answers(|_| crate::upstream::Reply::json("[]"));
    let address = proxy.url.replace("http://", "http://me:${FAKE_KEY}@");
    let asking = Asking::new(
        &format!("proxy = \"{}\"", address.replace("${FAKE_KEY}", "pass")),
        "",
    )
    .await;
    asking.page().await;
    assert!(asking.paths().is_empty(), "nothing came past the proxy");
    let asked = proxy.asked();
    assert_eq!(asked[0].path, "/things");
    assert_eq!(
        asked[0].header("proxy-authorization"),
        Some("Basic bWU6cGFzcw==")
    );
}
