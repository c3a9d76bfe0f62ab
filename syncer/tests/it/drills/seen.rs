//! What a run left behind, read back from the database, the log and the upstream.

use std::collections::HashMap;

use entity::{record, reject, resource, run};
use sea_orm::EntityTrait;
use serde_json::Value;
use syncer::Report;

use crate::world::World;

/// A resource and its rows at one moment.
pub(super) struct State {
    /// Deleted ones included.
    pub(super) rows: Vec<record::Model>,
    pub(super) resource: resource::Model,
}

/// A run, from the state that it found to the one that it left.
pub(super) struct Seen {
    pub(super) before: State,
    pub(super) after: State,
    pub(super) report: Report,
    /// Its line in the run log.
    pub(super) run: run::Model,
    /// The reasons of all rejects.
    pub(super) rejects: Vec<String>,
    /// What a process would go on with, and what is remembered of pages.
    pub(super) stored: String,
    /// The paths that were asked for.
    pub(super) asked: Vec<String>,
    pub(super) log: Vec<Value>,
    /// Whether its deletions are those that the upstream marks.
    pub(super) is_flagged: bool,
}

impl State {
    pub(super) async fn of(world: &World, resource: &str) -> Self {
        Self {
            rows: world.models(resource).await,
            resource: world.resource(resource).await,
        }
    }

    pub(super) fn live(&self) -> Vec<String> {
        let live = self.rows.iter().filter(|row| row.deleted_at.is_none());
        let mut keys: Vec<String> = live.map(|row| row.record_key.clone()).collect();
        keys.sort();
        keys
    }

    /// The live rows' payloads by their keys.
    pub(super) fn payloads(&self) -> HashMap<&str, &str> {
        let live = self.rows.iter().filter(|row| row.deleted_at.is_none());
        live.map(|row| (row.record_key.as_str(), row.payload.as_str()))
            .collect()
    }
}

impl Seen {
    pub(super) async fn of(world: &World, before: State, report: Report, log: Vec<Value>) -> Self {
        let after = State::of(world, &report.resource).await;
        let run = run::Entity::find_by_id(report.run).one(&world.db).await;
        let rejects = reject::Entity::find().all(&world.db).await;
        let cursors = entity::cursor::Entity::find().all(&world.db).await;
        let pages = entity::page::Entity::find().all(&world.db).await;
        let (cursors, pages) = (
            cursors.expect("they are read"),
            pages.expect("they are read"),
        );
        Self {
            before,
            after,
            run: run.expect("the database answers").expect("a run is logged"),
            rejects: rejects
                .expect("the database answers")
                .into_iter()
                .map(|reject| reject.reason)
                .collect(),
            stored: format!("{cursors:?} {pages:?}"),
            asked: world
                .upstream
                .asked()
                .into_iter()
                .map(|request| request.path)
                .collect(),
            is_flagged: world.catalog.sources[0]
                .resource(&report.resource)
                .is_some_and(|plan| plan.deletes.flag.is_some()),
            report,
            log,
        }
    }

    /// The lines of the log at `level`.
    pub(super) fn lines(&self, level: &str) -> impl Iterator<Item = &Value> {
        self.log.iter().filter(move |line| line["level"] == level)
    }
}
