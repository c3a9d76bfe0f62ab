//! What the parameters of an export ask for: the form, the filters of a list, the fields, and where to go on.

use axum::http::HeaderMap;
use entity::{
    definition::{Definition, Field},
    record::Filter,
};

use crate::{
    accept,
    fault::{Code, Fault},
    parameters::{Parameters, repeated_parameter, unknown_parameter},
    problem::Problem,
    records::{self, CONTROLS, ListQuery},
    registry::Resource,
    settings::Settings,
};

/// The parameters that a list does not have, and `fields`, which it has.
const PARAMETERS: [&str; 4] = ["format", "after", "end", "fields"];
const OWN: [&str; 3] = ["format", "after", "end"];
const FORMATS: [&str; 2] = ["ndjson", "csv"];
pub(crate) const FORMS: [&str; 2] = ["application/x-ndjson", "text/csv"];

/// What is asked for, checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) format: Format,
    /// The members wanted of each record, the key's among them; `None`: the record as it is.
    pub(super) members: Option<Vec<String>>,
    /// The columns of a CSV file.
    pub(super) columns: Vec<Field>,
    /// All must hold.
    pub(super) filters: Vec<Filter>,
    /// The key of the last row that the client has.
    pub(super) after: Option<String>,
    /// Whether a last line says how many rows there were.
    pub(super) has_end_line: bool,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ndjson,
    Csv,
}

/// The parameters that only an export has, as they were given.
#[derive(Default)]
struct Own<'a> {
    format: Option<Format>,
    after: Option<&'a str>,
    /// Whether an end line is wanted; `None`: not said.
    end: Option<bool>,
}

impl Asked {
    /// Checks the query and the headers.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(super) fn parse(
        (resource, definition): (&Resource, &Definition),
        query: Option<&str>,
        request: &HeaderMap,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        let (own, rest) = Parameters::decode(query)?.split(&OWN);
        let mut faults = Vec::new();
        let given = Own::of(&own, &mut faults);
        let accepted = [Format::Ndjson, Format::Csv][accept::preferred(request, &FORMS)];
        let format = given.format.unwrap_or(accepted);
        if format == Format::Csv && given.end == Some(true) {
            let detail =
                "a CSV file has no form for an end line; its trailers say how many rows there were";
            faults.push(Fault::new("end", Code::InvalidValue, detail));
        }
        let list = of_list(definition, rest, settings, &mut faults);
        let columns = match format {
            Format::Ndjson => Vec::new(),
            Format::Csv => columns(resource, list.fields.as_deref(), &mut faults),
        };
        if !faults.is_empty() {
            return Err(Problem::refused(faults));
        }
        let members = list.fields.as_deref().map(|names| {
            let members = records::with_key(resource, names).into_iter();
            members.map(str::to_owned).collect()
        });
        Ok(Self {
            format,
            members,
            columns,
            filters: list.filters,
            after: given.after.map(str::to_owned),
            has_end_line: given.end.unwrap_or(format == Format::Ndjson),
        })
    }
}

impl<'a> Own<'a> {
    fn of(parameters: &'a Parameters, faults: &mut Vec<Fault>) -> Self {
        let mut own = Self::default();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in parameters.iter() {
            if seen.contains(&name) {
                faults.push(repeated_parameter(name));
                continue;
            }
            seen.push(name);
            let taken = match name {
                "format" => records::one_of(name, value, &FORMATS)
                    .map(|index| own.format = Some([Format::Ndjson, Format::Csv][index])),
                "end" => records::one_of(name, value, &["line", "none"])
                    .map(|index| own.end = Some(index == 0)),
                _ => {
                    own.after = Some(value);
                    Ok(())
                }
            };
            faults.extend(taken.err().into_iter().flatten());
        }
        own
    }
}

/// The filters and fields, as a list takes them. What else a list has, an export has not.
fn of_list(
    definition: &Definition,
    parameters: Parameters,
    settings: &Settings,
    faults: &mut Vec<Fault>,
) -> ListQuery {
    let refused: Vec<&str> = CONTROLS
        .into_iter()
        .filter(|name| *name != "fields")
        .collect();
    let (refused, parameters) = parameters.split(&refused);
    let names = refused.iter().map(|(name, _)| name);
    faults.extend(names.map(|name| unknown_parameter(name, known(definition))));
    match ListQuery::parse(definition, &parameters, settings) {
        Ok(query) => query,
        Err(problem) => {
            let wrong = problem.into_faults().into_iter();
            faults.extend(wrong.map(|fault| here(definition, fault)));
            ListQuery::default()
        }
    }
}

/// A fault of a list's query as one of an export's: what would be accepted differs.
fn here(definition: &Definition, fault: Fault) -> Fault {
    let is_unknown = fault.code == Code::UnknownParameter;
    if !is_unknown
        || !fault
            .allowed
            .iter()
            .any(|name| CONTROLS.contains(&name.as_str()))
    {
        return fault;
    }
    let meant = fault.did_you_mean.clone();
    let meant = meant.filter(|name| {
        definition
            .fields
            .iter()
            .any(|field| name.starts_with(&field.name))
    });
    let parameter = fault.parameter.clone();
    let mut fault = fault.or_one_of(&parameter, known(definition));
    fault.did_you_mean = meant.or(fault.did_you_mean);
    fault
}

fn known(definition: &Definition) -> Vec<String> {
    let filters = records::filter_parameters(definition);
    filters.chain(PARAMETERS.map(str::to_owned)).collect()
}

/// The declared fields that are wanted, the key's among them, in the order of the definition.
fn columns(resource: &Resource, wanted: Option<&[String]>, faults: &mut Vec<Fault>) -> Vec<Field> {
    let definition = &resource.definition;
    let declared = || definition.fields.iter().map(|field| field.name.clone());
    if definition.fields.is_empty() {
        let detail = "the resource declares no field, so a CSV file has no column";
        let fault = Fault::new("format", Code::InvalidValue, detail);
        faults.push(fault.or_one_of("csv", vec!["ndjson".to_owned()]));
    }
    let Some(wanted) = wanted else {
        return definition.fields.clone();
    };
    let strange = wanted
        .iter()
        .filter(|name| definition.field(name).is_none());
    faults.extend(strange.map(|name| {
        let detail = format!(
            "`{name}` is no declared field, and only those are columns; `format=ndjson` has every member"
        );
        Fault::new("fields", Code::UnknownField, detail).or_one_of(name, declared().collect())
    }));
    let wanted = records::with_key(resource, wanted);
    let fields = definition.fields.iter();
    let fields = fields.filter(|field| wanted.contains(&field.name.as_str()));
    fields.cloned().collect()
}
