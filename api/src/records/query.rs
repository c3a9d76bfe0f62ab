//! What the parameters of a list ask for: filters, sort, fields, limit, cursor, count, shape.
//!
//! Everything is checked against the resource's definition, and every fault is found before any is reported.

use entity::{
    definition::{Definition, Field, Kind},
    record::{Filter, SortKey, Test},
};

use super::cursor::as_text;
use crate::{
    fault::{Code, Fault},
    parameters::{Parameters, unknown_parameter},
    problem::Problem,
    settings::Settings,
};

/// The parameters of a list that are not fields.
pub(crate) const CONTROLS: [&str; 7] = [
    "sort", "fields", "limit", "cursor", "count", "shape", "embed",
];

/// What a list is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ListQuery {
    /// All must hold.
    pub(crate) filters: Vec<Filter>,
    pub(crate) sort: Vec<SortKey>,
    /// The members wanted of each record; `None`: the record as it is.
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) limit: u64,
    pub(crate) cursor: Option<String>,
    /// Whether the database is to count what the filters leave.
    pub(crate) count_exactly: bool,
    pub(crate) shape: Shape,
}

/// The form of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Rows with page, count and freshness.
    #[default]
    Envelope,
    /// Nothing but the rows.
    Array,
}

impl ListQuery {
    /// Checks `parameters` against what `definition` allows.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn parse(
        definition: &Definition,
        parameters: &Parameters,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        let mut query = Self {
            limit: settings.default_limit,
            ..Self::default()
        };
        let mut faults = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in parameters.iter() {
            let repeated = CONTROLS.contains(&name) && seen.contains(&name);
            seen.push(name);
            let taken = if repeated {
                let detail = format!("`{name}` is given more than once");
                Err(vec![Fault::new(name, Code::RepeatedParameter, detail)])
            } else {
                query.take(definition, settings, (name, value))
            };
            faults.extend(taken.err().into_iter().flatten());
        }
        if faults.is_empty() {
            Ok(query)
        } else {
            Err(Problem::refused(faults))
        }
    }

    fn take(
        &mut self,
        definition: &Definition,
        settings: &Settings,
        (name, value): (&str, &str),
    ) -> Result<(), Vec<Fault>> {
        match name {
            "sort" => self.sort = sort(definition, value)?,
            "fields" => self.fields = Some(fields(value)?),
            "limit" => self.limit = number(name, value, settings.max_limit)?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "count" => self.count_exactly = one_of(name, value, &["exact"]).map(|_| true)?,
            // Its names are relations, which no definition knows: `Embed` reads them.
            "embed" => {}
            "shape" => {
                let index = one_of(name, value, &["envelope", "array"])?;
                self.shape = [Shape::Envelope, Shape::Array][index];
            }
            _ => self.filters.push(filter(definition, name, value)?),
        }
        Ok(())
    }
}

/// The members that `fields` names.
///
/// # Errors
/// One of the names is empty.
pub(super) fn fields(value: &str) -> Result<Vec<String>, Vec<Fault>> {
    let names: Vec<String> = value.split(',').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        let detail = "expected names of a record's members, separated by commas";
        return Err(vec![Fault::new("fields", Code::InvalidValue, detail)]);
    }
    Ok(names)
}

/// The parameter that filters by `field`; `None` if none does.
pub(crate) fn filter_name(field: &Field) -> Option<String> {
    match field.kind {
        _ if !is_filterable(field) => None,
        Kind::List => Some(format!("{}__has", field.name)),
        _ => Some(field.name.clone()),
    }
}

/// Whether a list can be sorted by `field`.
pub(crate) fn is_sortable(field: &Field) -> bool {
    is_filterable(field) && field.kind != Kind::List
}

pub(super) fn is_filterable(field: &Field) -> bool {
    field.index && field.kind.filterable()
}

fn filter(definition: &Definition, name: &str, value: &str) -> Result<Filter, Vec<Fault>> {
    let (field, has) = match definition.field(name) {
        Some(field) => (Some(field), false),
        None => {
            let list = name.strip_suffix("__has");
            (list.and_then(|list| definition.field(list)), true)
        }
    };
    let refuse = |fault: Fault| Err(vec![fault]);
    let Some(field) = field else {
        let mut fault = unknown_parameter(name, known_parameters(definition));
        // `weight__above` is more likely an operator that there is not than a slip of another name.
        let base = name.split_once("__").map(|(base, _)| base);
        let meant = base.and_then(|base| filter_name(definition.field(base)?));
        fault.did_you_mean = meant.or(fault.did_you_mean);
        return refuse(fault);
    };
    if !is_filterable(field) {
        return refuse(not_filterable(field, name));
    }
    let is_list = field.kind == Kind::List;
    if has != is_list {
        let detail = if is_list {
            format!("`{name}` is a list; ask for one of its items with `{name}__has`")
        } else {
            format!("`{}` is no list; write `{0}=` instead", field.name)
        };
        let fault = Fault::new(name, Code::UnknownParameter, detail);
        return refuse(fault.or_one_of(name, filter_name(field).into_iter().collect()));
    }
    let test = match field.kind {
        Kind::List => Test::Has(value.to_owned()),
        kind => Test::Equals(kind.parse(value).map_err(|error| {
            let detail = format!("{error} for `{name}`");
            vec![Fault::new(name, Code::InvalidValue, detail)]
        })?),
    };
    if !is_among(&field.values, value, &test) {
        let detail = format!("`{}` never has this value", field.name);
        let fault = Fault::new(name, Code::InvalidValue, detail);
        return refuse(fault.or_one_of(value, field.values.clone()));
    }
    let field = field.clone();
    Ok(Filter { field, test })
}

/// Whether `values`, if it names any, has the value as given or in its plain form.
fn is_among(values: &[String], given: &str, test: &Test) -> bool {
    let plain = match test {
        Test::Equals(cell) => as_text(cell),
        Test::Has(_) => None,
    };
    let same = |allowed: &String| allowed == given || Some(allowed) == plain.as_ref();
    values.is_empty() || values.iter().any(same)
}

fn not_filterable(field: &Field, name: &str) -> Fault {
    let why = why_not_filterable(field);
    let detail = format!("`{}` cannot be filtered by: {why}", field.name);
    Fault::new(name, Code::NotFilterable, detail)
}

pub(super) fn why_not_filterable(field: &Field) -> &'static str {
    if field.kind.filterable() {
        "it has no index, and without one each request would read every row"
    } else {
        "a field of type `json` cannot be compared"
    }
}

fn sort(definition: &Definition, value: &str) -> Result<Vec<SortKey>, Vec<Fault>> {
    let mut keys: Vec<SortKey> = Vec::new();
    let mut faults = Vec::new();
    for part in value.split(',') {
        let (name, descending) = match part.strip_prefix('-') {
            Some(name) => (name, true),
            None => (part, false),
        };
        let twice = keys.iter().any(|key| key.field.name == name);
        match definition.field(name) {
            Some(_) if twice => {
                let detail = format!("`{name}` is named twice");
                faults.push(Fault::new("sort", Code::RepeatedParameter, detail));
            }
            Some(field) if is_sortable(field) => {
                let field = field.clone();
                keys.push(SortKey { field, descending });
            }
            known => faults.push(not_sortable(definition, known, name)),
        }
    }
    if faults.is_empty() {
        Ok(keys)
    } else {
        Err(faults)
    }
}

fn not_sortable(definition: &Definition, field: Option<&Field>, name: &str) -> Fault {
    let sortable = definition.fields.iter().filter(|field| is_sortable(field));
    let sortable = sortable.map(|field| field.name.clone()).collect();
    let (code, detail) = match field {
        None => (
            Code::UnknownField,
            format!("there is no field `{name}` to sort by"),
        ),
        Some(field) if field.kind == Kind::List || !field.kind.filterable() => (
            Code::NotSortable,
            format!("`{name}` is a {}, which has no order", field.kind),
        ),
        Some(_) => (
            Code::NotSortable,
            format!(
                "`{name}` cannot be sorted by: it has no index, and without one each request would read every row"
            ),
        ),
    };
    Fault::new("sort", code, detail).or_one_of(name, sortable)
}

/// How many of something are wanted; more than the most is the most.
///
/// # Errors
/// It is no number, or nought.
pub(super) fn number(name: &str, value: &str, max: u64) -> Result<u64, Vec<Fault>> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // A number of any length is a number: more than the most is the most.
    let wanted = value.parse().unwrap_or(u64::MAX).min(max);
    if is_number && wanted > 0 {
        return Ok(wanted);
    }
    let detail = format!("expected a number between 1 and {max} for `{name}`");
    Err(vec![Fault::new(name, Code::InvalidValue, detail)])
}

/// The index of `value` in what a parameter may be.
fn one_of(name: &str, value: &str, allowed: &[&str]) -> Result<usize, Vec<Fault>> {
    let found = allowed.iter().position(|allowed| *allowed == value);
    found.ok_or_else(|| {
        let allowed: Vec<String> = allowed.iter().map(|&s| s.to_owned()).collect();
        let detail = format!("expected `{}` for `{name}`", allowed.join("` or `"));
        vec![Fault::new(name, Code::InvalidValue, detail).or_one_of(value, allowed)]
    })
}

fn known_parameters(definition: &Definition) -> Vec<String> {
    let filters = definition.fields.iter().filter_map(filter_name);
    let controls = CONTROLS.map(str::to_owned);
    filters.chain(controls).collect()
}
