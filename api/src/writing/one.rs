//! `POST` of a record, and `PUT`, `PATCH` and `DELETE` of the one with a key.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use entity::{
    local::{self, Unfit, Why, Writing, Wrote},
    record::{self, Row},
};

use super::{
    body::{self, CHANGE, RECORD},
    condition,
    once::Again,
    place::{self, Place, Refused},
    told::{Shown, Told},
    unfit,
};
use crate::{
    AppState,
    identity::{Caller, View},
    parameters::Parameters,
    path::Segments,
    problem::{Kind, Problem},
    records,
};

/// Adds a record: with the key that it has, or, where that is a number that it lacks, with the next one.
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let place = Place::of(&snapshot, &caller, (&source, &name))?;
    Parameters::decode(request.uri().query())?.refuse_all()?;
    let (request, sent) = body::parts(request);
    let sent = body::json(&request, sent, &RECORD).await?;
    let again = Again::of(&place, &request, sent.get())?;
    let mut writing = place.begin(&state).await?;
    if let Some(again) = &again
        && let Some(told) = again.answer(&state, writing.db()).await?
    {
        writing.leave().await?;
        return Ok(told.into_response());
    }
    let payload = numbered(&mut writing, sent.get()).await?;
    let row = checked(&writing, &payload)?;
    if writing.row(&row.record_key).await?.is_some() {
        let detail = format!("there is a record `{}` already", row.record_key);
        return Err(Problem::new(Kind::Conflict, detail).into());
    }
    let shown = Shown::of(&row);
    writing.put(vec![row]).await?;
    let told = Told::record(&place, &writing, (StatusCode::CREATED, shown))?;
    if let Some(again) = again {
        again.keep(&state, writing.db(), &told).await?;
    }
    committed(&state, &place, writing, told).await
}

/// Replaces the record of a key, or makes it.
pub(crate) async fn replace(
    State(state): State<AppState>,
    caller: Caller,
    snapshot: View,
    Segments((source, name, key)): Segments<(String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let place = Place::of(&snapshot, &caller, (&source, &name))?;
    Parameters::decode(request.uri().query())?.refuse_all()?;
    let (request, sent) = body::parts(request);
    let sent = body::json(&request, sent, &RECORD).await?;
    let mut writing = place.begin(&state).await?;
    let members = local::key_members(&writing.definition, &key).map_err(in_path)?;
    let payload = local::with_members(sent.get(), &members).map_err(|_| no_object())?;
    let row = of_key(checked(&writing, &payload)?, &writing, &key)?;
    let stored = writing.row(&key).await?;
    condition::holds(&request, stored.as_ref())?;
    let shown = Shown::of(&row);
    let wrote = writing.put(vec![row]).await?;
    let status = match wrote.first() {
        Some(Wrote::Inserted) => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let told = Told::record(&place, &writing, (status, shown))?;
    committed(&state, &place, writing, told).await
}

/// Changes some members of a record (RFC 7396).
pub(crate) async fn change(
    State(state): State<AppState>,
    caller: Caller,
    snapshot: View,
    Segments((source, name, key)): Segments<(String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let place = Place::of(&snapshot, &caller, (&source, &name))?;
    Parameters::decode(request.uri().query())?.refuse_all()?;
    let (request, sent) = body::parts(request);
    let sent = body::json(&request, sent, &CHANGE).await?;
    let mut writing = place.begin(&state).await?;
    let stored = stored(&place, &writing, &key).await?;
    condition::holds(&request, Some(&stored))?;
    let payload = merged(&stored.payload, sent.get())?;
    let row = of_key(checked(&writing, &payload)?, &writing, &key)?;
    let shown = Shown::of(&row);
    writing.put(vec![row]).await?;
    let told = Told::record(&place, &writing, (StatusCode::OK, shown))?;
    committed(&state, &place, writing, told).await
}

/// Deletes a record: what follows the changes is told so.
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    snapshot: View,
    Segments((source, name, key)): Segments<(String, String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let place = Place::of(&snapshot, &caller, (&source, &name))?;
    Parameters::decode(request.uri().query())?.refuse_all()?;
    let mut writing = place.begin(&state).await?;
    let stored = stored(&place, &writing, &key).await?;
    condition::holds(request.headers(), Some(&stored))?;
    writing.delete(stored.rowno).await?;
    let told = Told::gone(&writing);
    committed(&state, &place, writing, told).await
}

/// Commits, and has this process tell of it from now on.
async fn committed(
    state: &AppState,
    place: &Place,
    writing: Writing,
    told: Told,
) -> Result<Response, Refused> {
    writing.commit(Some(&place.actor)).await?;
    state.refresh().await;
    Ok(told.into_response())
}

async fn stored(place: &Place, writing: &Writing, key: &str) -> Result<record::Model, Problem> {
    let row = writing.row(key).await?;
    row.ok_or_else(|| records::no_record(&place.resource, key))
}

/// The record with a number, if it lacks the one that is its key.
async fn numbered(writing: &mut Writing, sent: &str) -> Result<String, Problem> {
    let Some(field) = local::counted(&writing.definition) else {
        return Ok(sent.to_owned());
    };
    let name = field.name.clone();
    if !local::lacks(sent, &name) {
        return Ok(sent.to_owned());
    }
    let Some(number) = writing.next_key(&name).await? else {
        let reason = "there is no higher number for a new record: give it one";
        return Err(unfit::problem(vec![Unfit::new(
            &name,
            Why::Missing,
            reason,
        )]));
    };
    local::with_members(sent, &[(name, number.to_string())]).map_err(|_| no_object())
}

/// The row of a record, or all that does not fit.
fn checked(writing: &Writing, payload: &str) -> Result<Row, Problem> {
    let local = place::local(writing)?;
    local::check(&writing.definition, &local, payload).map_err(unfit::problem)
}

/// The row, whose key is that of the path.
fn of_key(row: Row, writing: &Writing, key: &str) -> Result<Row, Problem> {
    if row.record_key == key {
        return Ok(row);
    }
    let fields = &writing.definition.key;
    let reason = format!(
        "the path names the record `{key}`, and the body `{}`: a record keeps its key",
        row.record_key
    );
    let name = fields.first().map_or("", String::as_str);
    Err(unfit::problem(vec![Unfit::new(name, Why::Value, reason)]))
}

fn merged(stored: &str, sent: &str) -> Result<String, Problem> {
    let changes = entity::raw::members(sent).map_err(|_| no_object())?;
    if !local::depth_fits(sent) {
        let reason = "arrays and objects stand in one another too deep";
        return Err(unfit::problem(vec![Unfit::new("", Why::Value, reason)]));
    }
    let twice = changes.iter().filter(|(name, _)| changes.repeats(name));
    let mut twice: Vec<&str> = twice.map(|(name, _)| name).collect();
    twice.dedup();
    if !twice.is_empty() {
        let unfit = twice.into_iter();
        let unfit = unfit.map(|name| {
            Unfit::new(
                name,
                Why::Repeated,
                format!("`{name}` stands more than once"),
            )
        });
        return Err(unfit::problem(unfit.collect()));
    }
    local::merge(stored, sent).map_err(Problem::internal)
}

fn no_object() -> Problem {
    let reason = "expected an object with the record's fields";
    unfit::problem(vec![Unfit::new("", Why::Value, reason)])
}

/// What is wrong with the key in the path.
fn in_path(wrong: Unfit) -> Problem {
    let mut fault = unfit::fault(wrong);
    "key".clone_into(&mut fault.parameter);
    Problem::refused(vec![fault])
}
