//! Records to rows and rejects. A bad record is data, not an error: nothing here fails.

mod key;
mod time;
mod value;

use std::fmt::Write as _;

use entity::{definition::Cell, record::Row, reject};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

use self::value::Bad;
use crate::{
    decode::{self, Members},
    parents::Copied,
    source::plan::{OnBad, Plan, Rule},
};

/// The checked records of a page.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub rows: Vec<Row>,
    pub rejects: Vec<Reject>,
    /// Values that did not fit their field, and were left out.
    pub bad_values: i64,
}

/// A record that cannot become a row.
#[derive(Debug)]
pub(crate) struct Reject {
    /// Its key, where it could be read: the record is there, so its old row is not gone.
    pub key: Option<String>,
    pub record: reject::New,
}

/// Checks `records`, each led by `copies`: the members that its parent gives it.
pub(crate) fn batch(plan: &Plan, copies: &[Copied], records: &[&RawValue]) -> Batch {
    let mut batch = Batch::default();
    for record in records {
        let (payload, clash) = led(copies, record);
        match clash.map_or_else(|| row(plan, &payload), Err) {
            Ok((row, bad_values)) => {
                batch.bad_values += bad_values;
                batch.rows.push(row);
            }
            Err(fault) => batch.rejects.push(fault.into_reject(payload)),
        }
    }
    batch
}

/// Reads a stored payload into a row again, for a changed definition. `None`: under it the record is a reject.
pub(crate) fn again(plan: &Plan, payload: &str) -> Option<Row> {
    row(plan, payload).ok().map(|(row, _)| row)
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
            key: self.key,
            record: reject::New {
                payload_hash,
                field: self.field,
                reason: self.reason,
                payload,
            },
        }
    }
}

fn row(plan: &Plan, payload: &str) -> Result<(Row, i64), Fault> {
    let (definition, rules) = (&plan.definition, &plan.rules);
    let raw: &RawValue =
        serde_json::from_str(payload).map_err(|error| Fault::of_record(error.to_string()))?;
    let record =
        decode::members(raw).map_err(|error| Fault::of_record(not_an_object(raw, &error)))?;
    let record_key = key::canonical(definition, rules, &record)?;
    let mut bad_values = 0;
    let mut cells = Vec::with_capacity(rules.len());
    for (field, rule) in definition.fields.iter().zip(rules) {
        let read = value::cell(
            field.kind,
            definition.text_limit(field),
            rule,
            record.at(&rule.from),
        );
        let reason = match read {
            Ok(cell) => {
                cells.push(cell);
                continue;
            }
            Err(Bad::Missing) => "is required, and absent or null".to_owned(),
            Err(Bad::Value(_)) if rule.on_bad == OnBad::Null => {
                bad_values += 1;
                cells.push(Cell::Null);
                continue;
            }
            Err(Bad::Value(reason)) => reason,
        };
        let reason = format!("field `{}`: {reason}", field.name);
        return Err(Fault {
            key: Some(record_key),
            field: Some(field.name.clone()),
            reason,
        });
    }
    Ok((
        Row {
            record_key,
            payload_hash: hash(payload),
            payload: payload.to_owned(),
            cells,
        },
        bad_values,
    ))
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
fn led(copies: &[Copied], record: &RawValue) -> (String, Option<Fault>) {
    let text = record.get();
    let (Some(rest), false, Ok(own)) = (
        text.strip_prefix('{'),
        copies.is_empty(),
        decode::members(record),
    ) else {
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
    use serde_json::value::RawValue;

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
            let record: &RawValue = serde_json::from_str(record).expect("JSON");
            let (payload, clash) = led(&copies, record);
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
