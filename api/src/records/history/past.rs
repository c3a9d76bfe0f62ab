//! `GET /{source}/{resource}?as_of=`: the records as they were, in the order in which they were first seen.
//!
//! What was never changes: an answer of a version that is named by its number may be kept for long.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, LINK},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use entity::{
    definition::{Cell, Kind},
    dialect::Reader,
    record::{self, Direction, Past, Position},
    version,
};
use serde::Serialize;

use super::{
    ENOUGH_BYTES,
    moment::{AS_OF, Moment, still_holds},
    none_kept,
};
use crate::{
    AppState,
    caching::{Audience, Caching},
    fault::{Code, Fault},
    parameters::{Parameters, unknown_parameter},
    patience::{self, TIMEOUT},
    problem::Problem,
    records::{
        binding::Binding,
        cursor::Cursor,
        envelope::{self, Page},
        narrowed::{or_faults, value},
        one::with_key,
        query::{self, CONTROLS, Shape, filter_names},
    },
    registry::Resource,
    settings::Settings,
};

/// The parameters of a list that go with it.
const OWN: [&str; 6] = [AS_OF, "fields", "limit", "cursor", "shape", TIMEOUT];

/// A list as it was.
#[derive(Debug, Default)]
struct Asked {
    moment: Option<Moment>,
    fields: Option<Vec<String>>,
    limit: u64,
    cursor: Option<String>,
    shape: Shape,
    timeout: Option<Duration>,
}

pub(in crate::records) async fn list(
    state: &AppState,
    resource: &Arc<Resource>,
    parameters: &Parameters,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::parse(resource, parameters, &state.settings)?;
    let text = parameters.single(AS_OF).ok().flatten().unwrap_or_default();
    let binding = Binding::of([&resource.source.name, &resource.model.name, AS_OF, text]);
    let reader = state.reader_within(asked.timeout);
    let (version, after) = asked.place(state, (&reader, resource), &binding).await?;
    let told = Told::of(resource, (version, asked.is_fixed()), state.clock.now());
    if let Some(response) = told.not_modified(request) {
        return Ok(response);
    }
    let page = asked.page(&reader, (resource, version), after).await?;
    still_holds(&reader, resource, version).await?;
    let next = page.end.map(|rowno| {
        let values = vec![Cell::Integer(version)];
        let cursor = Cursor {
            direction: Direction::Forward,
            position: Position { values, rowno },
        };
        state.signer.encode(&binding, &cursor)
    });
    let wanted = asked.fields.as_deref();
    let wanted = wanted.map(|names| with_key(resource, names));
    let payloads = page.rows.iter().map(|row| row.payload.as_str());
    let rows = envelope::array(payloads, wanted.as_deref())?;
    let links = links(parameters, resource, next.as_deref());
    let body = match asked.shape {
        Shape::Array => rows,
        Shape::Envelope => {
            let page = Page {
                limit: asked.limit,
                next,
                prev: None,
            };
            let body = envelope::list(&rows, &page, None)?;
            told.enveloped(&reader, body).await?
        }
    };
    Ok(told.answer(&links, body))
}

impl Asked {
    fn parse(
        resource: &Resource,
        parameters: &Parameters,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        let mut faults = refused(resource, parameters, &OWN);
        let moment = value(parameters, AS_OF, Moment::parse);
        let fields = value(parameters, "fields", query::fields);
        let limit = value(parameters, "limit", |text| {
            query::number("limit", text, settings.max_limit)
        });
        let cursor = value(parameters, "cursor", |text| Ok(text.to_owned()));
        let shape = value(parameters, "shape", |text| {
            let index = query::one_of("shape", text, &["envelope", "array"])?;
            Ok([Shape::Envelope, Shape::Array][index])
        });
        let timeout = value(parameters, TIMEOUT, |text| patience::limit(text, settings));
        let asked = Self {
            moment: or_faults(moment, &mut faults),
            fields: or_faults(fields, &mut faults),
            limit: or_faults(limit, &mut faults).unwrap_or(settings.default_limit),
            cursor: or_faults(cursor, &mut faults),
            shape: or_faults(shape, &mut faults).unwrap_or_default(),
            timeout: or_faults(timeout, &mut faults),
        };
        if faults.is_empty() {
            Ok(asked)
        } else {
            Err(Problem::refused(faults))
        }
    }

    fn is_fixed(&self) -> bool {
        matches!(self.moment, Some(Moment::Version(_)))
    }

    /// The version, and the `rowno` behind which the page begins. From page to page it is the same version, whatever is
    /// committed meanwhile with an earlier time.
    async fn place(
        &self,
        state: &AppState,
        (reader, resource): (&Reader, &Resource),
        binding: &Binding,
    ) -> Result<(i64, i64), Problem> {
        let (mut moment, mut after) = (self.moment.unwrap_or(Moment::Version(0)), 0);
        if let Some(text) = &self.cursor {
            let cursor = state.signer.decode(text, binding, &[Kind::Integer])?;
            if let [Cell::Integer(version)] = cursor.position.values.as_slice() {
                moment = Moment::Version(*version);
            }
            after = cursor.position.rowno;
        }
        let version = moment.version(state, (reader, resource)).await?;
        Ok((version, after))
    }

    async fn page(
        &self,
        reader: &Reader,
        (resource, version): (&Resource, i64),
        after: i64,
    ) -> Result<record::PastPage, Problem> {
        let wanted = Past {
            version,
            after,
            limit: self.limit,
            bytes: ENOUGH_BYTES,
        };
        Ok(record::past(reader, &resource.definition, wanted).await?)
    }
}

/// What is wrong with the parameters that are not among `own`: they need what a history does not have, or nothing does.
pub(super) fn refused(resource: &Resource, parameters: &Parameters, own: &[&str]) -> Vec<Fault> {
    let definition = &resource.definition;
    let fields = definition.fields.iter();
    let filters = fields.flat_map(|field| filter_names(definition, field));
    let filters: Vec<String> = filters.map(|(name, _)| name).collect();
    let others = parameters.iter().filter(|(name, _)| !own.contains(name));
    let mut faults = Vec::new();
    if !definition.history {
        faults.push(none_kept(resource, AS_OF));
    }
    for (name, _) in others {
        let is_known = CONTROLS.contains(&name) || filters.iter().any(|filter| filter == name);
        faults.push(match is_known {
            true => {
                let detail = format!(
                    "`{name}` does not go with `{AS_OF}`: a history has no indexes of fields, and knows one resource"
                );
                let fault = Fault::new(name, Code::NotWithAsOf, detail);
                Fault {
                    allowed: own.iter().map(|&name| name.to_owned()).collect(),
                    ..fault
                }
            }
            false => unknown_parameter(name, own.iter().map(|&name| name.to_owned()).collect()),
        });
    }
    faults
}

/// What is said of an answer of the past.
pub(super) struct Told<'a> {
    resource: &'a Resource,
    version: i64,
    caching: Caching,
    control: HeaderValue,
    now: DateTime<Utc>,
}

/// Where the records are from: nothing of it changes, so nothing is said of how fresh they are.
#[derive(Serialize)]
struct Meta<'a> {
    source: &'a str,
    resource: &'a str,
    version: i64,
    at: Option<DateTime<Utc>>,
}

impl<'a> Told<'a> {
    /// `is_fixed`: whether another request like it tells of the same version for ever.
    pub(super) fn of(
        resource: &'a Resource,
        (version, is_fixed): (i64, bool),
        now: DateTime<Utc>,
    ) -> Self {
        let (name, shape) = (&resource.model.name, resource.shape);
        // A resource that began anew counts from nought again: the time tells them apart.
        let since = resource.model.history_at;
        let since = since.map_or(0, |at| at.timestamp_millis());
        let audience = Audience::of([resource]);
        let tag = format!("{name}.{version}.{shape:x}.{since:x}.then");
        Self {
            resource,
            version,
            caching: Caching::of(&tag, None, audience),
            control: match is_fixed {
                true => audience.for_long(),
                false => audience.ask_anew(),
            },
            now,
        }
    }

    pub(super) fn not_modified(&self, request: &HeaderMap) -> Option<Response> {
        self.caching.not_modified(request, &self.control, self.now)
    }

    /// `body` with its last member.
    pub(super) async fn enveloped(
        &self,
        reader: &Reader,
        mut body: String,
    ) -> Result<String, Problem> {
        let id = self.resource.model.id;
        let known = version::Entity::of(reader, id, self.version).await?;
        let meta = Meta {
            source: &self.resource.source.name,
            resource: &self.resource.model.name,
            version: self.version,
            at: known.map(|known| known.at),
        };
        let meta = serde_json::to_string(&meta).map_err(Problem::internal)?;
        body.push_str(&format!(r#","meta":{meta}}}"#));
        Ok(body)
    }

    pub(super) fn answer(&self, links: &str, body: String) -> Response {
        let mut headers = self.caching.headers(self.now);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, self.control.clone());
        let name = HeaderName::from_static("catchment-version");
        headers.insert(name, self.version.into());
        if let Ok(links) = HeaderValue::from_str(links) {
            headers.insert(LINK, links);
        }
        (headers, body).into_response()
    }
}

fn links(parameters: &Parameters, resource: &Resource, next: Option<&str>) -> String {
    let name = &resource.model.name;
    let next = next.map(|cursor| {
        let query = parameters.with("cursor", cursor);
        format!("<?{query}>; rel=\"next\"")
    });
    let others = [
        format!("<{name}/-/schema>; rel=\"describedby\""),
        "<../../openapi.json>; rel=\"service-desc\"".to_owned(),
    ];
    next.into_iter()
        .chain(others)
        .collect::<Vec<_>>()
        .join(", ")
}
