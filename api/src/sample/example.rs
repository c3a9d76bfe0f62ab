//! One real row for the examples of a document, small enough to be read at a glance.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{
    definition::Kind,
    record::{ListedRow, Model, Seq},
};
use serde_json::{Map, Value, json};

use crate::{records::facets, registry::Resource};

/// Most bytes of an example's record.
const BYTES: usize = 2048;
/// Values of an example's facet.
const VALUES: usize = 3;

/// A row, as it is told in examples.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) key: String,
    /// The record, or as many of its members as are not too large.
    pub(crate) record: Value,
    /// Of the change that made the row what it is.
    pub(crate) seq: String,
    pub(crate) version: i64,
    pub(crate) is_new: bool,
    pub(crate) at: DateTime<Utc>,
    /// A field, and its values among the rows that were looked at.
    pub(crate) facet: Option<(String, Value)>,
}

/// The first row that is small enough to be shown whole, or else the smallest.
pub(super) fn chosen(rows: &[ListedRow]) -> Option<&ListedRow> {
    let small = rows.iter().find(|row| row.payload.len() <= BYTES);
    small.or_else(|| rows.iter().min_by_key(|row| row.payload.len()))
}

impl Example {
    pub(super) fn of(resource: &Resource, row: &Model, records: &[Value]) -> Self {
        let record = serde_json::from_str(&row.payload).unwrap_or_default();
        Self {
            key: row.record_key.clone(),
            record: cut(record),
            seq: Seq::within(row.version, row.rowno).to_string(),
            version: row.version,
            is_new: row.first_seen_at == row.changed_at,
            at: row.changed_at,
            facet: facet(resource, records),
        }
    }
}

/// The members of `record` as long as they are not too many.
fn cut(record: Value) -> Value {
    let Value::Object(members) = record else {
        return record;
    };
    let mut left = BYTES;
    let mut kept = Map::new();
    for (name, value) in members {
        let size = name.len() + value.to_string().len() + 4;
        if let Some(rest) = left.checked_sub(size) {
            left = rest;
            kept.insert(name, value);
        }
    }
    Value::Object(kept)
}

/// The text field with the fewest values, of those whose values stand in the records as they are.
fn facet(resource: &Resource, records: &[Value]) -> Option<(String, Value)> {
    let fields = resource.definition.fields.iter();
    let facetable = fields.filter(|field| field.kind == Kind::Text && facets::is_facetable(field));
    let counted = facetable.map(|field| (field, counts(&field.name, records)));
    let several = counted.filter(|(_, counts)| !counts.is_empty());
    let (field, counts) = several.min_by_key(|(_, counts)| counts.len())?;
    let rows: usize = counts.values().sum();
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
    let first = counts.iter().take(VALUES);
    let values: Vec<Value> = first
        .map(|(value, count)| json!({ "value": value, "count": count }))
        .collect();
    let facet = json!({
        "values": values,
        "truncated": counts.len() > VALUES,
        "without": records.len() - rows,
    });
    Some((field.name.clone(), facet))
}

/// How often each text stands in the member `name`, if nothing but texts does.
fn counts<'a>(name: &str, records: &'a [Value]) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        match &record[name] {
            Value::Null => {}
            Value::String(text) if text.len() <= 60 => {
                *counts.entry(text.as_str()).or_insert(0) += 1;
            }
            _ => return BTreeMap::new(),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{BYTES, cut};

    #[test]
    fn a_large_record_is_cut_at_its_members() {
        let large = json!({ "a": 1, "b": "x".repeat(BYTES), "c": [2] });
        assert_eq!(cut(large), json!({ "a": 1, "c": [2] }));
        let small = json!({ "a": 1 });
        assert_eq!(cut(small.clone()), small);
    }
}
