//! Records to rows and rejects. A bad record is data, not an error: nothing here fails.

/// The records of a page by what identifies them.
mod identities;
/// What a record is identified by.
mod key;
/// How far incremental reading came.
mod mark;
/// Arrays of objects to rows of their own.
mod tables;

use std::borrow::Cow;

use entity::{
    definition::Cell,
    record::Row,
    reject,
    value::{self, Bad},
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub(crate) use identities::{Lead, identities, key_of};
pub(crate) use mark::mark;

use crate::{
    decode::{self, Members},
    source::plan::{OnBad, Plan},
};

/// A record whose key is known, and whose fields are not read yet: most records are as they were, and need not be.
#[derive(Debug)]
pub(crate) struct Identified<'a> {
    pub key: String,
    /// The record's bytes as they are stored.
    pub payload: Cow<'a, str>,
    pub hash: Vec<u8>,
    /// The upstream marks it as deleted.
    pub deleted: bool,
}

/// The records of a page, by key.
#[derive(Debug, Default)]
pub(crate) struct Identities<'a> {
    pub records: Vec<Identified<'a>>,
    /// Those without a key that can be read, and what came in the place of records.
    pub rejects: Vec<Reject>,
}

/// A record that cannot become a row.
#[derive(Debug)]
pub(crate) struct Reject {
    /// Its key, where it could be read: the record is there, so its old row is not gone.
    pub key: Option<String>,
    pub record: reject::New,
}

/// A record's row, and what of it did not fit.
#[derive(Debug)]
pub(crate) struct Checked {
    pub row: Row,
    /// Values that did not fit their field, and were left out.
    pub bad: Vec<reject::New>,
}

/// Reads the fields of a record.
///
/// # Errors
/// The record cannot become a row.
#[expect(
    clippy::result_large_err,
    reason = "a reject holds its record, as the row would"
)]
pub(crate) fn row(plan: &Plan, record: Identified<'_>) -> Result<Checked, Reject> {
    match cells(plan, &record.payload) {
        Ok((cells, tables, mut bad)) => {
            bad.iter_mut().for_each(|bad| belongs(bad, &record));
            Ok(Checked {
                row: Row {
                    record_key: record.key,
                    payload: record.payload.into_owned(),
                    payload_hash: record.hash,
                    cells,
                    tables,
                },
                bad,
            })
        }
        Err(fault) => Err(Fault {
            key: Some(record.key),
            ..fault
        }
        .into_reject(record.payload.into_owned(), record.hash)),
    }
}

/// Reads a stored payload into a row again, for a changed definition. `None`: under it the record is a reject.
pub(crate) fn again(plan: &Plan, record_key: &str, payload: &str) -> Option<Checked> {
    let record = Identified {
        key: record_key.to_owned(),
        hash: hash(payload),
        payload: Cow::Borrowed(payload),
        deleted: false,
    };
    row(plan, record).ok()
}

/// Why a record is a reject.
#[derive(Default)]
struct Fault {
    key: Option<String>,
    field: Option<String>,
    /// Pointer to the value that does not fit.
    path: Option<String>,
    /// That value.
    value: Option<String>,
    reason: String,
}

impl Fault {
    fn of_record(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            ..Self::default()
        }
    }

    fn into_reject(self, payload: String, payload_hash: Vec<u8>) -> Reject {
        Reject {
            key: self.key.clone(),
            record: reject::New {
                kind: reject::Kind::Record,
                payload_hash,
                record_key: self.key,
                field: self.field,
                path: self.path,
                value: self.value,
                reason: self.reason,
                payload,
            },
        }
    }
}

fn read(payload: &str) -> Result<Members<'_>, Fault> {
    decode::members(payload).map_err(|error| match payload.starts_with('{') {
        true => Fault::of_record(format!("the record cannot be read: {error}")),
        false => Fault::of_record(not_an_object(payload)),
    })
}

/// Checks that no member of the key stands twice: of a row, the key and the field would be two values.
fn unambiguous(plan: &Plan, record: &Members<'_>) -> Result<(), Fault> {
    let rules = plan.definition.fields.iter().zip(&plan.rules);
    for (field, rule) in rules {
        let Some(name) = rule.from.0.first() else {
            continue;
        };
        if plan.definition.key.contains(&field.name) && record.repeats(name) {
            return Err(Fault {
                field: Some(field.name.clone()),
                reason: format!("the record has several members `{name}`, which is its key"),
                ..Fault::default()
            });
        }
    }
    Ok(())
}

/// The fields, the tables, and what of both did not fit.
type Cells = (Vec<Cell>, Vec<Vec<Vec<Cell>>>, Vec<reject::New>);

fn cells(plan: &Plan, payload: &str) -> Result<Cells, Fault> {
    let (definition, rules) = (&plan.definition, &plan.rules);
    let record = read(payload)?;
    unambiguous(plan, &record)?;
    let mut bad = Vec::new();
    let mut cells = Vec::with_capacity(rules.len());
    for (field, rule) in definition.fields.iter().zip(rules) {
        let raw = value::of(&record, rule);
        let read = value::cell(field.kind, definition.text_limit(field), rule, raw);
        let reason = match read {
            Ok(cell) => {
                cells.push(cell);
                continue;
            }
            Err(Bad::Missing) => "is required, and absent or null".to_owned(),
            Err(Bad::Value(reason)) if rule.on_bad == OnBad::Null => {
                bad.push(bad_value(&field.name, rule.from.to_string(), raw, reason));
                cells.push(Cell::Null);
                continue;
            }
            Err(Bad::Value(reason)) => reason,
        };
        let reason = format!("field `{}`: {reason}", field.name);
        return Err(Fault {
            field: Some(field.name.clone()),
            path: Some(rule.from.to_string()),
            value: raw.map(|raw| reject::cut(raw.get())),
            reason,
            key: None,
        });
    }
    let tables = tables::of(plan, &record)?;
    bad.extend(tables.bad);
    Ok((cells, tables.rows, bad))
}

/// A value that its field cannot hold, as it is kept; whose it is, [`belongs`] says.
fn bad_value(field: &str, path: String, raw: Option<&RawValue>, reason: String) -> reject::New {
    reject::New {
        kind: reject::Kind::Value,
        payload_hash: Vec::new(),
        record_key: None,
        field: Some(field.to_owned()),
        path: Some(path),
        value: raw.map(|raw| reject::cut(raw.get())),
        reason,
        payload: String::new(),
    }
}

fn belongs(bad: &mut reject::New, record: &Identified<'_>) {
    let mut hash = Sha256::new();
    let (field, path) = (bad.field.as_deref(), bad.path.as_deref());
    for part in [&record.key, field.unwrap_or(""), path.unwrap_or("")] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(&record.hash);
    bad.payload_hash = hash.finalize()[..16].to_vec();
    bad.record_key = Some(record.key.clone());
}

fn not_an_object(payload: &str) -> String {
    match serde_json::from_str(payload).map(decode::kind) {
        Ok(kind) => format!("the record is {kind}; a record must be an object"),
        Err(error) => format!("the record is no JSON: {error}"),
    }
}

/// The first 16 bytes of SHA-256: no two records of a mirror meet by chance.
pub(crate) fn hash(payload: &str) -> Vec<u8> {
    Sha256::digest(payload.as_bytes())[..16].to_vec()
}
