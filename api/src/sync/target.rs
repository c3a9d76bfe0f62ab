//! What is steered: one resource, those of a source, or all of them.

use std::sync::Arc;

use entity::resource::Entity as Resources;

use super::told::Names;
use crate::{
    AppState,
    problem::{Kind, Problem},
    registry::{Resource, Snapshot},
};

/// Some resources, and what they are together.
pub(super) struct Target {
    /// As the audit names it: `thecatapi.breeds`, `thecatapi`, `*`.
    pub(super) name: String,
    pub(super) resources: Vec<Named>,
}

/// One of them.
pub(super) struct Named {
    pub(super) id: i32,
    source: String,
    resource: String,
}

impl Target {
    /// # Errors
    /// Nothing could be read yet.
    pub(super) async fn all(state: &AppState) -> Result<Self, Problem> {
        let snapshot = registered(state).await?;
        let resources = snapshot.resources().iter();
        Ok(Self {
            name: "*".to_owned(),
            resources: resources.map(|resource| Named::of(resource)).collect(),
        })
    }

    /// # Errors
    /// There is no such source.
    pub(super) async fn source(state: &AppState, name: &str) -> Result<Self, Problem> {
        let snapshot = registered(state).await?;
        let resources = snapshot.of_source(snapshot.source(name)?);
        Ok(Self {
            name: name.to_owned(),
            resources: resources.map(|resource| Named::of(resource)).collect(),
        })
    }

    /// # Errors
    /// There is no such resource.
    pub(super) async fn resource(
        state: &AppState,
        (source, name): (&str, &str),
    ) -> Result<Self, Problem> {
        let snapshot = registered(state).await?;
        Ok(Self::one(Named::of(snapshot.resource(source, name)?)))
    }

    /// The resource of a run or command.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn of_id(state: &AppState, id: i32) -> Result<Self, Problem> {
        let found = Resources::with_source(&state.reader(), id).await?;
        let (resource, source) = found.ok_or_else(gone)?;
        Ok(Self::one(Named {
            id,
            source: source.name,
            resource: resource.name,
        }))
    }

    fn one(named: Named) -> Self {
        Self {
            name: format!("{}.{}", named.source, named.resource),
            resources: vec![named],
        }
    }

    pub(super) fn ids(&self) -> Vec<i32> {
        self.resources.iter().map(|resource| resource.id).collect()
    }
}

impl Named {
    fn of(resource: &Resource) -> Self {
        Self {
            id: resource.model.id,
            source: resource.source.name.clone(),
            resource: resource.model.name.clone(),
        }
    }

    pub(super) fn names(&self) -> Names<'_> {
        Names {
            source: &self.source,
            resource: &self.resource,
        }
    }
}

/// What is registered now: whoever steers has seen it in the database, and not what was read a moment ago.
async fn registered(state: &AppState) -> Result<Arc<Snapshot>, Problem> {
    state.registry.refresh(&state.db).await;
    state.registry.snapshot()
}

/// It was there a moment ago.
pub(super) fn gone() -> Problem {
    Problem::new(Kind::NotFound, "the resource is there no more")
}
