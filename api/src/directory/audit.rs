//! `GET /audit`: what was done with the rights of a user or key, by whom and from where, the newest first.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use entity::audit;

use crate::{AppState, problem::Problem, tables};

pub(crate) async fn audit(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    tables::list(&state, &audit::Entity::listing(), query.as_deref()).await
}
