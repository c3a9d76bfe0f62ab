//! `GET /sync/{source}/{resource}/rejects`: what could not be stored; how many are alike; and one of them with its record.
//!
//! They are parts of records: who may not read those finds no rejects of theirs.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use chrono::{DateTime, Utc};
use entity::reject::{self, Entity as Rejects, Kind};
use sea_orm::EntityTrait;
use serde::Serialize;
use tokio::time::timeout;

use super::answer;
use crate::{
    AppState,
    fault::{Code, Fault},
    identity::View,
    parameters::Parameters,
    path::Segments,
    problem::Problem,
    registry::Resource,
    tables,
};

/// One, with the members that lists have, and its record.
#[derive(Serialize)]
struct Reject {
    id: i64,
    kind: &'static str,
    key: Option<String>,
    field: Option<String>,
    path: Option<String>,
    value: Option<String>,
    reason: String,
    run: Option<i64>,
    at: DateTime<Utc>,
    /// The record's bytes; of a value none: they are its row's.
    payload: Option<String>,
}

/// How many are alike.
#[derive(Serialize)]
struct Alike {
    kind: &'static str,
    field: Option<String>,
    reason: String,
    count: u64,
}

pub(crate) async fn list(
    State(state): State<AppState>,
    snapshot: View,
    Segments(names): Segments<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let resource = found(&snapshot, &names)?;
    let listing = Rejects::listing(resource.model.id);
    tables::list(&state, &listing, query.as_deref()).await
}

pub(crate) async fn counts(
    State(state): State<AppState>,
    snapshot: View,
    Segments(names): Segments<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let resource = found(&snapshot, &names)?;
    let alike = Rejects::count_by_reason(&state.db, resource.model.id);
    let alike = timeout(state.settings.query_timeout, alike).await;
    let alike = alike.map_err(|_| Problem::too_slow())??;
    let alike = alike.into_iter().map(|alike| Alike {
        kind: alike.kind.as_str(),
        field: alike.field,
        reason: alike.reason,
        count: alike.count,
    });
    answer(StatusCode::OK, &alike.collect::<Vec<_>>())
}

pub(crate) async fn one(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name, id)): Segments<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Parameters::decode(query.as_deref())?.refuse_all()?;
    let resource = found(&snapshot, &(source, name))?.model.id;
    let kept = match id.parse::<i64>() {
        Ok(id) => Rejects::find_by_id(id).one(&state.reader()).await?,
        Err(_) => None,
    };
    let kept = kept.filter(|kept| kept.resource_id == resource);
    let kept = kept.ok_or_else(|| {
        let detail = format!("the resource has no reject `{id}`, or has it no more");
        Problem::not_found(Fault::new("id", Code::UnknownRecord, detail))
    })?;
    answer(StatusCode::OK, &Reject::from(kept))
}

fn found<'a>(snapshot: &'a View, names: &(String, String)) -> Result<&'a Arc<Resource>, Problem> {
    snapshot.resource(&names.0, &names.1)
}

impl From<reject::Model> for Reject {
    fn from(reject: reject::Model) -> Self {
        Self {
            id: reject.id,
            kind: reject.kind.as_str(),
            key: reject.record_key,
            field: reject.field,
            path: reject.path,
            value: reject.value,
            reason: reject.reason,
            run: Some(reject.run_id).filter(|run| *run > 0),
            at: reject.created_at,
            payload: (reject.kind == Kind::Record).then_some(reject.payload),
        }
    }
}
