//! `POST /{source}/{resource}/-/import`: many records at once, as CSV or as JSON lines.
//!
//! What comes is laid into a file first: a caller who sends slowly keeps nobody else from writing. Then it is read record
//! by record and written in batches, so that memory does not grow with it.

/// What is asked for.
mod asked;
/// CSV to records.
mod csv;
/// JSON lines to records.
mod ndjson;
/// A file to records, one after the other.
mod read;
/// The file.
mod spool;
/// Records to rows.
mod write;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use entity::audit;
use tokio::sync::Semaphore;

pub(crate) use self::asked::FORMS;
use self::{asked::Asked, write::Import};
use super::{
    body,
    place::{Place, Refused},
    told::Told,
};
use crate::{
    AppState,
    identity::{Address, Caller, View},
    path::Segments,
    problem::{Kind, Problem},
};

/// The imports that may be under way at once.
#[derive(Debug)]
pub(crate) struct Imports(Semaphore);

impl Imports {
    pub(crate) fn new(most: usize) -> Self {
        Self(Semaphore::new(most.max(1)))
    }
}

pub(crate) async fn import(
    State(state): State<AppState>,
    (caller, Address(address)): (Caller, Address),
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let place = Place::of(&snapshot, &caller, (&source, &name))?;
    let asked = Asked::of(request.headers(), request.uri().query())?;
    let (_, sent) = body::parts(request);
    let _one_of_few = state.imports.0.try_acquire().map_err(|_| {
        let detail = "as many imports are under way as there may be at once; try again later";
        Problem::new(Kind::Overloaded, detail)
    })?;
    let file = spool::file(sent, state.settings.import_body).await?;
    let import = Import::new(&state, &place, asked);
    let (done, tally) = import.run(file).await?;
    state.refresh().await;
    let entry = audit::Entry {
        actor: Some(place.actor.clone()),
        action: "records.import".to_owned(),
        target: Some(format!("{source}.{name}")),
        address: Some(address.to_string()),
        detail: Some(tally.in_words()),
    };
    audit::Entity::add(&state.db, entry, state.clock.now()).await?;
    let body = serde_json::to_string(&tally.told()).map_err(Problem::internal)?;
    Ok(Told::counts(done, body).into_response())
}
