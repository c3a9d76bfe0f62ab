//! `catchment up`, `syncer` and `api`: the roles that run until they are stopped.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use sea_orm::DatabaseConnection;
use syncer::{Ctx, source::plan::Catalog, stop::Stop};
use tokio::net::TcpListener;
use tracing::info;

use super::{Call, first};
use crate::{
    exit::Exit,
    services::{Services, listen},
    signals,
};

/// Both roles, on a schema that is brought up to date first.
pub(super) async fn up(call: &Call) -> anyhow::Result<Exit> {
    let stop = signals::listen()?;
    let catalog = call.catalog()?;
    let (syncer, api) = (listen_syncer(call).await?, listen_api(call).await?);
    let db = call.open().await?;
    migrate(&db).await?;
    let mut services = Services::new();
    let ctx = call.ctx(db.clone(), services.stop())?;
    start_syncer(&mut services, syncer, ctx, catalog)?;
    start_api(&mut services, call, api, &db)?;
    tell_first(&mut services, call, &db);
    end(services, stop, call).await
}

/// The syncer alone; it waits for the schema.
pub(super) async fn syncer(call: &Call) -> anyhow::Result<Exit> {
    let stop = signals::listen()?;
    let catalog = call.catalog()?;
    let listener = listen_syncer(call).await?;
    let db = call.open().await?;
    let mut services = Services::new();
    let ctx = call.ctx(db, services.stop())?;
    start_syncer(&mut services, listener, ctx, catalog)?;
    end(services, stop, call).await
}

/// The api alone; it waits for the schema.
pub(super) async fn api(call: &Call) -> anyhow::Result<Exit> {
    let stop = signals::listen()?;
    let listener = listen_api(call).await?;
    let db = call.open().await?;
    let mut services = Services::new();
    start_api(&mut services, call, listener, &db)?;
    tell_first(&mut services, call, &db);
    end(services, stop, call).await
}

pub(super) async fn listen_syncer(call: &Call) -> anyhow::Result<TcpListener> {
    listen("syncer", call.settings.syncer.listen, "syncer.listen").await
}

pub(super) async fn listen_api(call: &Call) -> anyhow::Result<TcpListener> {
    listen("api", call.settings.api.listen, "api.listen").await
}

pub(super) async fn migrate(db: &DatabaseConnection) -> anyhow::Result<()> {
    let migrated = migration::up(db).await;
    migrated.context("the schema cannot be brought up to date")
}

pub(super) fn start_syncer(
    services: &mut Services,
    listener: TcpListener,
    ctx: Ctx,
    catalog: Arc<Catalog>,
) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr()?;
    info!(%address, "the syncer listens");
    services.start("syncer", syncer::serve(listener, ctx, catalog));
    Ok(address)
}

pub(super) fn start_api(
    services: &mut Services,
    call: &Call,
    listener: TcpListener,
    db: &DatabaseConnection,
) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr()?;
    info!(%address, "the api listens");
    let state = api::AppState::new(db.clone(), call.clock.clone(), call.api_settings()?);
    let stop = services.stop();
    let stopped = async move { stop.asked().await };
    services.start("api", api::serve(listener, state, stopped));
    Ok(address)
}

/// Where nobody may log in yet, says who can change that.
fn tell_first(services: &mut Services, call: &Call, db: &DatabaseConnection) {
    let telling = first::tell(db.clone(), call.clock.clone());
    let stop = services.stop();
    services.start("telling of the first admin", async move {
        tokio::select! {
            () = stop.asked() => Ok(()),
            never = telling => match never {},
        }
    });
}

async fn end(services: Services, stop: Stop, call: &Call) -> anyhow::Result<Exit> {
    services.run(stop, call.settings.stop.grace).await?;
    info!("stopped");
    Ok(Exit::Done)
}
