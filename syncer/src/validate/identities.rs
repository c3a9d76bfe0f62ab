//! The records of a page by what identifies them, with what their parent gives them.

use std::borrow::Cow;

use super::{
    Fault, Identified, Identities, Reject, hash,
    key::{Identity, Sought},
};
use crate::{
    decode::{self, Broken, Record},
    parents::Copied,
    source::plan::Plan,
};

/// What a walk gives to each of its records.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lead<'a> {
    /// The members that the parent gives it.
    pub copies: &'a [Copied],
    /// How many records of the walk came before the page.
    pub before: u64,
}

/// Finds the key of each of a page's records.
pub(crate) fn identities<'a>(
    plan: &Plan,
    lead: Lead<'_>,
    records: Vec<Record<'a>>,
) -> Identities<'a> {
    let sought = Sought::of(plan);
    let mut identities = Identities::default();
    identities.records.reserve(records.len());
    for (index, record) in records.into_iter().enumerate() {
        let line = lead.before + index as u64 + 1;
        match identified(&sought, lead, line, record) {
            Ok(record) => identities.records.push(record),
            Err(reject) => identities.rejects.push(*reject),
        }
    }
    identities
}

/// The key of a stored payload. `None`: it has none that can be read, or is identified by its place.
pub(crate) fn key_of(plan: &Plan, payload: &str) -> Option<String> {
    let sought = Sought::of(plan);
    let found = sought.identity(payload, &hash(payload), None).ok()?;
    Some(found.key)
}

/// Finds the key of the record that is the walk's `line`th.
fn identified<'a>(
    sought: &Sought<'_>,
    lead: Lead<'_>,
    line: u64,
    record: Record<'a>,
) -> Result<Identified<'a>, Box<Reject>> {
    let led = record.and_then(|record| led(lead.copies, record));
    let payload = match led {
        Ok(payload) => payload,
        Err(broken) => return Err(Box::new(reject(sought, line, broken))),
    };
    let hash = hash(&payload);
    match sought.identity(&payload, &hash, Some(line)) {
        Ok(Identity { key, deleted }) => Ok(Identified {
            key,
            payload,
            hash,
            deleted,
        }),
        Err(fault) => {
            let fault = Fault {
                key: sought.key_of_broken(&hash, line),
                ..fault
            };
            Err(Box::new(fault.into_reject(payload.into_owned(), hash)))
        }
    }
}

/// What came in the place of the walk's `line`th record.
fn reject(sought: &Sought<'_>, line: u64, broken: Broken) -> Reject {
    let hash = hash(&broken.text);
    let fault = Fault {
        key: sought.key_of_broken(&hash, line),
        field: broken.field,
        reason: format!("record {line}: {}", broken.reason),
        ..Fault::default()
    };
    fault.into_reject(broken.text, hash)
}

/// The record with its parent's `copies` in front.
fn led<'a>(copies: &[Copied], record: Cow<'a, str>) -> Result<Cow<'a, str>, Broken> {
    if copies.is_empty() {
        return Ok(record);
    }
    let whole = record.clone();
    decode::led(copies, record).map_err(|clash| {
        let Copied { name, value } = clash.given;
        Broken {
            text: whole.into_owned(),
            field: Some(name.clone()),
            reason: format!(
                "its own `{name}` is {}, and its parent's {value}; copy it under another name",
                clash.own
            ),
        }
    })
}
