//! What is answered to a write: the record as it is read from now on.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use entity::{
    local::{Done, Writing},
    record::Row,
};
use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::{
    answers::{Meta, SYNCED_AT, VERSION},
    caching::hexadecimal,
    problem::Problem,
};

/// An answer, as it may be told again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    status: u16,
    etag: Option<String>,
    location: Option<String>,
    version: i64,
    synced_at: Option<String>,
    body: Option<String>,
}

/// What is to be told of a row before it is written, which takes it.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    key: String,
    etag: String,
    payload: String,
}

impl Shown {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            key: row.record_key.clone(),
            // As a read answers: the rows of a local resource are always whole and never stale.
            etag: format!("W/\"{}.c\"", hexadecimal(&row.payload_hash)),
            payload: row.payload.clone(),
        }
    }
}

impl Told {
    /// That the record is written.
    ///
    /// # Errors
    /// It cannot be told as JSON.
    pub(super) fn record(
        place: &Place,
        writing: &Writing,
        (status, shown): (StatusCode, Shown),
    ) -> Result<Self, Problem> {
        let done = writing.done();
        let meta = Meta::written(&place.resource, done);
        let meta = serde_json::to_string(&meta).map_err(Problem::internal)?;
        let body = format!(r#"{{"data":{},"meta":{meta}}}"#, shown.payload);
        Ok(Self {
            status: status.as_u16(),
            etag: Some(shown.etag),
            location: (status == StatusCode::CREATED).then(|| place.path(&shown.key)),
            body: Some(body),
            ..Self::of(done)
        })
    }

    /// That the record is gone.
    pub(super) fn gone(writing: &Writing) -> Self {
        Self::of(writing.done())
    }

    /// That it is done, with what came of it.
    pub(super) fn counts(done: Done, body: String) -> Self {
        Self {
            status: StatusCode::OK.as_u16(),
            body: Some(body),
            ..Self::of(done)
        }
    }

    fn of(done: Done) -> Self {
        Self {
            status: StatusCode::NO_CONTENT.as_u16(),
            etag: None,
            location: None,
            version: done.version,
            synced_at: done
                .at
                .map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            body: None,
        }
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VERSION, self.version.into());
        let texts = [
            (ETAG, self.etag),
            (LOCATION, self.location),
            (SYNCED_AT, self.synced_at),
        ];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        match self.body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                (status, headers, body).into_response()
            }
            None => (status, headers).into_response(),
        }
    }
}
