//! What there is, as it was read last: all of it, or what somebody sees of it.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use entity::{
    access::{Rule, Scopes},
    definition::Definition,
    resource, source,
};
use sea_orm::DbErr;
use sha2::{Digest, Sha256};

use super::resource::{Resource, shape};
use crate::{
    fault::{Code, Fault},
    problem::Problem,
};

/// All registered resources, by source and in the order of their definition.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    resources: Vec<Arc<Resource>>,
    /// The resources whose definition was written by a version that knows more than this one.
    unreadable: Vec<String>,
    /// What the answers to callers who see this are kept by: the same for all who see the same.
    class: u64,
    /// Whether each caller sees all that there is; it says so of a part, too.
    is_public: bool,
    views: Views,
}

/// The parts of a snapshot that callers were found to see.
#[derive(Debug, Default)]
struct Views {
    anonymous: OnceLock<Part>,
    by_scopes: RwLock<HashMap<Scopes, Part>>,
}

/// `None`: all of it.
type Part = Option<Arc<Snapshot>>;

/// Most scopes whose part is remembered: what others see is found anew for each request.
const REMEMBERED: usize = 1024;

impl Snapshot {
    pub(crate) fn resources(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// What the answers to callers who see this are kept by.
    pub(crate) fn class(&self) -> u64 {
        self.class
    }

    /// Whether each caller sees all that there is: then an answer depends on nobody.
    pub(crate) fn is_public(&self) -> bool {
        self.is_public
    }

    /// What somebody sees who has these scopes; `None`: nobody known. It is looked for once for each.
    pub(crate) fn seen_with(self: Arc<Self>, scopes: Option<&Scopes>) -> Arc<Self> {
        if self.is_public {
            return self;
        }
        let Some(scopes) = scopes else {
            let part = self.views.anonymous.get_or_init(|| self.part(None));
            return part.clone().unwrap_or(self);
        };
        let known = self.views.by_scopes.read();
        // Nothing that holds it can leave it half done.
        let known = known
            .unwrap_or_else(PoisonError::into_inner)
            .get(scopes)
            .cloned();
        if let Some(part) = known {
            return part.unwrap_or(self);
        }
        let part = self.part(Some(scopes));
        let by_scopes = self.views.by_scopes.write();
        let mut by_scopes = by_scopes.unwrap_or_else(PoisonError::into_inner);
        if by_scopes.len() < REMEMBERED {
            by_scopes.insert(scopes.clone(), part.clone());
        }
        drop(by_scopes);
        part.unwrap_or(self)
    }

    fn part(&self, scopes: Option<&Scopes>) -> Part {
        let is_seen = |resource: &&Arc<Resource>| {
            let (source, name) = (&resource.source.name, &resource.model.name);
            resource.rule.admits(scopes, source, name)
        };
        if self.resources.iter().all(|resource| is_seen(&resource)) {
            return None;
        }
        let resources: Vec<_> = self.resources.iter().filter(is_seen).cloned().collect();
        let mut hasher = Sha256::new();
        for resource in &resources {
            hasher.update(resource.model.id.to_be_bytes());
        }
        let digest = hasher.finalize();
        let class = digest.iter().take(8);
        let class = class.fold(0, |class, byte| (class << 8) | u64::from(*byte));
        Some(Arc::new(Self {
            // All is class 0.
            class: class.max(1),
            resources,
            ..Self::default()
        }))
    }

    /// The names of the sources, in order.
    pub(crate) fn sources(&self) -> Vec<&source::Model> {
        let mut sources: Vec<&source::Model> = self.resources.iter().map(|r| &r.source).collect();
        sources.dedup_by_key(|source| source.id);
        sources
    }

    /// The source of that name.
    ///
    /// # Errors
    /// There is none: the problem says which there are.
    pub(crate) fn source(&self, name: &str) -> Result<&source::Model, Problem> {
        let sources = self.sources();
        let found = sources.iter().find(|source| source.name == name);
        found.copied().ok_or_else(|| {
            let names = sources.iter().map(|source| source.name.clone()).collect();
            let detail = format!("there is no source `{name}`");
            let fault = Fault::new("source", Code::UnknownSource, detail);
            Problem::not_found(fault.or_one_of(name, names))
        })
    }

    /// The resource of that name.
    ///
    /// # Errors
    /// There is none: the problem says what there is.
    pub(crate) fn resource(&self, source: &str, name: &str) -> Result<&Arc<Resource>, Problem> {
        let of_source: Vec<_> = self.of_source(self.source(source)?).collect();
        let found = of_source
            .iter()
            .find(|resource| resource.model.name == name);
        found.copied().ok_or_else(|| {
            let names = of_source.iter().map(|r| r.model.name.clone()).collect();
            let detail = format!("source `{source}` has no resource `{name}`");
            let fault = Fault::new("resource", Code::UnknownResource, detail);
            Problem::not_found(fault.or_one_of(name, names))
        })
    }

    /// The resources of a source.
    pub(crate) fn of_source<'a>(
        &'a self,
        source: &'a source::Model,
    ) -> impl Iterator<Item = &'a Arc<Resource>> {
        let resources = self.resources.iter();
        resources.filter(|resource| resource.source.id == source.id)
    }

    /// The resource with that id; it may be gone from the database by now.
    pub(crate) fn by_id(&self, id: i32) -> Option<&Arc<Resource>> {
        self.resources
            .iter()
            .find(|resource| resource.model.id == id)
    }

    /// All that decides which changes can be told, and to whom.
    pub(super) fn tells(&self) -> impl Iterator<Item = (i32, Option<i64>, i64, &Rule)> {
        let resources = self.resources.iter();
        resources.map(|resource| {
            let model = &resource.model;
            (model.id, resource.told(), model.horizon, &resource.rule)
        })
    }

    /// The resources that are fetched from the rows of `parent`.
    pub(crate) fn children<'a>(
        &'a self,
        parent: &'a Resource,
    ) -> impl Iterator<Item = &'a Arc<Resource>> {
        self.resources.iter().filter(|resource| {
            let relation = resource.definition.parent.as_ref();
            resource.source.id == parent.source.id
                && relation.is_some_and(|relation| relation.resource == parent.model.name)
        })
    }

    /// The same, from rows read anew.
    pub(super) fn renewed(&self, rows: Vec<(resource::Model, source::Model)>, rule: &Rule) -> Self {
        let mut new = Self {
            is_public: true,
            ..Self::default()
        };
        for (model, source) in rows {
            match self.definition_of(&model) {
                Ok(definition) => {
                    let is_being_filled = !model.indexed && !model.projection.is_empty();
                    let to_be = is_being_filled.then(|| model.definition().ok()).flatten();
                    let resource = Resource {
                        rule: definition.read.clone().unwrap_or_else(|| rule.clone()),
                        to_be: to_be.map(Arc::new),
                        shape: shape(&model.definition),
                        source,
                        model,
                        definition,
                    };
                    new.is_public &= resource.is_public();
                    new.resources.push(self.known(resource));
                }
                Err(error) => {
                    let name = format!("{}.{}", source.name, model.name);
                    self.report_once(&name, &error);
                    new.unreadable.push(name);
                }
            }
        }
        new
    }

    /// A definition that did not change is not parsed again.
    fn definition_of(&self, model: &resource::Model) -> Result<Arc<Definition>, DbErr> {
        let known = self.resources.iter().find(|resource| {
            resource.model.id == model.id
                && resource.model.definition == model.definition
                && resource.model.indexed == model.indexed
                && resource.model.projection.is_empty() == model.projection.is_empty()
        });
        match known {
            Some(known) => Ok(Arc::clone(&known.definition)),
            None => model.offered().map(Arc::new),
        }
    }

    /// One that is as it was stays the same, so that what was made of it is known to hold.
    fn known(&self, resource: Resource) -> Arc<Resource> {
        let known = self.by_id(resource.model.id);
        let known = known.filter(|known| ***known == resource);
        known.cloned().unwrap_or_else(|| Arc::new(resource))
    }

    fn report_once(&self, name: &str, error: &DbErr) {
        if !self.unreadable.iter().any(|known| known == name) {
            tracing::error!(resource = name, error = %error, "a resource is left out");
        }
    }
}
