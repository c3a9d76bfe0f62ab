//! What went wrong, as the caller sees it: RFC 9457 `application/problem+json`, one shape for every error.
//!
//! A handler returns a `Problem`; it is written out by `observe`, which knows the request's id, and
//! its cause goes to the log there and nowhere else. What a 5xx says is a fixed phrase.

mod kind;
mod page;

use std::{error::Error, sync::Arc, time::Duration};

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use entity::dialect;
use sea_orm::{DbErr, RuntimeErr};
use serde::Serialize;

use crate::fault::Fault;
pub(crate) use kind::Kind;
pub(crate) use page::page;

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    faults: Vec<Fault>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
    /// Seconds after which the same request may succeed.
    retry_after: Option<u64>,
}

/// What the caller gets of it.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    code: String,
    request_id: &'a str,
    retryable: bool,
    errors: &'a [Fault],
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            faults: Vec::new(),
            cause: None,
            retry_after: None,
        }
    }

    /// A refusal of a request with all that is wrong with it.
    pub(crate) fn refused(faults: Vec<Fault>) -> Self {
        let mut kinds = faults.iter().map(Fault::kind);
        let first = kinds.next().unwrap_or(Kind::InvalidParameter);
        let kind = if kinds.all(|kind| kind == first) {
            first
        } else {
            Kind::InvalidParameter
        };
        let detail = match faults.as_slice() {
            [fault] => fault.detail.clone(),
            several => format!("{} faults, listed in `errors`", several.len()),
        };
        Self {
            faults,
            ..Self::new(kind, detail)
        }
    }

    /// A refusal of a body with all that is wrong with it.
    pub(crate) fn of_body(faults: Vec<Fault>) -> Self {
        Self {
            kind: Kind::InvalidBody,
            ..Self::refused(faults)
        }
    }

    /// What is asked for does not go with what there is.
    pub(crate) fn conflict(detail: impl Into<String>, faults: Vec<Fault>) -> Self {
        Self {
            faults,
            ..Self::new(Kind::Conflict, detail)
        }
    }

    /// Too many logins were tried; after that time one may be again.
    pub(crate) fn throttled(wait: Duration) -> Self {
        let begun = u64::from(wait.subsec_nanos() > 0);
        Self {
            retry_after: Some((wait.as_secs() + begun).max(1)),
            ..Self::new(
                Kind::LoginThrottled,
                "too many logins were tried; `Retry-After` says when to try again",
            )
        }
    }

    /// Others write for longer than a request waits.
    fn others_write(cause: DbErr) -> Self {
        Self {
            cause: Some(Arc::new(cause)),
            ..Self::new(
                Kind::Overloaded,
                "others are writing; nothing was written, try again shortly",
            )
        }
    }

    /// The database is a replica, or was told to take no writes.
    fn read_only(cause: DbErr) -> Self {
        Self {
            cause: Some(Arc::new(cause)),
            ..Self::new(
                Kind::NotReady,
                "the database takes no writes now; nothing was written",
            )
        }
    }

    /// Something is missing: what the path names, with what could be meant.
    pub(crate) fn not_found(fault: Fault) -> Self {
        Self {
            detail: fault.detail.clone(),
            faults: vec![fault],
            ..Self::new(Kind::NotFound, "")
        }
    }

    /// What is asked of the upstream is not known here: all that can be said of why.
    pub(crate) fn not_mirrored(detail: impl Into<String>, faults: Vec<Fault>) -> Self {
        Self {
            faults,
            ..Self::new(Kind::NotMirrored, detail)
        }
    }

    pub(crate) fn no_database() -> Self {
        Self::new(
            Kind::NotReady,
            "the database cannot be reached now; try again shortly",
        )
    }

    pub(crate) fn no_schema() -> Self {
        Self::new(
            Kind::NotReady,
            "the database has no schema yet; run `catchment migrate up`",
        )
    }

    /// A new resource's fields get their indexes when its first run has ended, and nobody knows when that will be.
    pub(crate) fn being_filled(resource: &str) -> Self {
        Self {
            retry_after: Some(10),
            ..Self::new(
                Kind::NotReady,
                format!(
                    "resource `{resource}` is being filled for the first time: its fields get their indexes when that \
                     run has ended; until then its rows can be had without filters and sort"
                ),
            )
        }
    }

    /// The rows are older than was asked for; in so many seconds they may be fresh.
    pub(crate) fn not_fresh_enough(detail: impl Into<String>, retry_after: u64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(Kind::StaleBeyondLimit, detail)
        }
    }

    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: Some(Arc::from(cause.into())),
            ..Self::new(
                Kind::Internal,
                "the request failed for a reason that the log has under the request's id",
            )
        }
    }

    /// A request's time is over.
    pub(crate) fn too_slow() -> Self {
        Self::new(
            Kind::QueryTimeout,
            "the query took too long; filter by an indexed field, or ask for fewer rows",
        )
    }

    /// The database ended the query itself.
    fn timed_out(cause: DbErr) -> Self {
        Self {
            cause: Some(Arc::new(cause)),
            ..Self::too_slow()
        }
    }

    /// What was wrong with the request, to be told with what else is.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.kind.status()
    }

    pub(crate) fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// What the log is to say of it: the cause with all that led to it.
    pub(crate) fn cause_chain(&self) -> Option<String> {
        let mut cause: Option<&dyn Error> = self.cause.as_deref().map(|cause| cause as &dyn Error);
        let mut chain: Vec<String> = Vec::new();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some libraries repeat their source in their own text.
            if !chain.last().is_some_and(|last| last.contains(&text)) {
                chain.push(text);
            }
            cause = error.source();
        }
        (!chain.is_empty()).then(|| chain.join(": "))
    }

    /// Writes it over `response`, whose other headers stay: a 405 has its `Allow` already, a 429 its `Retry-After`.
    pub(crate) fn write(&self, response: &mut Response, request_id: &str) {
        let kind = self.kind;
        let body = Body {
            r#type: kind.url(),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: &self.detail,
            instance: format!("urn:request:{request_id}"),
            code: kind.code(),
            request_id,
            retryable: kind.retryable(),
            errors: &self.faults,
        };
        // Nothing in it can fail to be written as JSON.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        *response.status_mut() = kind.status();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if kind.retryable() && !headers.contains_key(RETRY_AFTER) {
            headers.insert(RETRY_AFTER, self.retry_after.unwrap_or(1).into());
        }
        if kind == Kind::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        *response.body_mut() = axum::body::Body::from(body);
    }
}

/// What two parts of a request ask for; or all that is wrong with both.
///
/// # Errors
/// One of them is refused.
pub(crate) fn both<A, B>(
    one: Result<A, Problem>,
    other: Result<B, Problem>,
) -> Result<(A, B), Problem> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
        (Err(one), Err(other)) => {
            let mut faults = one.faults;
            for fault in other.faults {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
            Err(Problem::refused(faults))
        }
    }
}

/// Only marks the response: `observe` writes it out.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        if dialect::is_timeout(&error) {
            return Self::timed_out(error);
        }
        if dialect::is_locked(&error) {
            return Self::others_write(error);
        }
        if dialect::is_read_only(&error) {
            return Self::read_only(error);
        }
        let refused = match &error {
            DbErr::Query(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause)) => cause.as_database_error().is_some(),
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => false,
            _ => true,
        };
        let refused = refused && !dialect::is_going(&error);
        // A database that answers, but refuses the query or hands out what cannot be read, is a fault of ours.
        if refused {
            return Self::internal(error);
        }
        Self {
            cause: Some(Arc::new(error)),
            ..Self::no_database()
        }
    }
}
