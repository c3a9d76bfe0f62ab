//! Records to rows and rejects. A bad record is data, not an error: nothing here fails.

mod key;
mod tables;
mod time;
mod value;

use std::{borrow::Cow, fmt::Write as _};

use entity::{definition::Cell, record::Row, reject};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use self::value::Bad;
use crate::{
    decode::{self, Members},
    parents::Copied,
    source::plan::{CursorKind, Incremental, Mark, OnBad, Plan, Rule},
};

/// A record whose key is known, and whose fields are not read yet: most records are as they were, and need not be.
#[derive(Debug)]
pub(crate) struct Identified {
    pub key: String,
    /// The record's bytes as they are stored.
    pub payload: String,
    pub hash: Vec<u8>,
    /// The upstream marks it as deleted.
    pub deleted: bool,
}

/// The records of a page, by key.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    pub records: Vec<Identified>,
    /// Those without a key that can be read.
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

/// What a walk gives to each of its records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lead<'a> {
    /// The members that the parent gives it.
    pub copies: &'a [Copied],
    /// How many records of the walk came before the page.
    pub before: u64,
}

/// Finds the key of each of a page's records.
pub(crate) fn identities(plan: &Plan, lead: Lead<'_>, records: Vec<Cow<'_, str>>) -> Identities {
    let mut identities = Identities::default();
    for (index, record) in records.into_iter().enumerate() {
        let line = lead.before + index as u64 + 1;
        let (payload, clash) = led(lead.copies, record);
        match clash.map_or_else(|| identity(plan, line, &payload), Err) {
            Ok((key, deleted)) => identities.records.push(Identified {
                hash: hash(&payload),
                key,
                payload,
                deleted,
            }),
            Err(fault) => identities.rejects.push(fault.into_reject(payload)),
        }
    }
    identities
}

/// Reads the fields of a record.
///
/// # Errors
/// The record cannot become a row.
#[expect(
    clippy::result_large_err,
    reason = "a reject holds its record, as the row would"
)]
pub(crate) fn row(plan: &Plan, record: Identified) -> Result<Checked, Reject> {
    match cells(plan, &record.payload) {
        Ok((cells, tables, mut bad)) => {
            bad.iter_mut().for_each(|bad| belongs(bad, &record));
            Ok(Checked {
                row: Row {
                    record_key: record.key,
                    payload: record.payload,
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
        .into_reject(record.payload)),
    }
}

/// The value of `cursor` in a record. `None`: it has none that can be read.
pub(crate) fn mark(cursor: &Incremental, record: &str) -> Option<Mark> {
    let raw = serde_json::from_str(record).ok()?;
    let value = decode::at(raw, &cursor.field)?.get();
    let text: String = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
    match &cursor.kind {
        CursorKind::Integer => text.parse().ok().map(Mark::Number),
        CursorKind::Timestamp(format) => match time::timestamp(format, &text).ok()? {
            Cell::Timestamp(time) => Some(Mark::Time(time)),
            _ => None,
        },
    }
}

/// Reads a stored payload into a row again, for a changed definition. `None`: under it the record is a reject.
pub(crate) fn again(plan: &Plan, record_key: &str, payload: &str) -> Option<Checked> {
    let record = Identified {
        key: record_key.to_owned(),
        hash: hash(payload),
        payload: payload.to_owned(),
        deleted: false,
    };
    row(plan, record).ok()
}

/// The key of a stored payload. `None`: it has none that can be read.
pub(crate) fn key_of(plan: &Plan, payload: &str) -> Option<String> {
    let raw = serde_json::from_str(payload).ok()?;
    let record = decode::members(raw).ok()?;
    key::canonical(&plan.definition, &plan.rules, &record).ok()
}

/// Why a record is a reject.
struct Fault {
    key: Option<String>,
    field: Option<String>,
    reason: String,
}

impl Fault {
    fn of_record(reason: impl Into<String>) -> Self {
        Self {
            key: None,
            field: None,
            reason: reason.into(),
        }
    }

    fn into_reject(self, payload: String) -> Reject {
        let payload_hash = hash(&payload);
        Reject {
            key: self.key.clone(),
            record: reject::New {
                kind: reject::Kind::Record,
                payload_hash,
                record_key: self.key,
                field: self.field,
                path: None,
                value: None,
                reason: self.reason,
                payload,
            },
        }
    }
}

fn identity(plan: &Plan, _line: u64, payload: &str) -> Result<(String, bool), Fault> {
    let record = read(payload)?;
    let record_key = key::canonical(&plan.definition, &plan.rules, &record)?;
    Ok((record_key, false))
}

fn read(payload: &str) -> Result<Members<'_>, Fault> {
    let raw: &RawValue =
        serde_json::from_str(payload).map_err(|error| Fault::of_record(error.to_string()))?;
    decode::members(raw).map_err(|error| Fault::of_record(not_an_object(raw, &error)))
}

/// The fields, the tables, and what of both did not fit.
type Cells = (Vec<Cell>, Vec<Vec<Vec<Cell>>>, Vec<reject::New>);

fn cells(plan: &Plan, payload: &str) -> Result<Cells, Fault> {
    let (definition, rules) = (&plan.definition, &plan.rules);
    let record = read(payload)?;
    let mut bad = Vec::new();
    let mut cells = Vec::with_capacity(rules.len());
    for (field, rule) in definition.fields.iter().zip(rules) {
        let several = rule.from.0.iter().any(|token| token == "*");
        let gathered = several.then(|| tables::gathered(&record, &rule.from));
        let raw = match &gathered {
            Some(gathered) => gathered.as_deref(),
            None => record.at(&rule.from),
        };
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
            key: None,
            field: Some(field.name.clone()),
            reason,
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
        value: raw.map(|raw| raw.get().to_owned()),
        reason,
        payload: String::new(),
    }
}

fn belongs(bad: &mut reject::New, record: &Identified) {
    let mut hash = Sha256::new();
    let (field, path) = (bad.field.as_deref(), bad.path.as_deref());
    for part in [&record.key, field.unwrap_or(""), path.unwrap_or("")] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(&record.hash);
    bad.payload_hash = hash.finalize()[..16].to_vec();
    bad.record_key = Some(record.key.clone());
    bad.payload.clone_from(&record.payload);
}

fn not_an_object(raw: &RawValue, error: &serde_json::Error) -> String {
    match decode::kind(raw) {
        "an object" => format!("the record cannot be read: {error}"),
        other => format!("the record is {other}; a record must be an object"),
    }
}

/// The record's bytes with `copies` behind the opening brace, and what it says against them.
///
/// A copy that the record holds itself is not written twice. What is no object stays as it is.
fn led(copies: &[Copied], record: Cow<'_, str>) -> (String, Option<Fault>) {
    if copies.is_empty() {
        return (record.into_owned(), None);
    }
    let text: &str = &record;
    let own = serde_json::from_str(text).and_then(decode::members);
    let (Some(rest), Ok(own)) = (text.strip_prefix('{'), own) else {
        return (text.to_owned(), None);
    };
    let mut payload = String::with_capacity(text.len() + 64);
    payload.push('{');
    for copy in copies {
        match own.get(&copy.name) {
            Some(value) if value.get() == copy.value => continue,
            Some(value) => return (text.to_owned(), Some(clash(copy, value))),
            None => {}
        }
        if payload.len() > 1 {
            payload.push(',');
        }
        let _infallible = write!(
            payload,
            "{}:{}",
            Value::from(copy.name.as_str()),
            copy.value
        );
    }
    if payload.len() > 1 && !rest.trim_start().starts_with('}') {
        payload.push(',');
    }
    payload.push_str(rest);
    (payload, None)
}

fn clash(copy: &Copied, value: &RawValue) -> Fault {
    let Copied {
        name,
        value: copied,
    } = copy;
    let reason = format!(
        "the record's own `{name}` is {}, and its parent's {copied}; copy it under another name",
        value.get()
    );
    Fault {
        key: None,
        field: Some(name.clone()),
        reason,
    }
}

/// The first 16 bytes of SHA-256: no two records of a mirror meet by chance.
pub(crate) fn hash(payload: &str) -> Vec<u8> {
    Sha256::digest(payload.as_bytes())[..16].to_vec()
}

fn plain<'a>(record: &Members<'a>, rule: &Rule) -> Option<&'a RawValue> {
    record.at(&rule.from).filter(|value| value.get() != "null")
}

#[cfg(test)]
mod tests {
    use super::{Copied, led};

    #[test]
    fn copied_members_lead_the_record() {
        let check = |names: &[&str], record: &str, expected: Option<&str>| {
            let copies: Vec<Copied> = names
                .iter()
                .map(|name| Copied {
                    name: (*name).to_owned(),
                    value: "\"abys\"".to_owned(),
                })
                .collect();
            let (payload, clash) = led(&copies, record.into());
            assert_eq!(
                clash.is_none().then_some(payload.as_str()),
                expected,
                "{record}"
            );
        };
        check(&["a"], r#"{"id": 1}"#, Some(r#"{"a":"abys","id": 1}"#));
        check(&["a", "b"], "{ }", Some(r#"{"a":"abys","b":"abys" }"#));
        check(&[], r#"{"id":1}"#, Some(r#"{"id":1}"#));
        check(&["a"], "[1]", Some("[1]"));
        check(
            &["a", "b"],
            r#"{"a":"abys"}"#,
            Some(r#"{"b":"abys","a":"abys"}"#),
        );
        check(&["a"], r#"{"a":"beng"}"#, None);
    }
}
