//! A caller's record to a row, or all that does not fit in it.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::form::{accepted, is_in_form};
use crate::{
    definition::{Cell, Definition, Field, KEY_BYTES, Local, Rule},
    nearest,
    raw::{self, Members},
    record::Row,
    value::{self, Bad, joined, part},
};

/// How deep arrays and objects may stand in one another: readers of JSON give up not far beyond.
const DEEPEST: usize = 64;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The member; empty: the record.
    pub member: String,
    pub why: Why,
    pub reason: String,
    /// What would fit, where it can be listed.
    pub accepted: Vec<String>,
    /// The one of those that was meant, perhaps.
    pub nearest: Option<String>,
}

/// Why something does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no such member.
    Unknown,
    /// It is required, and absent or null.
    Missing,
    /// It is there more than once.
    Repeated,
    /// Its value is none of those that fit.
    Value,
}

impl Unfit {
    pub fn new(member: &str, why: Why, reason: impl Into<String>) -> Self {
        Self {
            member: member.to_owned(),
            why,
            reason: reason.into(),
            accepted: Vec::new(),
            nearest: None,
        }
    }

    /// Adds what `given` could have been.
    fn or_one_of(mut self, given: &str, accepted: Vec<String>) -> Self {
        let likely = nearest(given, accepted.iter().map(String::as_str));
        self.nearest = likely.map(str::to_owned);
        self.accepted = accepted;
        self
    }
}

/// Reads the record `payload` of a resource that callers write.
///
/// # Errors
/// All that does not fit.
pub fn check(definition: &Definition, local: &Local, payload: &str) -> Result<Row, Vec<Unfit>> {
    let record = read(payload).map_err(|unfit| vec![unfit])?;
    let mut unfit = misnamed(definition, &record);
    let mut cells = Vec::with_capacity(local.rules.len());
    for (field, rule) in definition.fields.iter().zip(&local.rules) {
        match cell(definition, (field, rule), record.get(&field.name)) {
            Ok(cell) => cells.push(cell),
            Err(bad) => unfit.push(bad),
        }
    }
    if !unfit.is_empty() {
        return Err(unfit);
    }
    let record_key = key(definition, &record).map_err(|unfit| vec![unfit])?;
    Ok(Row {
        record_key,
        payload: payload.to_owned(),
        payload_hash: Sha256::digest(payload.as_bytes())[..16].to_vec(),
        cells,
        tables: Vec::new(),
    })
}

/// Whether nothing in `json` stands too deep to be read again.
pub fn depth_fits(json: &str) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => depth += 1,
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

fn read(payload: &str) -> Result<Members<'_>, Unfit> {
    if !depth_fits(payload) {
        let reason = format!("arrays and objects stand in one another more than {DEEPEST} deep");
        return Err(Unfit::new("", Why::Value, reason));
    }
    raw::members(payload).map_err(|error| {
        Unfit::new(
            "",
            Why::Value,
            format!("expected an object with the record's fields: {error}"),
        )
    })
}

/// The members that are no field, and those that stand more than once.
fn misnamed(definition: &Definition, record: &Members<'_>) -> Vec<Unfit> {
    let mut unfit: Vec<Unfit> = Vec::new();
    for (name, _) in record.iter() {
        if unfit.iter().any(|unfit| unfit.member == name) {
            continue;
        }
        if definition.field(name).is_none() {
            let names = definition.fields.iter();
            let names = names.map(|field| field.name.clone()).collect();
            let reason = format!("there is no field `{name}`");
            unfit.push(Unfit::new(name, Why::Unknown, reason).or_one_of(name, names));
        } else if record.repeats(name) {
            let reason = format!("`{name}` stands more than once");
            unfit.push(Unfit::new(name, Why::Repeated, reason));
        }
    }
    unfit
}

fn cell(
    definition: &Definition,
    (field, rule): (&Field, &Rule),
    value: Option<&RawValue>,
) -> Result<Cell, Unfit> {
    let name = &field.name;
    let value = value.filter(|value| value.get() != "null");
    let what = || accepted(field.kind, rule);
    let missing = || {
        let reason = format!("`{name}` is required: {}", what());
        Unfit::new(name, Why::Missing, reason)
    };
    let bad = |reason: String| Unfit::new(name, Why::Value, reason);
    if let Some(value) = value
        && !is_in_form(field.kind, rule, value)
    {
        let reason = format!("expected {}, not {}", what(), raw::kind(value));
        return Err(bad(reason));
    }
    let limit = definition.text_limit(field);
    value::cell(field.kind, limit, rule, value).map_err(|error| match error {
        Bad::Missing => missing(),
        Bad::Value(_) if !rule.values.is_empty() => {
            let given = value.and_then(|value| value::text(value).ok());
            let given = given.unwrap_or_default();
            let reason = format!("expected one of {}", rule.values.join(", "));
            bad(reason).or_one_of(&given, rule.values.clone())
        }
        Bad::Value(reason) => bad(format!("{reason}; expected {}", what())),
    })
}

/// The canonical text of the record's key.
fn key(definition: &Definition, record: &Members<'_>) -> Result<String, Unfit> {
    let mut parts = Vec::with_capacity(definition.key.len());
    for name in &definition.key {
        let unfit = |reason: String| Unfit::new(name, Why::Value, format!("the key {reason}"));
        // A field of the key is required, and was found.
        let value = record
            .get(name)
            .ok_or_else(|| unfit("is absent".to_owned()))?;
        parts.push(part(value).map_err(unfit)?);
    }
    let key = joined(parts);
    let first = definition.key.first().map_or("", String::as_str);
    if key.len() > KEY_BYTES {
        let reason = format!("the key has {} bytes; at most {KEY_BYTES} fit", key.len());
        return Err(Unfit::new(first, Why::Value, reason));
    }
    // In a path it would be the way to something else.
    if key == "-" || key == "." || key == ".." {
        let reason = format!("the key `{key}` cannot stand in a path");
        return Err(Unfit::new(first, Why::Value, reason));
    }
    Ok(key)
}
