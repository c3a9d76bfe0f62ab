//! Who asks: nobody known, a user who has logged in, or a program with a key. It is found out once for each request.

use std::{convert::Infallible, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use entity::access::{Scope, Scopes};

use crate::problem::{Kind, Problem};

/// Who asks; each handler may take it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller(Option<Arc<Known>>);

/// Somebody who showed a token or a key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) who: Who,
    /// As the audit and the log name it: `user:anna`, `key:anna/reports`.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scopes: Scopes,
}

/// Which user, or which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A person, in the login of that family of refresh tokens.
    User { id: i64, login: String },
    /// A program, with a key of that user's.
    Key { id: i64, user_id: i64 },
}

impl Caller {
    /// Nobody known.
    pub(crate) fn anonymous() -> Self {
        Self::default()
    }

    pub(crate) fn known(known: Arc<Known>) -> Self {
        Self(Some(known))
    }

    /// What it may do; `None`: nobody knows who it is.
    pub(crate) fn scopes(&self) -> Option<&Scopes> {
        self.0.as_deref().map(|known| &known.scopes)
    }

    /// Who it is.
    ///
    /// # Errors
    /// Nobody knows.
    pub(crate) fn identity(&self) -> Result<&Known, Problem> {
        self.0.as_deref().ok_or_else(|| {
            Problem::new(
                Kind::Unauthenticated,
                "this needs a login or a key: send `Authorization: Bearer` with an access token, or `X-API-Key`",
            )
        })
    }

    /// Who it is, if it has `scope`.
    ///
    /// # Errors
    /// Nobody knows who it is, or it has not.
    pub(crate) fn with(&self, scope: &Scope) -> Result<&Known, Problem> {
        let known = self.identity()?;
        if known.scopes.cover(scope) {
            return Ok(known);
        }
        let detail = format!("this needs the scope `{scope}`");
        Err(Problem::new(Kind::Forbidden, detail))
    }

    /// The user who has logged in, by its id.
    ///
    /// # Errors
    /// Nobody knows who it is, or it is a program.
    pub(crate) fn user(&self) -> Result<i64, Problem> {
        match self.identity()?.who {
            Who::User { id, .. } => Ok(id),
            Who::Key { .. } => Err(Problem::new(
                Kind::Forbidden,
                "this needs a user who has logged in; a key is not enough",
            )),
        }
    }

    /// Whether nobody knows who it is.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}
