//! What those who follow are told: each resource, and who is there, as it stands in the database.

use std::collections::BTreeMap;

use axum::body::Bytes;
use entity::{status, syncer};
use serde::Serialize;

use super::{
    board::{Of, Seen},
    told::{Resource, Syncer},
};
use crate::{AppState, problem::Problem};

/// Reads all of it into `seen`.
///
/// # Errors
/// The database does not answer, or not in time.
pub(super) async fn read(state: &AppState, seen: &mut Seen) -> Result<(), Problem> {
    let reader = state.reader();
    let syncers = syncer::Entity::alive(&reader).await?;
    let syncers: Vec<Syncer> = syncers.into_iter().map(Syncer::from).collect();
    let mut events = BTreeMap::from_iter([(Of::Syncers, event("syncers", &syncers)?)]);
    for status in status::all(&reader, state.clock.now()).await? {
        let id = status.resource.id;
        let commands = status.commands.iter().map(|command| command.id);
        seen.open.extend(commands);
        let event = event("resource", &Resource::from(status))?;
        events.insert(Of::Resource(id), event);
    }
    seen.events = events;
    Ok(())
}

fn event(name: &str, data: &impl Serialize) -> Result<Bytes, Problem> {
    let data = serde_json::to_string(data).map_err(Problem::internal)?;
    Ok(format!("event: {name}\ndata: {data}\n\n").into())
}
