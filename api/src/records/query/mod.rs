//! What the parameters of a list ask for: filters, sort, fields, limit, cursor, count, shape, explain.
//!
//! Everything is checked against the resource's definition, and every fault is found before any is reported.

mod filter;
mod operator;
mod sort;
mod words;

use std::time::Duration;

use chrono::TimeDelta;
use entity::{
    definition::Definition,
    record::{Filter, SortKey},
};

pub(crate) use self::{
    filter::{MOST_VALUES, why_not_filterable},
    operator::{Operator, filter_names, is_filterable},
    sort::{is_sortable, written},
    words::{MOST_CHARS, Q},
};
use super::history::AS_OF;
use crate::{
    fault::{Code, Fault},
    parameters::Parameters,
    patience::{self, TIMEOUT},
    problem::Problem,
    settings::Settings,
};

/// The parameters of a list that are not fields.
pub(crate) const CONTROLS: [&str; 10] = [
    "sort",
    "fields",
    "limit",
    "cursor",
    "count",
    "shape",
    "embed",
    "explain",
    MAX_STALENESS,
    TIMEOUT,
];
/// The parameters of the other routes that take a list's filters.
pub(super) const OF_OTHERS: [&str; 6] = ["facet", "facet_limit", "seed", "format", "after", "end"];
/// Says how old rows may be.
pub(crate) const MAX_STALENESS: &str = "max_staleness";

/// What a list takes beside its filters, and what it can be sorted by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) controls: &'a [&'a str],
    /// `None`: what an index has the order of.
    pub(crate) sortable: Option<&'a [&'a str]>,
}

/// Those of a resource's rows.
const OF_ROWS: Terms<'static> = Terms {
    controls: &CONTROLS,
    sortable: None,
};

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
    pub(crate) count: Counting,
    pub(crate) shape: Shape,
    /// Whether to say what the list would do, instead of doing it.
    pub(crate) explain: bool,
    /// How long ago the last complete run may have ended.
    pub(crate) max_staleness: Option<TimeDelta>,
    /// How long the caller waits; `None`: as long as any request may take.
    pub(crate) timeout: Option<Duration>,
}

/// Whether what the filters leave is counted. What there is without them always is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Counting {
    #[default]
    None,
    /// As far as it is cheap.
    Capped,
    Exact,
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
    /// Checks `parameters` of a list of rows against what `definition` allows.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn parse(
        definition: &Definition,
        parameters: &Parameters,
        settings: &Settings,
    ) -> Result<Self, Problem> {
        Self::on((definition, OF_ROWS), parameters, settings)
    }

    /// The same for a list on other terms.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub(crate) fn on(
        (definition, terms): (&Definition, Terms<'_>),
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
            let is_single = terms.controls.contains(&name) || name == Q;
            let repeated = is_single && seen.contains(&name);
            seen.push(name);
            let taken = if repeated {
                let detail = format!("`{name}` is given more than once");
                Err(vec![Fault::new(name, Code::RepeatedParameter, detail)])
            } else {
                query.take((definition, terms), settings, (name, value))
            };
            faults.extend(taken.err().into_iter().flatten());
        }
        let sort = match terms.sortable {
            Some(_) => Ok(query.sort),
            None => sort::walked(definition, query.sort, &query.filters),
        };
        match sort {
            Ok(sort) => query.sort = sort,
            Err(fault) => {
                query.sort = Vec::new();
                faults.push(fault);
            }
        }
        if faults.is_empty() {
            Ok(query)
        } else {
            Err(Problem::refused(faults))
        }
    }

    fn take(
        &mut self,
        (definition, terms): (&Definition, Terms<'_>),
        settings: &Settings,
        (name, value): (&str, &str),
    ) -> Result<(), Vec<Fault>> {
        let is_control = terms.controls.contains(&name);
        match name {
            Q if terms.sortable.is_none() => {
                self.filters.extend(words::filters(definition, value)?);
            }
            _ if !is_control => {
                let known = || known_parameters(definition, terms);
                let filter = filter::filter(definition, (name, value), known)?;
                self.filters.push(filter);
            }
            "sort" => self.sort = sort::sort((definition, terms.sortable), value)?,
            "fields" => self.fields = Some(fields(value)?),
            "limit" => self.limit = number(name, value, settings.max_limit)?,
            "cursor" => self.cursor = Some(value.to_owned()),
            "count" => {
                let index = one_of(name, value, &["none", "capped", "exact"])?;
                self.count = [Counting::None, Counting::Capped, Counting::Exact][index];
            }
            "explain" => self.explain = one_of(name, value, &["false", "true"])? == 1,
            MAX_STALENESS => self.max_staleness = Some(time(name, value)?),
            TIMEOUT => self.timeout = Some(patience::limit(value, settings)?),
            "shape" => {
                let index = one_of(name, value, &["envelope", "array"])?;
                self.shape = [Shape::Envelope, Shape::Array][index];
            }
            // The names in `embed` are relations, which no definition knows: `Embed` reads them.
            _ => {}
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

/// How many of something are wanted; more than the most is the most.
///
/// # Errors
/// It is no number, or nought.
pub(crate) fn number(name: &str, value: &str, max: u64) -> Result<u64, Vec<Fault>> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // A number of any length is a number: more than the most is the most.
    let wanted = value.parse().unwrap_or(u64::MAX).min(max);
    if is_number && wanted > 0 {
        return Ok(wanted);
    }
    let detail = format!("expected a number between 1 and {max} for `{name}`");
    Err(vec![Fault::new(name, Code::InvalidValue, detail)])
}

/// A time: a whole number and `s`, `m`, `h` or `d`. One that is longer than can be reckoned with is the longest that can.
///
/// # Errors
/// It is written otherwise.
pub(super) fn time(name: &str, value: &str) -> Result<TimeDelta, Vec<Fault>> {
    let seconds = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let time = seconds.into_iter().find_map(|(unit, seconds)| {
        let number = value.strip_suffix(unit)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = is_number.then(|| number.parse().unwrap_or(i64::MAX))?;
        let seconds = number.saturating_mul(seconds);
        Some(TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX))
    });
    time.ok_or_else(|| {
        let detail =
            format!("expected a number and `s`, `m`, `h` or `d` for `{name}`, such as `15m`");
        vec![Fault::new(name, Code::InvalidValue, detail)]
    })
}

/// The index of `value` in what a parameter may be.
///
/// # Errors
/// It is none of them.
pub(crate) fn one_of(name: &str, value: &str, allowed: &[&str]) -> Result<usize, Vec<Fault>> {
    let found = allowed.iter().position(|allowed| *allowed == value);
    found.ok_or_else(|| {
        let allowed: Vec<String> = allowed.iter().map(|&s| s.to_owned()).collect();
        let detail = format!("expected `{}` for `{name}`", allowed.join("` or `"));
        vec![Fault::new(name, Code::InvalidValue, detail).or_one_of(value, allowed)]
    })
}

/// The parameters that leave some of the rows: by a field each, and by words.
pub(crate) fn filter_parameters(definition: &Definition) -> impl Iterator<Item = String> {
    let fields = definition.fields.iter();
    let filters = fields.flat_map(|field| filter_names(definition, field));
    let words = definition.words().map(|_| Q.to_owned());
    filters.map(|(name, _)| name).chain(words)
}

fn known_parameters(definition: &Definition, terms: Terms<'_>) -> Vec<String> {
    let controls = terms.controls.iter().map(|&name| name.to_owned());
    let past = definition.history.then(|| AS_OF.to_owned());
    filter_parameters(definition)
        .chain(controls)
        .chain(past)
        .collect()
}
