//! The syncer as a service: waits for its schema, runs the schedules, and answers for its health.

use std::{io, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use entity::resource::Entity as Resource;
use sea_orm::DbErr;
use serde_json::json;
use tokio::net::TcpListener;
use tracing::{error, info, warn};

use crate::{Ctx, schedule, source::plan::Catalog, table};

/// Serves health and metrics at `listener` and runs `catalog` on its schedules, until `ctx.stop` is asked.
///
/// # Errors
/// The listener or the scheduler fails.
pub async fn serve(listener: TcpListener, ctx: Ctx, catalog: Arc<Catalog>) -> io::Result<()> {
    let stop = ctx.stop.clone();
    let app = router(ctx.clone());
    let http = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(async move { stop.asked().await })
            .await
    });
    if ready(&ctx).await {
        if let Err(error) = table::register(&ctx, &catalog).await {
            http.abort();
            return Err(io::Error::other(error));
        }
        schedule::run(&ctx, &catalog)
            .await
            .map_err(io::Error::other)?;
    }
    // A client that never finishes its request must not keep the process.
    match tokio::time::timeout(Duration::from_secs(2), http).await {
        Ok(Ok(served)) => served,
        Ok(Err(panic)) => Err(io::Error::other(panic)),
        Err(_) => Ok(()),
    }
}

/// Waits for the schema that `catchment migrate up` makes; false: it was time to stop first.
#[expect(
    clippy::disallowed_methods,
    reason = "another process makes the schema"
)]
async fn ready(ctx: &Ctx) -> bool {
    let mut told = false;
    loop {
        match has_schema(ctx).await {
            Ok(true) => return true,
            Ok(false) if !told => info!("waiting for the schema: run `catchment migrate up`"),
            Ok(false) => {}
            Err(error) if !told => warn!(%error, "waiting for the database"),
            Err(_) => {}
        }
        told = true;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = ctx.stop.asked() => return false,
        }
    }
}

async fn has_schema(ctx: &Ctx) -> Result<bool, DbErr> {
    let migrations = migration::status(&ctx.db).await?;
    Ok(migrations.iter().all(|(_, applied)| *applied))
}

fn router(ctx: Ctx) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .with_state(ctx)
}

async fn readyz(State(ctx): State<Ctx>) -> impl IntoResponse {
    match has_schema(&ctx).await {
        Ok(true) => (StatusCode::OK, "ok\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "waiting for the schema\n"),
        Err(error) => {
            error!(%error, "the database does not answer");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "waiting for the database\n",
            )
        }
    }
}

/// How each resource fares. An upstream that is down is a warning: this process is well.
async fn healthz(State(ctx): State<Ctx>) -> impl IntoResponse {
    if has_schema(&ctx).await.is_ok_and(|made| !made) {
        let body = json!({ "status": "fail", "database": "pass", "schema": "waiting" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body));
    }
    let resources = match Resource::all_with_source(&ctx.db).await {
        Ok(resources) => resources,
        Err(error) => {
            error!(%error, "the database does not answer");
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(json!({ "status": "fail", "database": "fail" })),
            );
        }
    };
    let well = resources.iter().all(|(resource, _)| resource.complete);
    let resources = resources.iter().map(|(resource, source)| {
        json!({
            "source": source.name,
            "resource": resource.name,
            "outcome": resource.last_outcome,
            "complete": resource.complete,
            "synced_at": resource.synced_at,
            "next_run_at": resource.next_run_at,
        })
    });
    let status = if well { "pass" } else { "warn" };
    let body =
        json!({ "status": status, "database": "pass", "resources": resources.collect::<Vec<_>>() });
    (StatusCode::OK, Json(body))
}

async fn metrics(State(ctx): State<Ctx>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], ctx.metrics.text())
}
