//! `GET /sync/runs`, `/sync/runs/{id}`: the history of runs.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use entity::run::{self, Entity as Runs};
use sea_orm::EntityTrait;

use super::{
    answer,
    target::{Named, Target, gone},
    told::Run,
};
use crate::{
    AppState,
    fault::{Code, Fault},
    parameters::Parameters,
    path::Segments,
    problem::Problem,
    tables,
};

pub(crate) async fn list(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    tables::list(&state, &Runs::listing(), query.as_deref()).await
}

pub(crate) async fn one(
    State(state): State<AppState>,
    Segments(id): Segments<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let run = model(&state, &id).await?;
    let target = Target::of_id(&state, run.resource_id).await?;
    let names = target.resources.first().map(Named::names);
    let names = names.ok_or_else(gone)?;
    answer(StatusCode::OK, &Run::new(run, names))
}

/// The run of that id.
///
/// # Errors
/// There is none; or the database does not answer.
pub(super) async fn model(state: &AppState, id: &str) -> Result<run::Model, Problem> {
    let found = match id.parse::<i64>() {
        Ok(id) => Runs::find_by_id(id).one(&state.reader()).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        let detail = format!("there is no run `{id}`");
        Problem::not_found(Fault::new("id", Code::UnknownRecord, detail))
    })
}
