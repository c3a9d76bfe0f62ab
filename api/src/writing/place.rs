//! Whose rows are written, and by whom: a local resource that the caller may see, and may write.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, header::ALLOW},
    response::{IntoResponse, Response},
};
use entity::{
    access::{Reach, Scope},
    definition::Local,
    local::Writing,
};
use sea_orm::DbErr;
use serde::Deserialize;

use crate::{
    AppState,
    identity::{Caller, View},
    problem::{Kind, Problem},
    registry::Resource,
};

/// What may be asked of a resource that nobody but the syncer writes.
pub(crate) const READ_ONLY: HeaderValue = HeaderValue::from_static("GET,HEAD");

/// The resource that a path names, whatever else it names.
#[derive(Debug, Deserialize)]
pub(crate) struct Written {
    source: String,
    resource: String,
}

impl Written {
    /// Whether it is one that the caller sees, and that the syncer writes.
    pub(crate) fn is_mirrored(&self, snapshot: &View) -> bool {
        let found = snapshot.resource(&self.source, &self.resource);
        found.is_ok_and(|resource| resource.definition.local.is_none())
    }
}

/// What is written, and who writes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) resource: Arc<Resource>,
    /// As the audit names it.
    pub(super) actor: String,
}

/// Why nothing is written.
#[derive(Debug)]
pub(crate) enum Refused {
    Because(Box<Problem>),
    /// The syncer alone writes that resource.
    Mirrored(String),
}

impl Place {
    /// # Errors
    /// The caller sees no such resource, nobody writes it but the syncer, or the caller may not.
    pub(super) fn of(
        snapshot: &View,
        caller: &Caller,
        (source, name): (&str, &str),
    ) -> Result<Self, Refused> {
        let resource = snapshot.resource(source, name)?;
        if resource.definition.local.is_none() {
            return Err(Refused::Mirrored(name.to_owned()));
        }
        let reach = Reach::Resource(source.to_owned(), name.to_owned());
        let known = caller.with(&Scope::Write(reach))?;
        Ok(Self {
            resource: Arc::clone(resource),
            actor: known.name.clone(),
        })
    }

    /// Begins to write.
    ///
    /// # Errors
    /// The table is being made or altered, or others write for too long.
    pub(super) async fn begin(&self, state: &AppState) -> Result<Writing, Problem> {
        let (id, now) = (self.resource.model.id, state.clock.now());
        let writing = Writing::begin(&state.db, id, now).await?;
        writing.ok_or_else(|| {
            let detail = format!(
                "the table of resource `{}` is being made or altered; try again shortly",
                self.resource.model.name
            );
            Problem::new(Kind::NotReady, detail)
        })
    }

    /// Where the record of that key is.
    pub(super) fn path(&self, key: &str) -> String {
        let resource = &self.resource;
        let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
        format!(
            "/api/v1/{}/{}/{key}",
            resource.source.name, resource.model.name
        )
    }
}

/// How the records of a resource that is being written are checked.
///
/// # Errors
/// It is mirrored by now.
pub(super) fn local(writing: &Writing) -> Result<Local, Problem> {
    writing.definition.local.clone().ok_or_else(|| {
        Problem::new(
            Kind::NotReady,
            "the resource has just become another; try again",
        )
    })
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Because(Box::new(problem))
    }
}

impl From<DbErr> for Refused {
    fn from(error: DbErr) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Because(problem) => problem.into_response(),
            Self::Mirrored(name) => {
                let detail = format!(
                    "resource `{name}` is mirrored: its rows come from its upstream, and cannot be written here"
                );
                let problem = Problem::new(Kind::MethodNotAllowed, detail);
                let mut response = problem.into_response();
                response.headers_mut().insert(ALLOW, READ_ONLY);
                response
            }
        }
    }
}
