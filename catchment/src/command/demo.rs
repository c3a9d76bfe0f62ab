//! `catchment demo`: everything in one process, with an upstream of its own and a database that goes with it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use entity::{
    resource,
    run::{self, Outcome},
};
use sea_orm::{DatabaseConnection, DbErr};
use serde::Serialize;
use syncer::stop::Stop;
use tempfile::TempDir;
use tokio::{net::TcpListener, time::interval};

use super::{
    Call, Form,
    serve::{listen_api, listen_syncer, migrate, start_api, start_syncer},
};
use crate::{definitions, demo as upstream, exit::Exit, print, services::Services, signals};

/// How often it looks whether the first runs have ended.
const LOOK: Duration = Duration::from_millis(20);

/// How soon the api sees what the syncer did: who tries a demo does not wait.
const REFRESH: Duration = Duration::from_millis(100);

/// What is shown if nothing else is asked for: an upstream that is mirrored, and rows that callers write.
const SOURCES: [&str; 2] = [definitions::DEFAULT, "people"];

pub(super) async fn run(mut call: Call) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let stop = signals::listen()?;
    let folder = tempfile::Builder::new().prefix("catchment-demo-").tempdir();
    let folder = folder.context("no temporary folder can be made")?;
    let own = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let own = own.context("there is no free port for the built-in upstream")?;
    arrange(&mut call, &folder, own.local_addr()?);
    let (syncer, api) = (listen_syncer(&call).await?, listen_api(&call).await?);
    let db = call.open().await?;
    migrate(&db).await?;
    let catalog = call.catalog()?;
    let mut services = Services::new();
    // The upstream is in this process: whatever proxy the environment names cannot reach it.
    let ctx = call.ctx(db.clone(), services.stop())?.without_proxy()?;
    let places = Places {
        upstream: upstream_url(own.local_addr()?),
        syncer: start_syncer(&mut services, syncer, ctx, catalog)?,
        api: start_api(&mut services, &call, api, &db)?,
        database: file(&folder),
        setup: api::setup_token(&db, call.clock.now()).await?,
    };
    services.start(
        "built-in upstream",
        upstream::serve(own, services.stopped()),
    );
    places.show(call.form)?;
    let stopped = services.stop();
    let told = tell_of_first_runs(&call, &db, &stopped, began);
    let (ended, told) = tokio::join!(services.run(stop, call.settings.stop.grace), told);
    ended.and(told)?;
    folder
        .close()
        .context("the temporary folder cannot be removed")?;
    if call.form == Form::Text {
        print::text("stopped; the temporary folder is gone\n")?;
    }
    Ok(Exit::Done)
}

/// The settings of a demo: a database of its own, and the shipped definition against the built-in upstream.
fn arrange(call: &mut Call, folder: &TempDir, upstream: SocketAddr) {
    let settings = &mut call.settings;
    settings.database.url = format!("sqlite://{}", file(folder).display()).into();
    settings.api.refresh = settings.api.refresh.min(REFRESH);
    if settings.sources.enabled.is_empty() && settings.sources.dir.is_none() {
        settings.sources.enabled = SOURCES.map(str::to_owned).into();
    }
    let base_url = upstream_url(upstream).into();
    settings
        .overrides
        .set(definitions::DEFAULT, "base_url", base_url);
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("catchment.db")
}

fn upstream_url(address: SocketAddr) -> String {
    format!("http://{address}/v1")
}

/// What is where.
struct Places {
    upstream: String,
    syncer: SocketAddr,
    api: SocketAddr,
    database: PathBuf,
    /// For the first admin.
    setup: Option<String>,
}

#[derive(Serialize)]
struct Document {
    api: String,
    swagger: String,
    syncer: String,
    upstream: String,
    database: PathBuf,
    /// The token with which the first admin is made.
    setup_token: Option<String>,
}

impl Places {
    fn show(&self, form: Form) -> anyhow::Result<()> {
        let (api, syncer) = (origin(self.api), origin(self.syncer));
        let document = Document {
            swagger: format!("{api}/api/swagger"),
            api: format!("{api}/api/v1"),
            syncer,
            upstream: self.upstream.clone(),
            database: self.database.clone(),
            setup_token: self.setup.clone(),
        };
        match form {
            Form::Json => print::json(&document),
            Form::Text => Ok(print::text(&document.text())?),
        }
    }
}

impl Document {
    fn text(&self) -> String {
        let Self {
            api,
            swagger,
            syncer,
            upstream,
            database,
            setup_token,
        } = self;
        let token = setup_token.as_deref().unwrap_or("-");
        let database = database.display().to_string();
        let columns = [upstream, syncer, api, &database];
        let width = columns
            .map(|text| text.chars().count())
            .into_iter()
            .max()
            .unwrap_or(0);
        format!(
            "\
catchment demo: an upstream, the syncer and the api in one process; ctrl-c ends it

  upstream  {upstream:<width$}  built in, stands in for The Cat API
  syncer    {syncer:<width$}  mirrors it every half hour; /healthz, /metrics
  api       {api:<width$}  serves it, and takes rows of `people`; /api/swagger
  database  {database:<width$}  goes when the demo ends

the first admin is made with the token {token} by POST /api/v1/auth/setup

open {swagger}
or try

  curl '{api}/thecatapi/breeds?origin=Egypt'
  curl '{api}/thecatapi/breeds?temperament__has=Gentle&fields=id,name'
  curl '{api}/thecatapi/breeds/abys/breed_images'

"
        )
    }
}

/// Where a browser on this machine finds it: the address of a listener on all interfaces is none.
fn origin(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

/// Waits for the first run of each resource, and says what they brought.
async fn tell_of_first_runs(
    call: &Call,
    db: &DatabaseConnection,
    stop: &Stop,
    began: Instant,
) -> anyhow::Result<()> {
    let mut look = interval(LOOK);
    let resources = loop {
        tokio::select! {
            _ = look.tick() => {}
            () = stop.asked() => return Ok(()),
        }
        let resources = resource::Entity::all_with_source(db).await?;
        if !resources.is_empty()
            && resources
                .iter()
                .all(|(resource, _)| resource.last_outcome.is_some())
        {
            break resources;
        }
    };
    if call.form == Form::Text {
        let resources: Vec<_> = resources
            .into_iter()
            .map(|(resource, _)| resource)
            .collect();
        let took = began.elapsed().as_millis();
        print::text(&told(db, &resources, i64::try_from(took)?).await?)?;
    }
    Ok(())
}

async fn told(
    db: &DatabaseConnection,
    resources: &[resource::Model],
    millis: i64,
) -> Result<String, DbErr> {
    let (complete, other): (Vec<_>, Vec<_>) = resources
        .iter()
        // What is not mirrored has no run.
        .filter(|resource| resource.last_run_at.is_some())
        .partition(|resource| resource.last_outcome == Some(Outcome::Complete));
    let rows = complete
        .iter()
        .map(|resource| format!("{} {}", print::count(resource.live_rows), resource.name));
    let rows: Vec<String> = rows.collect();
    let mut text = format!(
        "mirrored within {} of the start: {}\n",
        print::took(millis),
        rows.join(", ")
    );
    for resource in other {
        let run = run::Entity::latest(db, Some(resource.id), 1).await?.pop();
        let outcome = resource.last_outcome.map_or("-", Outcome::as_str);
        let why = run.and_then(|run| run.error).unwrap_or_default();
        text.push_str(&format!("{}: {outcome}: {why}\n", resource.name));
    }
    Ok(text)
}
