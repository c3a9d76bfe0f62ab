//! `GET /{source}/{resource}/-/export`: all rows, or those that the filters leave, as they are at one moment.
//!
//! A task of its own reads them piece by piece from one snapshot, and the answer's body takes them from it; so nothing
//! grows with the table, and a client that takes nothing does not keep the snapshot. An answer that is not whole is cut
//! off: it has no proper end.

mod body;
mod csv;
mod ndjson;
mod places;
mod query;
mod snapshot;
mod task;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, TRAILER, VARY},
    },
    response::{IntoResponse, Response},
};

pub(crate) use self::{places::Exports, query::FORMS};
use self::{
    query::{Asked, Format},
    snapshot::Snapshot,
    task::Export,
};
use crate::{AppState, identity::View, path::Segments, problem::Problem, registry::Resource};

pub(crate) async fn export(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let asked = resource.asked(|definition| {
        let of = (&**resource, definition);
        Asked::parse(of, query.as_deref(), &request, &state.settings)
    })?;
    let place = state.exports.place()?;
    let rows = Snapshot::open(&state.db, resource, asked.after.as_deref()).await?;
    let headers = headers(resource, rows.version, asked.format);
    let export = Export {
        resource: Arc::clone(resource),
        asked,
        rows,
        place,
    };
    let body = task::start(export, &state.settings);
    Ok((headers, Body::new(body)).into_response())
}

fn headers(resource: &Resource, version: i64, format: Format) -> HeaderMap {
    let (content_type, ending) = match format {
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
    };
    let table = &resource.definition.table;
    let file = format!("attachment; filename=\"{table}.v{version}.{ending}\"");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // Names of tables are plain: letters, digits and underscores.
    if let Ok(file) = HeaderValue::from_str(&file) {
        headers.insert(CONTENT_DISPOSITION, file);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    headers.insert(TRAILER, HeaderValue::from_static(body::TRAILERS));
    let name = HeaderName::from_static("catchment-version");
    headers.insert(name, version.into());
    headers
}
