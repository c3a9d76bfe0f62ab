//! `GET /{source}/{resource}/-/random`: some rows, whichever.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use entity::{
    definition::Definition,
    record::{self, Dice, Filter, Selection},
};

use super::{
    envelope,
    narrowed::{self, or_faults, value},
    one::with_key,
    query,
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
pub(crate) const CONTROLS: [&str; 4] = ["limit", "seed", "fields", TIMEOUT];
/// Most rows of an answer.
pub(crate) const MAX_LIMIT: u64 = 100;
/// The largest seed: the largest integer that every reader of JSON takes as it is.
pub(crate) const MAX_SEED: u64 = (1 << 53) - 1;

const LINKS: &str =
    r#"<schema>; rel="describedby", <../../../../openapi.json>; rel="service-desc""#;

pub(crate) async fn random(
    State(state): State<AppState>,
    snapshot: View,
    Segments((source, name)): Segments<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let resource = snapshot.resource(&source, &name)?;
    let parameters = Parameters::decode(query.as_deref())?;
    let asked =
        resource.asked(|definition| Asked::parse(definition, &parameters, &state.settings))?;
    let rows = asked.rows(&state, resource).await?;
    let body = Body::Envelope(envelope::random(&rows, (asked.limit, asked.seed)));
    let about = About {
        links: LINKS.to_owned(),
        is_kept: false,
        ..About::of_rows(resource, Vec::new())
    };
    Ok(Answer { about, body }.into_response())
}

/// What is asked for.
struct Asked {
    filters: Vec<Filter>,
    fields: Option<Vec<String>>,
    limit: u64,
    seed: u64,
    timeout: Option<Duration>,
}

impl Asked {
    fn parse(
        definition: &Definition,
        parameters: &Parameters,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        let filters = narrowed::filters(definition, parameters, settings, &CONTROLS);
        let fields = value(parameters, "fields", query::fields);
        let limit = value(parameters, "limit", |text| {
            query::number("limit", text, MAX_LIMIT)
        });
        let seed = value(parameters, "seed", seed);
        let timeout = value(parameters, TIMEOUT, |text| patience::limit(text, settings));
        let asked = Self {
            filters: or_faults(filters, &mut faults),
            fields: or_faults(fields, &mut faults),
            limit: or_faults(limit, &mut faults).unwrap_or(1),
            seed: or_faults(seed, &mut faults).unwrap_or_else(any_seed),
            timeout: or_faults(timeout, &mut faults),
        };
        if faults.is_empty() {
            Ok(asked)
        } else {
            Err(Problem::refused(faults))
        }
    }

    async fn rows(&self, state: &AppState, resource: &Resource) -> Result<String, Problem> {
        let mut rows = Vec::new();
        if resource.has_table() {
            let selection = Selection {
                definition: &resource.definition,
                filters: &self.filters,
                of: None,
            };
            let count = usize::try_from(self.limit).unwrap_or(1);
            let reader = state.reader_within(self.timeout);
            let mut dice = Dice::new(self.seed);
            rows = record::random(&reader, selection, count, &mut dice).await?;
        }
        let wanted = self.fields.as_deref();
        let wanted = wanted.map(|names| with_key(resource, names));
        let payloads = rows.iter().map(|row| row.payload.as_str());
        envelope::array(payloads, wanted.as_deref())
    }
}

fn seed(text: &str) -> Result<u64, Vec<Fault>> {
    let seed = text.parse().ok().filter(|seed| *seed <= MAX_SEED);
    seed.ok_or_else(|| {
        let detail = format!("expected a number between 0 and {MAX_SEED} for `seed`");
        vec![Fault::new("seed", Code::InvalidValue, detail)]
    })
}

/// The standard library's hasher is seeded by the operating system, anew for each one.
fn any_seed() -> u64 {
    RandomState::new().build_hasher().finish() & MAX_SEED
}
