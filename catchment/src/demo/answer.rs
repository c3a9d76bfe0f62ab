//! The shapes of an answer: a page of records with its headers, one record, a picture, and errors,
//! which are plain text although the rest is JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

const JSON: &str = "application/json; charset=utf-8";

/// The page size where none is asked for: more than there is, so that the first page holds it all.
const UNLIMITED: usize = 1000;

/// `?limit=&page=`, counted from zero; a limit of zero is as good as none.
#[derive(Clone, Copy, Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    limit: usize,
    #[serde(default)]
    page: usize,
}

impl Paging {
    pub(super) fn with_default_limit(self, limit: usize) -> Self {
        if self.limit == 0 {
            Self { limit, ..self }
        } else {
            self
        }
    }

    pub(super) fn first_page(self) -> Self {
        Self { page: 0, ..self }
    }
}

/// The page of `records` that is asked for: empty past the end.
pub(super) fn list<T: Serialize>(records: &[T], paging: Paging) -> Response {
    let Paging { limit, page } = paging.with_default_limit(UNLIMITED);
    let shown: Vec<&T> = records
        .iter()
        .skip(page.saturating_mul(limit))
        .take(limit)
        .collect();
    let headers = [
        ("pagination-count", records.len().to_string()),
        ("pagination-page", page.to_string()),
        ("pagination-limit", limit.to_string()),
        (
            ACCESS_CONTROL_EXPOSE_HEADERS.as_str(),
            "Pagination-Count, Pagination-Page, Pagination-Limit".to_owned(),
        ),
    ];
    (headers, one(&shown)).into_response()
}

pub(super) fn one<T: Serialize>(record: &T) -> Response {
    ([(CONTENT_TYPE, JSON)], Json(record)).into_response()
}

pub(super) fn svg(drawing: String) -> Response {
    ([(CONTENT_TYPE, "image/svg+xml")], drawing).into_response()
}

pub(super) fn error(status: StatusCode, message: String) -> Response {
    (status, message).into_response()
}
