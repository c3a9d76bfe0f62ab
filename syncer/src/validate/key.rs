//! What a record is identified by: the canonical text of its key, its bytes, or its place in the walk.
//!
//! Keys of two records are equal only if every part of them is equal.

use std::fmt::Write as _;

use entity::{
    definition::{self, Decimal, KEY_BYTES},
    value::{joined, part},
};
use serde_json::value::RawValue;

use super::{Fault, not_an_object};
use crate::{
    decode,
    source::plan::{Plan, Pointer},
};

/// What a record is identified by, and whether the upstream marks it as deleted.
pub(super) struct Identity {
    pub(super) key: String,
    pub(super) deleted: bool,
}

/// Where a plan's records have what identifies them: looked up once a page.
pub(super) struct Sought<'p> {
    by: definition::Identity,
    /// Names of the key's fields.
    fields: Vec<&'p str>,
    /// The first token of each place below, in the same order.
    members: Vec<&'p str>,
    /// Where the key's fields stand, and at last the mark of a deleted record, if there is one.
    places: Vec<&'p Pointer>,
    flag: bool,
    /// The values of the mark that count; empty: all that say yes.
    marks: &'p [String],
}

impl<'p> Sought<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        let definition = &plan.definition;
        let rules = || definition.fields.iter().zip(&plan.rules);
        let mut fields = Vec::new();
        let mut places = Vec::new();
        for name in &definition.key {
            let rule = rules().find(|(field, _)| field.name == *name);
            fields.extend(rule.map(|_| name.as_str()));
            places.extend(rule.map(|(_, rule)| &rule.from));
        }
        places.extend(&plan.deletes.flag);
        let first = |place: &&'p Pointer| place.0.first().map_or("", String::as_str);
        Self {
            by: definition.identity,
            fields,
            members: places.iter().map(first).collect(),
            places,
            flag: plan.deletes.flag.is_some(),
            marks: &plan.deletes.values,
        }
    }

    /// The identity of the record that is `payload`, with that hash and that place in its walk, if it has one.
    pub(super) fn identity(
        &self,
        payload: &str,
        hash: &[u8],
        line: Option<u64>,
    ) -> Result<Identity, Fault> {
        if !payload.starts_with('{') {
            return Err(Fault::of_record(not_an_object(payload)));
        }
        let members = match self.members.is_empty() {
            true => Vec::new(),
            false => decode::find(payload, &self.members)
                .map_err(|error| Fault::of_record(format!("the record cannot be read: {error}")))?,
        };
        let values = members.into_iter().zip(&self.places);
        let mut values: Vec<Option<&RawValue>> = values
            .map(|(member, place)| decode::below(member?, place.0.get(1..)?))
            .collect();
        let mark = if self.flag {
            values.pop().flatten()
        } else {
            None
        };
        let key = match self.by {
            definition::Identity::Key => self.canonical(&values)?,
            definition::Identity::Hash => digits(hash),
            definition::Identity::Line => match line {
                Some(line) => line.to_string(),
                None => return Err(Fault::of_record("its place is not known")),
            },
        };
        Ok(Identity {
            key,
            deleted: mark.is_some_and(|mark| self.is_deleted(mark)),
        })
    }

    /// Whether the upstream says so by `mark`.
    fn is_deleted(&self, mark: &RawValue) -> bool {
        match self.marks {
            [] => says_yes(mark),
            marks => marks.contains(&plain(mark)),
        }
    }

    /// The key of what came in the place of a record. `None`: it could be any.
    pub(super) fn key_of_broken(&self, hash: &[u8], line: u64) -> Option<String> {
        match self.by {
            definition::Identity::Key => None,
            definition::Identity::Hash => Some(digits(hash)),
            definition::Identity::Line => Some(line.to_string()),
        }
    }

    /// The key of these values: their texts, joined by commas where there are several.
    ///
    /// A text stands as it is, a number without a needless point or exponent (`1.0` and `1` are one key).
    /// Of several parts, each writes `%` and `,` as `%25` and `%2C`, so that the commas between them are the only ones.
    fn canonical(&self, values: &[Option<&RawValue>]) -> Result<String, Fault> {
        let mut parts = Vec::with_capacity(values.len());
        for (name, value) in self.fields.iter().zip(values) {
            let fault = |why: &str| Fault {
                field: Some((*name).to_owned()),
                reason: format!("key field `{name}` {why}"),
                ..Fault::default()
            };
            let value = value.filter(|value| value.get() != "null");
            let value = value.ok_or_else(|| fault("is absent or null"))?;
            parts.push(part(value).map_err(|why| fault(&why))?);
        }
        let key = joined(parts);
        if key.len() > KEY_BYTES {
            return Err(Fault {
                field: self.fields.first().map(|name| (*name).to_owned()),
                reason: format!(
                    "the key has {} bytes; at most {KEY_BYTES} can be stored",
                    key.len()
                ),
                ..Fault::default()
            });
        }
        Ok(key)
    }
}

/// A hash in hexadecimal digits.
fn digits(hash: &[u8]) -> String {
    hash.iter()
        .fold(String::with_capacity(hash.len() * 2), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

/// Whether a mark says that its record is deleted: by anything but null, false, 0 or nothing.
fn says_yes(mark: &RawValue) -> bool {
    let text = mark.get();
    if decode::is_nothing(text) {
        return false;
    }
    let plain = plain(mark);
    let plain = plain.trim();
    let is_zero =
        Decimal::parse(plain).is_ok_and(|number| number.canonical().as_deref() == Some("0"));
    !(plain.is_empty() || plain.eq_ignore_ascii_case("false") || is_zero)
}

/// A value as it stands in a definition: a text without its quotes.
fn plain(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{digits, says_yes};

    #[test]
    fn a_mark_of_deletion_is_anything_but_nothing() {
        let check = |json: &str, expected: bool| {
            let raw: &RawValue = serde_json::from_str(json).expect("JSON");
            assert_eq!(says_yes(raw), expected, "{json}");
        };
        for nothing in [
            "null",
            "false",
            "0",
            "0.0",
            "\"\"",
            "\"false\"",
            "\"0\"",
            "[]",
            "{ }",
        ] {
            check(nothing, false);
        }
        for mark in [
            "true",
            "1",
            "\"2026-11-21\"",
            "\"no\"",
            "[0]",
            "{\"a\":0}",
            "-1",
            "\"yes\"",
        ] {
            check(mark, true);
        }
    }

    #[test]
    fn a_hash_is_written_in_two_digits_a_byte() {
        assert_eq!(digits(&[0, 10, 255]), "000aff");
    }
}
