//! What an import is asked to do.

use axum::http::HeaderMap;

use crate::{
    fault::Fault, parameters::Parameters, problem::Problem, records::one_of, writing::body,
};

/// In which forms records are imported.
pub(crate) const FORMS: [&str; 2] = ["text/csv", "application/x-ndjson"];
pub(super) const MODES: [&str; 2] = ["upsert", "insert"];
pub(super) const ON_BAD: [&str; 2] = ["refuse", "skip"];

/// What an import is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) form: Form,
    pub(super) mode: Mode,
    pub(super) on_bad: OnBad,
}

/// In which form the records come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Ndjson,
}

/// What becomes of a record whose key is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It replaces the old one.
    Upsert,
    /// It does not fit.
    Insert,
}

/// What becomes of the others if a record does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnBad {
    /// Nothing is written.
    Refuse,
    /// They are written, and the record is told.
    Skip,
}

impl Asked {
    /// # Errors
    /// All that is wrong with what is asked.
    pub(super) fn of(headers: &HeaderMap, query: Option<&str>) -> Result<Self, Problem> {
        let form = match body::form(headers, &FORMS)? {
            "text/csv" => Form::Csv,
            _ => Form::Ndjson,
        };
        let parameters = Parameters::decode(query)?;
        let mut faults = parameters.unknown(&["mode", "on_bad"]);
        let mode = choice(&parameters, "mode", &MODES, &mut faults);
        let on_bad = choice(&parameters, "on_bad", &ON_BAD, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::refused(faults));
        }
        Ok(Self {
            form,
            mode: [Mode::Upsert, Mode::Insert][mode],
            on_bad: [OnBad::Refuse, OnBad::Skip][on_bad],
        })
    }
}

/// Which of `allowed` a parameter says; the first, if it is not given.
fn choice(parameters: &Parameters, name: &str, allowed: &[&str], faults: &mut Vec<Fault>) -> usize {
    let found = match parameters.single(name) {
        Ok(None) => Ok(0),
        Ok(Some(text)) => one_of(name, text, allowed),
        Err(fault) => Err(vec![fault]),
    };
    found.unwrap_or_else(|found| {
        faults.extend(found);
        0
    })
}
