//! `GET /{source}/{resource}/{key}`: one record by its key.
//!
//! The segment, decoded, is the key's canonical text: a single field's value as it is, several
//! joined by commas with `%` and `,` in them percent-encoded.

use std::time::Duration;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use entity::record;

use super::{
    embed::Embed,
    envelope,
    history::{self, AS_OF},
    narrowed::{or_faults, value},
    query::{self, MAX_STALENESS},
};
use crate::{
    AppState,
    answers::{About, Answer, Body},
    caching::hexadecimal,
    fault::{Code, Fault},
    identity::View,
    parameters::Parameters,
    path::Segments,
    patience::{self, TIMEOUT},
    problem::{Problem, both},
    registry::Resource,
    settings::Settings,
};

pub(super) const LINKS: &str =
    r#"<-/schema>; rel="describedby", <../../../openapi.json>; rel="service-desc""#;

pub(crate) async fn one(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name, key)): Segments<(String, String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let parameters = Parameters::decode(query.as_deref())?;
    if parameters.iter().any(|(name, _)| name == AS_OF) {
        return history::one(&state, (resource, &key), &parameters, &request).await;
    }
    let embed = Embed::asked(&snapshot, resource, &parameters);
    let (wanted, embed) = both(Wanted::of(&parameters, &state.settings), embed)?;
    let mut about = About {
        links: LINKS.to_owned(),
        max_staleness: wanted.max_staleness,
        ..About::of_rows(resource, embed.resources().cloned().collect())
    };
    about.is_fresh_enough(state.clock.now())?;
    let reader = state.reader_within(wanted.timeout);
    let table = &resource.definition.table;
    let found = match resource.has_table() {
        true => record::one(&reader, table, &key).await?,
        false => None,
    };
    let row = found.ok_or_else(|| no_record(resource, &key))?;
    about.tag = format!("{}{}", hexadecimal(&row.payload_hash), embed.tag(&row));
    about.modified = embed.is_nothing().then_some(row.changed_at);
    about.reads_fields = false;
    if let Some(response) = about.not_modified(&state, &request) {
        return Ok(response);
    }
    let fields = wanted.fields.as_deref();
    let fields = fields.map(|names| with_key(resource, names));
    let data = embed
        .records(&reader, vec![row], ("", fields.as_deref()))
        .await?;
    let body = Body::Envelope(envelope::one(&data.concat()));
    Ok(Answer { about, body }.into_response())
}

/// There is no such row.
pub(crate) fn no_record(resource: &Resource, key: &str) -> Problem {
    let detail = format!("resource `{}` has no record `{key}`", resource.model.name);
    Problem::not_found(Fault::new("key", Code::UnknownRecord, detail))
}

/// The wanted members and the key's, without which a row cannot be told from another.
pub(crate) fn with_key<'a>(resource: &'a Resource, names: &'a [String]) -> Vec<&'a str> {
    let key = resource.definition.key.iter();
    key.chain(names).map(String::as_str).collect()
}

/// What a record is asked for.
#[derive(Default)]
struct Wanted {
    fields: Option<Vec<String>>,
    max_staleness: Option<TimeDelta>,
    timeout: Option<Duration>,
}

impl Wanted {
    fn of(parameters: &Parameters, settings: &Settings) -> Result<Self, Problem> {
        let mut faults = parameters.unknown(&["fields", "embed", MAX_STALENESS, TIMEOUT]);
        let fields = value(parameters, "fields", query::fields);
        let time = value(parameters, MAX_STALENESS, |text| {
            query::time(MAX_STALENESS, text)
        });
        let timeout = value(parameters, TIMEOUT, |text| patience::limit(text, settings));
        let wanted = Self {
            fields: or_faults(fields, &mut faults),
            max_staleness: or_faults(time, &mut faults),
            timeout: or_faults(timeout, &mut faults),
        };
        if faults.is_empty() {
            Ok(wanted)
        } else {
            Err(Problem::refused(faults))
        }
    }
}
