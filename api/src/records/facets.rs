//! `GET /{source}/{resource}/-/facets`: the values of some fields, each with how many rows have it.
//!
//! Each facet has its own part of the request's time: one that cannot be had in it is named, and the others are told.

use std::time::Duration;

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use entity::{
    definition::{Cell, Definition, Field},
    dialect::{self, Reader},
    record::{self, Facet, FacetValue, Filter, Selection},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::{
    envelope,
    narrowed::{self, or_faults, value},
    query::{self, is_filterable, why_not_filterable},
};
use crate::{
    AppState,
    answers::{About, Answer, Body},
    fault::{Code, Fault},
    identity::View,
    parameters::Parameters,
    path::Segments,
    patience::{self, TIMEOUT},
    problem::Problem,
    registry::Resource,
    settings::Settings,
};

/// The parameters that are not filters.
pub(crate) const CONTROLS: [&str; 3] = ["facet", "facet_limit", TIMEOUT];
/// Values of a facet if the caller does not say, and at most.
pub(crate) const LIMIT: u64 = 20;
pub(crate) const MAX_LIMIT: u64 = 200;

const LINKS: &str =
    r#"<schema>; rel="describedby", <../../../../openapi.json>; rel="service-desc""#;

pub(crate) async fn facets(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let parameters = Parameters::decode(query.as_deref())?;
    let asked =
        resource.asked(|definition| Asked::parse(definition, &parameters, &state.settings))?;
    let mut about = About {
        links: LINKS.to_owned(),
        ..About::of_rows(resource, Vec::new())
    };
    if let Some(response) = about.not_modified(&state, &request) {
        return Ok(response);
    }
    let found = asked
        .found(&state.reader_within(asked.timeout), resource)
        .await?;
    about.is_kept = found.timed_out.is_empty();
    let body = envelope::facets(&found.facets, &found.timed_out)?;
    let body = Body::Envelope(body);
    Ok(Answer { about, body }.into_response())
}

/// Whether `/-/facets` has the values of `field`.
pub(crate) fn is_facetable(field: &Field) -> bool {
    is_filterable(field)
}

/// What is asked for.
struct Asked<'a> {
    fields: Vec<&'a Field>,
    limit: u64,
    filters: Vec<Filter>,
    timeout: Option<Duration>,
}

struct Found<'a> {
    facets: Facets<'a>,
    timed_out: Vec<&'a str>,
}

/// In the order in which they were asked for.
struct Facets<'a>(Vec<(&'a str, Facet)>);

impl<'a> Asked<'a> {
    fn parse(
        definition: &'a Definition,
        parameters: &Parameters,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        let filters = narrowed::filters(definition, parameters, settings, &CONTROLS);
        let fields = match parameters.single("facet") {
            Ok(names) => fields(definition, names),
            Err(fault) => Err(vec![fault]),
        };
        let limit = value(parameters, "facet_limit", |text| {
            query::number("facet_limit", text, MAX_LIMIT)
        });
        let timeout = value(parameters, TIMEOUT, |text| patience::limit(text, settings));
        let asked = Self {
            filters: or_faults(filters, &mut faults),
            fields: or_faults(fields, &mut faults),
            limit: or_faults(limit, &mut faults).unwrap_or(LIMIT),
            timeout: or_faults(timeout, &mut faults),
        };
        if faults.is_empty() {
            Ok(asked)
        } else {
            Err(Problem::refused(faults))
        }
    }

    async fn found(&self, reader: &Reader, resource: &Resource) -> Result<Found<'a>, Problem> {
        let mut facets = Vec::with_capacity(self.fields.len());
        let mut timed_out = Vec::new();
        let selection = Selection {
            definition: &resource.definition,
            filters: &self.filters,
            of: None,
        };
        // A fifth of the time is for what else the request takes.
        let end = reader.within(reader.left() * 4 / 5);
        for (left, field) in (1..=self.fields.len()).rev().zip(&self.fields) {
            let name = field.name.as_str();
            let left = u32::try_from(left).unwrap_or(u32::MAX);
            let part = end.within(end.left() / left);
            match one(&part, resource, selection, (field, self.limit)).await {
                Ok(facet) => facets.push((name, facet)),
                Err(error) if dialect::is_timeout(&error) => timed_out.push(name),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Found {
            facets: Facets(facets),
            timed_out,
        })
    }
}

async fn one(
    reader: &Reader,
    resource: &Resource,
    selection: Selection<'_>,
    (field, limit): (&Field, u64),
) -> Result<Facet, sea_orm::DbErr> {
    if resource.has_table() {
        return record::facet(reader, selection, field, limit).await;
    }
    Ok(Facet {
        values: Vec::new(),
        truncated: false,
        without: 0,
    })
}

fn fields<'a>(
    definition: &'a Definition,
    names: Option<&str>,
) -> Result<Vec<&'a Field>, Vec<Fault>> {
    let facetable = definition.fields.iter().filter(|field| is_facetable(field));
    let facetable: Vec<String> = facetable.map(|field| field.name.clone()).collect();
    let Some(names) = names else {
        let detail = "`facet` is missing: name fields, separated by commas";
        let fault = Fault::new("facet", Code::MissingParameter, detail);
        return Err(vec![fault.or_one_of("", facetable)]);
    };
    let mut fields: Vec<&Field> = Vec::new();
    let mut faults = Vec::new();
    for name in names.split(',') {
        let fault = |code, detail: String| Fault::new("facet", code, detail);
        match definition.field(name) {
            None => {
                let unknown = fault(Code::UnknownField, format!("there is no field `{name}`"));
                faults.push(unknown.or_one_of(name, facetable.clone()));
            }
            Some(field) if !is_facetable(field) => {
                let why = why_not_filterable(field);
                let fault = fault(Code::NotFacetable, format!("`{name}` has no facet: {why}"));
                faults.push(fault.or_one_of(name, facetable.clone()));
            }
            Some(field) if fields.contains(&field) => {
                let detail = format!("`{name}` is named twice");
                faults.push(fault(Code::RepeatedParameter, detail));
            }
            Some(field) => fields.push(field),
        }
    }
    if faults.is_empty() {
        Ok(fields)
    } else {
        Err(faults)
    }
}

impl Serialize for Facets<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, facet) in &self.0 {
            map.serialize_entry(name, &Shown::of(facet))?;
        }
        map.end()
    }
}

/// A facet as it is told.
#[derive(Serialize)]
struct Shown<'a> {
    values: Vec<ShownValue<'a>>,
    truncated: bool,
    without: i64,
}

#[derive(Serialize)]
struct ShownValue<'a> {
    value: Plain<'a>,
    count: i64,
}

impl<'a> Shown<'a> {
    fn of(facet: &'a Facet) -> Self {
        let shown = |found: &'a FacetValue| ShownValue {
            value: Plain(&found.value),
            count: found.count,
        };
        Self {
            values: facet.values.iter().map(shown).collect(),
            truncated: facet.truncated,
            without: facet.without,
        }
    }
}

/// A value in JSON, in the form in which a filter takes it.
struct Plain<'a>(&'a Cell);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Cell::Integer(integer) => to.serialize_i64(*integer),
            Cell::Float(float) => to.serialize_f64(*float),
            Cell::Boolean(boolean) => to.serialize_bool(*boolean),
            // All of its digits, more than a float has.
            Cell::Decimal(digits) => match RawValue::from_string(digits.clone()) {
                Ok(number) => number.serialize(to),
                Err(_) => to.serialize_str(digits),
            },
            Cell::Timestamp(instant) => instant.serialize(to),
            other => super::cursor::as_text(other).serialize(to),
        }
    }
}
