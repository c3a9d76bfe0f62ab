//! What of a resource a request for the upstream asks: its parameters, read as the definition writes them.

use std::collections::BTreeSet;

use entity::{
    definition::{
        Cell, Definition, Field,
        face::{MarkOrder, PageWay, Part, Phrase, Shape},
    },
    record::{Filter, SortKey, Test},
};

use super::{
    mark::{self, End},
    names::{most, names, token_name, usual},
    phrase::{self, Read},
};
use crate::{
    fault::{Code, Fault},
    parameters::{Parameters, repeated_parameter, unknown_parameter},
    settings::Settings,
};

/// What a request asks of a resource.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) filters: Vec<Filter>,
    /// The parent's values, by the field that holds them.
    pub(super) parents: Vec<(String, String)>,
    pub(super) sort: Vec<SortKey>,
    pub(super) at: At,
    /// Most records; `None`: all that there are.
    pub(super) size: Option<u64>,
    /// How many of the parameters that the definition always sends are missing.
    pub(super) absent: usize,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum At {
    Start,
    /// Behind so many records.
    Behind(u64),
    /// Where a token of ours says.
    Token(String),
    /// Behind the record with this value.
    Value(String),
}

/// Reads the parameters of one request.
struct Reader<'a> {
    definition: &'a Definition,
    shape: &'a Shape,
    parameters: &'a Parameters,
    faults: Vec<Fault>,
    absent: usize,
    values: Vec<Read<'a>>,
}

/// What a request asks of the resource of `shape`, whose path held `values`.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn asked<'a>(
    (definition, shape): (&'a Definition, &'a Shape),
    values: Vec<Read<'a>>,
    parameters: &'a Parameters,
    settings: &Settings,
) -> Result<Asked, Vec<Fault>> {
    let mut reader = Reader {
        definition,
        shape,
        parameters,
        faults: Vec::new(),
        absent: 0,
        values,
    };
    reader.names();
    for (name, phrase) in &shape.query {
        reader.own(name, phrase);
    }
    let at = reader.at();
    let size = reader.size(settings);
    let at = match at {
        At::Behind(pages) if matches!(shape.pages.way, PageWay::Page { .. }) => {
            At::Behind(pages.saturating_mul(size.unwrap_or(1)))
        }
        at => at,
    };
    let (filters, parents) = reader.filters();
    if !reader.faults.is_empty() {
        return Err(reader.faults);
    }
    Ok(Asked {
        sort: sort(definition, shape, (&filters, &parents)),
        absent: reader.absent,
        filters,
        parents,
        at,
        size,
    })
}

/// A list that only changed records are asked of comes in their order, so that each page is a range of one index, unless
/// it is one parent's: then that is.
fn sort(
    definition: &Definition,
    shape: &Shape,
    (filters, parents): (&[Filter], &[(String, String)]),
) -> Vec<SortKey> {
    let by = |name: &str, descending| {
        let field = definition.field(name).cloned();
        field.map(|field| SortKey { field, descending })
    };
    let is_narrowed = parents.is_empty() && !filters.is_empty();
    let key = match (&shape.pages.way, &shape.mark) {
        (PageWay::Last { field, .. }, _) => by(field, false),
        (_, Some(mark)) if mark.order != MarkOrder::Any || is_narrowed => {
            by(&mark.field, mark.order == MarkOrder::Descending)
        }
        _ => None,
    };
    key.into_iter().collect()
}

impl<'a> Reader<'a> {
    /// Refuses parameters that the definition does not know, and those that are there twice.
    fn names(&mut self) {
        let known = names(self.shape);
        let mut seen = BTreeSet::new();
        for (name, _) in self.parameters.iter() {
            if !known.iter().any(|one| one == name) {
                self.faults.push(unknown_parameter(name, known.clone()));
            } else if !seen.insert(name) && !self.is_credential(name) {
                self.faults.push(repeated_parameter(name));
            }
        }
    }

    fn is_credential(&self, name: &str) -> bool {
        self.shape.credentials.iter().any(|own| own == name)
    }

    /// A parameter that each request of the definition has.
    fn own(&mut self, name: &'a str, phrase: &'a Phrase) {
        let names_parent = phrase.iter().any(|part| matches!(part, Part::Parent(_)));
        let Some(given) = self.value(name) else {
            if names_parent {
                let detail = format!("`{name}` is missing: it says which records are wanted");
                let fault = Fault::new(name, Code::MissingParameter, detail);
                self.faults.push(fault);
            }
            self.absent += 1;
            return;
        };
        if let Some(values) = phrase::read(phrase, given) {
            self.values.extend(values);
            return;
        }
        let shown = phrase::shown(phrase);
        let detail = format!(
            "what is mirrored was asked for with `{name}={shown}`, and nothing else is known"
        );
        let fault = Fault::new(name, Code::InvalidValue, detail);
        self.faults.push(fault.or_one_of(given, vec![shown]));
    }

    fn at(&mut self) -> At {
        match &self.shape.pages.way {
            PageWay::None => At::Start,
            PageWay::Page { param, start } | PageWay::Offset { param, start } => {
                At::Behind(self.number(param, (*start, *start)).saturating_sub(*start))
            }
            PageWay::Token { param, .. } => self.value(param).map_or(At::Start, token),
            PageWay::Last { param, .. } => {
                let value = self.value(param).filter(|value| !value.is_empty());
                value.map_or(At::Start, |value| At::Value(value.to_owned()))
            }
            PageWay::Link | PageWay::Url { .. } => {
                let name = token_name(self.shape);
                self.value(&name).map_or(At::Start, token)
            }
        }
    }

    fn size(&mut self, settings: &Settings) -> Option<u64> {
        let pages = &self.shape.pages;
        let given = pages
            .size_param
            .as_deref()
            .filter(|name| self.value(name).is_some());
        let (usual, most) = (usual(self.shape), most(self.shape, settings));
        let Some(name) = given else {
            return (pages.way != PageWay::None).then_some(usual);
        };
        let size = self.number(name, (1, usual));
        if size > most {
            let detail = format!("expected a number between 1 and {most} for `{name}`");
            self.faults
                .push(Fault::new(name, Code::InvalidValue, detail));
        }
        Some(size)
    }

    /// The number that `name` has; that is `least` at least, and `usual` where it is not given.
    fn number(&mut self, name: &str, (least, usual): (u64, u64)) -> u64 {
        let Some(given) = self.value(name) else {
            return usual;
        };
        let is_number = !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit());
        let number = given.parse().unwrap_or(u64::MAX);
        if !is_number || number < least {
            let detail = format!("expected a number of {least} or more for `{name}`");
            self.faults
                .push(Fault::new(name, Code::InvalidValue, detail));
        }
        number
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        let mut found = self.parameters.iter().filter(|(other, _)| *other == name);
        found.next().map(|(_, value)| value)
    }

    /// The conditions that the values are, and those of them that are the parent's.
    fn filters(&mut self) -> (Vec<Filter>, Vec<(String, String)>) {
        let values = std::mem::take(&mut self.values);
        let (mut filters, mut parents) = (Vec::new(), Vec::new());
        let (mut from, mut until) = (None, None);
        for (part, value) in values {
            match part {
                Part::Text(_) => {}
                Part::Parent(name) => {
                    let field = self.definition.field(name);
                    filters.extend(field.map(|field| of_parent(field, &value)));
                    parents.push((name.clone(), value));
                }
                Part::From => from = self.bound((End::From, &value)),
                Part::Until => until = self.bound((End::Until, &value)),
            }
        }
        let mark = self.shape.mark.as_ref();
        let field = mark.and_then(|mark| self.definition.field(&mark.field));
        if let Some(field) = field.filter(|_| from.is_some() || until.is_some()) {
            filters.push(Filter {
                field: field.clone(),
                test: Test::NoneOrBetween(from, until),
            });
        }
        (filters, parents)
    }

    fn bound(&mut self, (end, text): (End, &str)) -> Option<Cell> {
        let mark = self.shape.mark.as_ref()?;
        let field = self.definition.field(&mark.field)?;
        let bound = mark::bound(&mark.format, field.kind, (end, text));
        if bound.is_none() {
            let part = if end == End::From {
                Part::From
            } else {
                Part::Until
            };
            let mut query = self.shape.query.iter();
            let name = query.find(|(_, phrase)| phrase.contains(&part));
            let name = name.map_or("path", |(name, _)| name);
            let detail = format!("`{text}` is not {}", mark::described(&mark.format));
            self.faults
                .push(Fault::new(name, Code::InvalidValue, detail));
        }
        bound
    }
}

fn token(text: &str) -> At {
    match text {
        "" => At::Start,
        text => At::Token(text.to_owned()),
    }
}

/// The condition that a field has the value that a request names. One that it cannot have is no record's.
pub(super) fn of_parent(field: &Field, value: &str) -> Filter {
    let test = match field.kind.parse(value) {
        Ok(cell) => Test::Equals(cell),
        Err(_) => Test::Among(Vec::new()),
    };
    Filter {
        field: field.clone(),
        test,
    }
}
