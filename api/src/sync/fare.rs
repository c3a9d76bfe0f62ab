//! `GET /sync`, `/sync/{source}`, `/sync/{source}/{resource}`: how everything fares; and `PATCH`: whether it is to run.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use entity::{reject, resource, run, status, syncer};
use sea_orm::TransactionTrait;
use serde::Serialize;

use super::{
    actor::Actor,
    answer,
    target::{Target, gone},
    told::{self, Fare, Resource, Run, Source, Syncer},
};
use crate::{
    AppState,
    body::{FromMembers, Json, Members},
    parameters::Parameters,
    path::Segments,
    problem::Problem,
};

/// Runs that are told of one resource.
const RUNS: u64 = 5;

/// What is wished for.
pub(crate) struct Wish {
    enabled: bool,
}

impl FromMembers for Wish {
    fn from_members(members: &mut Members) -> Self {
        Self {
            enabled: members.decision("enabled"),
        }
    }
}

pub(crate) async fn all(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    told(&of_all(&state).await?)
}

pub(crate) async fn of_source(
    State(state): State<AppState>,
    Segments(source): Segments<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    told(&source_of(&state, &source).await?)
}

pub(crate) async fn of_resource(
    State(state): State<AppState>,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    told(&resource_of(&state, (&source, &name)).await?)
}

pub(crate) async fn steer_all(
    State(state): State<AppState>,
    actor: Actor,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    steer(&state, &actor, (&Target::all(&state).await?, wish)).await?;
    told(&of_all(&state).await?)
}

pub(crate) async fn steer_source(
    State(state): State<AppState>,
    Segments(source): Segments<String>,
    actor: Actor,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    let target = Target::source(&state, &source).await?;
    steer(&state, &actor, (&target, wish)).await?;
    told(&source_of(&state, &source).await?)
}

pub(crate) async fn steer_resource(
    State(state): State<AppState>,
    Segments((source, name)): Segments<(String, String)>,
    actor: Actor,
    Json(wish): Json<Wish>,
) -> Result<Response, Problem> {
    let target = Target::resource(&state, (&source, &name)).await?;
    steer(&state, &actor, (&target, wish)).await?;
    told(&resource_of(&state, (&source, &name)).await?)
}

/// Writes down whether the resources are to run, and who wished it.
async fn steer(
    state: &AppState,
    actor: &Actor,
    (target, wish): (&Target, Wish),
) -> Result<(), Problem> {
    let now = state.clock.now();
    let action = match wish.enabled {
        true => "sync.start",
        false => "sync.stop",
    };
    let both = state.db.begin().await?;
    let by = (actor.name.as_str(), now);
    resource::Entity::enable(&both, &target.ids(), wish.enabled, by).await?;
    actor.did(&both, (action, &target.name), None, now).await?;
    both.commit().await?;
    state.board.refresh(state).await;
    Ok(())
}

async fn of_all(state: &AppState) -> Result<Fare, Problem> {
    let syncers = syncer::Entity::alive(&state.reader()).await?;
    Ok(Fare {
        syncers: syncers.into_iter().map(Syncer::from).collect(),
        sources: sources(state, &Target::all(state).await?).await?,
    })
}

async fn source_of(state: &AppState, source: &str) -> Result<Source, Problem> {
    let target = Target::source(state, source).await?;
    let mut sources = sources(state, &target).await?;
    sources.pop().ok_or_else(gone)
}

async fn resource_of(state: &AppState, names_of: (&str, &str)) -> Result<Resource, Problem> {
    let target = Target::resource(state, names_of).await?;
    let mut sources = sources(state, &target).await?;
    let mut resource = sources
        .pop()
        .and_then(|mut source| source.resources.pop())
        .ok_or_else(gone)?;
    if let [one] = target.resources.as_slice() {
        let runs = run::Entity::latest(&state.reader(), Some(one.id), RUNS).await?;
        let runs = runs.into_iter().map(|run| Run::new(run, one.names()));
        resource.runs = Some(runs.collect());
    }
    Ok(resource)
}

/// The sources of the resources in `target`, with these alone.
async fn sources(state: &AppState, target: &Target) -> Result<Vec<Source>, Problem> {
    let reader = state.reader();
    let ids = target.ids();
    let mut all = status::all(&reader, state.clock.now()).await?;
    all.retain(|status| ids.contains(&status.resource.id));
    let rejects = reject::Entity::count_of_each(&reader).await?;
    let ids: Vec<i32> = all.iter().map(|status| status.resource.id).collect();
    let mut sources = told::sources(all);
    // In the order in which they were told.
    let resources = sources.iter_mut().flat_map(|source| &mut source.resources);
    for (resource, id) in resources.zip(ids) {
        resource.rejects = Some(rejects.get(&id).copied().unwrap_or_default());
    }
    Ok(sources)
}

fn told(document: &impl Serialize) -> Result<Response, Problem> {
    answer(StatusCode::OK, document)
}
