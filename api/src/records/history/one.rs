//! `GET /{source}/{resource}/{key}?as_of=`: one record as it was.

use std::sync::Arc;

use axum::{http::HeaderMap, response::Response};
use entity::record;

use super::{
    moment::{AS_OF, Moment, still_holds},
    past::{Told, refused},
};
use crate::{
    AppState,
    fault::{Code, Fault},
    parameters::Parameters,
    patience::{self, TIMEOUT},
    problem::Problem,
    records::{
        envelope,
        narrowed::{or_faults, value},
        one::{LINKS, with_key},
        query,
    },
    registry::Resource,
};

/// The parameters of a record that go with it.
const OWN: [&str; 3] = [AS_OF, "fields", TIMEOUT];

pub(in crate::records) async fn one(
    state: &AppState,
    (resource, key): (&Arc<Resource>, &str),
    parameters: &Parameters,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let mut faults = refused(resource, parameters, &OWN);
    let moment = value(parameters, AS_OF, Moment::parse);
    let moment = or_faults(moment, &mut faults);
    let fields = or_faults(value(parameters, "fields", query::fields), &mut faults);
    let timeout = value(parameters, TIMEOUT, |text| {
        patience::limit(text, &state.settings)
    });
    let timeout = or_faults(timeout, &mut faults);
    let Some(moment) = moment.filter(|_| faults.is_empty()) else {
        return Err(Problem::refused(faults));
    };
    let reader = state.reader_within(timeout);
    let version = moment.version(state, (&reader, resource)).await?;
    let found = record::past_of(&reader, &resource.definition, (key, version)).await?;
    still_holds(&reader, resource, version).await?;
    let payload = found.ok_or_else(|| {
        let name = &resource.model.name;
        let detail = format!("resource `{name}` had no record `{key}` at version {version}");
        Problem::not_found(Fault::new("key", Code::UnknownRecord, detail))
    })?;
    let is_fixed = matches!(moment, Moment::Version(_));
    let told = Told::of(resource, (version, is_fixed), state.clock.now());
    if let Some(response) = told.not_modified(request) {
        return Ok(response);
    }
    let wanted = fields.as_deref().map(|names| with_key(resource, names));
    let mut row = String::with_capacity(payload.len());
    envelope::write_row(&mut row, &payload, wanted.as_deref())?;
    let body = told.enveloped(&reader, envelope::one(&row)).await?;
    Ok(told.answer(LINKS, body))
}
