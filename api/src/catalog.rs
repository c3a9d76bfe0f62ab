//! `GET /catalog`: what is mirrored here, how many rows it has, and how fresh they are; and where all else is found.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use chrono::{DateTime, Utc};
use entity::{run::Outcome, source};
use serde::Serialize;

use crate::{
    AppState,
    caching::{self, Audience},
    freshness,
    identity::View,
    parameters::Parameters,
    path::Segments,
    problem::Problem,
    records,
    registry::{Resource, Snapshot},
};

#[derive(Serialize)]
struct Body<T> {
    data: T,
}

/// Where to begin.
#[derive(Serialize)]
struct Service<'a> {
    catalog: &'static str,
    openapi: &'static str,
    swagger: &'static str,
    health: &'static str,
    sources: Vec<ServiceSource<'a>>,
}

#[derive(Serialize)]
struct ServiceSource<'a> {
    source: &'a str,
    catalog: String,
    /// `None`: it is not known yet what its upstream looks like.
    mirror: Option<String>,
}

#[derive(Serialize)]
struct SourceEntry<'a> {
    source: &'a str,
    base_url: &'a str,
    schedule: &'a str,
    resources: Vec<ResourceEntry<'a>>,
}

#[derive(Serialize)]
struct ResourceEntry<'a> {
    resource: &'a str,
    description: String,
    path: String,
    key: &'a [String],
    children: Vec<&'a str>,
    enabled: bool,
    rows: i64,
    version: i64,
    synced_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
    last_run_at: Option<DateTime<Utc>>,
    last_outcome: Option<Outcome>,
    complete: bool,
    stale: bool,
    /// Whether callers write its rows.
    writable: bool,
}

pub(crate) async fn service(
    snapshot: View,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let sources = snapshot.sources().into_iter();
    let service = Service {
        catalog: "/api/v1/catalog",
        openapi: "/api/openapi.json",
        swagger: "/api/swagger",
        health: "/healthz",
        sources: sources
            .map(|source| service_source(&snapshot, source))
            .collect(),
    };
    answer(&request, &snapshot, service)
}

pub(crate) async fn catalog(
    State(state): State<AppState>,
    snapshot: View,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let sources = snapshot.sources().into_iter();
    let data: Vec<_> = sources
        .map(|source| source_entry(&state, &snapshot, source))
        .collect();
    answer(&request, &snapshot, data)
}

pub(crate) async fn catalog_of_source(
    State(state): State<AppState>,
    snapshot: View,
    Segments(name): Segments<String>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let source = snapshot.source(&name)?;
    let data = source_entry(&state, &snapshot, source);
    answer(&request, &snapshot, data)
}

fn service_source<'a>(snapshot: &Snapshot, source: &'a source::Model) -> ServiceSource<'a> {
    let name = &source.name;
    let mut resources = snapshot.of_source(source);
    let has_face = resources.any(|resource| resource.definition.face.is_some());
    ServiceSource {
        source: name,
        catalog: format!("/api/v1/catalog/{name}"),
        mirror: has_face.then(|| format!("/mirror/{name}")),
    }
}

fn answer(
    request: &HeaderMap,
    snapshot: &Snapshot,
    data: impl Serialize,
) -> Result<Response, Problem> {
    let body = serde_json::to_string(&Body { data }).map_err(Problem::internal)?;
    let audience = Audience::of_view(snapshot);
    Ok(caching::document(
        request,
        audience,
        ("application/json", body),
    ))
}

fn source_entry<'a>(
    state: &AppState,
    snapshot: &'a Snapshot,
    source: &'a source::Model,
) -> SourceEntry<'a> {
    let resources = snapshot.of_source(source);
    SourceEntry {
        source: &source.name,
        base_url: &source.base_url,
        schedule: &source.schedule,
        resources: resources
            .map(|resource| resource_entry(state, snapshot, resource))
            .collect(),
    }
}

fn resource_entry<'a>(
    state: &AppState,
    snapshot: &'a Snapshot,
    resource: &'a Resource,
) -> ResourceEntry<'a> {
    let model = &resource.model;
    let children = snapshot.children(resource);
    ResourceEntry {
        resource: &model.name,
        description: records::description(&resource.definition),
        path: format!("/api/v1/{}/{}", resource.source.name, model.name),
        key: &resource.definition.key,
        children: children.map(|child| child.model.name.as_str()).collect(),
        enabled: model.enabled,
        rows: model.live_rows,
        version: model.version,
        synced_at: model.synced_at,
        changed_at: model.changed_at,
        next_run_at: model.next_run_at,
        last_run_at: model.last_run_at,
        last_outcome: model.last_outcome,
        complete: model.complete,
        stale: freshness::is_stale(model, state.registry.is_in_touch(), state.clock.now()),
        writable: resource.definition.local.is_some(),
    }
}
