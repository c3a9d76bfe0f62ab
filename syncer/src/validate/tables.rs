//! The objects in a record's arrays to the rows of its child tables.

use std::fmt::Write as _;

use entity::{
    definition::{Cell, Table},
    reject,
    value::{self, Bad},
};
use serde_json::value::RawValue;

use super::{Fault, bad_value};
use crate::{
    decode::{self, Members},
    source::plan::{OnBad, Plan, Pointer, TableRule},
};

/// For each table of the plan, its rows, and what of them did not fit.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) rows: Vec<Vec<Vec<Cell>>>,
    pub(super) bad: Vec<reject::New>,
}

/// Reads the rows of each table from `record`.
///
/// # Errors
/// An object lacks a field that is required, or has a value for which its record is to be rejected.
pub(super) fn of(plan: &Plan, record: &Members<'_>) -> Result<Tables, Fault> {
    let mut tables = Tables::default();
    for (table, rule) in plan.definition.tables.iter().zip(&plan.tables) {
        let mut rows = Vec::new();
        for array in places(record, &rule.from) {
            tables.objects(table, rule, &array, &mut rows)?;
        }
        tables.rows.push(rows);
    }
    Ok(tables)
}

/// A value, and where it stands in its record.
struct Place<'a> {
    path: String,
    value: &'a RawValue,
}

impl Tables {
    /// Adds a row for each object of `array`.
    fn objects(
        &mut self,
        table: &Table,
        rule: &TableRule,
        array: &Place<'_>,
        rows: &mut Vec<Vec<Cell>>,
    ) -> Result<(), Fault> {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(array.value.get()) else {
            let reason = format!(
                "{} where an array of objects was expected",
                decode::kind(array.value)
            );
            self.is_bad(&table.name, array, reason);
            return Ok(());
        };
        for (index, value) in items.into_iter().enumerate() {
            let path = format!("{}/{index}", array.path);
            let item = Place { path, value };
            match decode::members(value.get()) {
                Ok(object) => rows.push(self.row(table, rule, &item, &object)?),
                Err(error) => {
                    let reason = match decode::kind(value) {
                        "an object" => error.to_string(),
                        other => format!("{other} where an object was expected"),
                    };
                    self.is_bad(&table.name, &item, reason);
                }
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        table: &Table,
        rule: &TableRule,
        item: &Place<'_>,
        object: &Members<'_>,
    ) -> Result<Vec<Cell>, Fault> {
        let mut cells = Vec::with_capacity(rule.rules.len());
        for (field, rule) in table.fields.iter().zip(&rule.rules) {
            let raw = value::of(object, rule);
            let read = value::cell(field.kind, field.text_limit(), rule, raw);
            let name = format!("{}.{}", table.name, field.name);
            let reason = match read {
                Ok(cell) => {
                    cells.push(cell);
                    continue;
                }
                Err(Bad::Missing) => "is required, and absent or null".to_owned(),
                Err(Bad::Value(reason)) if rule.on_bad == OnBad::Null => {
                    let path = format!("{}{}", item.path, rule.from);
                    self.bad.push(bad_value(&name, path, raw, reason));
                    cells.push(Cell::Null);
                    continue;
                }
                Err(Bad::Value(reason)) => reason,
            };
            return Err(Fault {
                key: None,
                path: Some(format!("{}{}", item.path, rule.from)),
                value: raw.map(|raw| reject::cut(raw.get())),
                reason: format!("field `{name}`: {reason}"),
                field: Some(name),
            });
        }
        Ok(cells)
    }

    fn is_bad(&mut self, field: &str, place: &Place<'_>, reason: String) {
        let bad = bad_value(field, place.path.clone(), Some(place.value), reason);
        self.bad.push(bad);
    }
}

/// The values to which `pointer` leads: `*` leads to every item of an array. What is absent or null is none of them.
fn places<'a>(record: &Members<'a>, pointer: &Pointer) -> Vec<Place<'a>> {
    let Some((first, rest)) = pointer.0.split_first() else {
        return Vec::new();
    };
    let start = Pointer(vec![first.clone()]);
    let found = record.get(first).map(|value| Place {
        path: start.to_string(),
        value,
    });
    let mut places = Vec::from_iter(found);
    for token in rest {
        places = places
            .into_iter()
            .flat_map(|place| below(&place, token))
            .collect();
    }
    places.retain(|place| place.value.get() != "null");
    places
}

fn below<'a>(place: &Place<'a>, token: &str) -> Vec<Place<'a>> {
    if token == "*" {
        let items: Vec<&RawValue> = serde_json::from_str(place.value.get()).unwrap_or_default();
        let items = items.into_iter().enumerate();
        let items = items.map(|(index, value)| Place {
            path: format!("{}/{index}", place.path),
            value,
        });
        return items.collect();
    }
    let step = Pointer(vec![token.to_owned()]);
    let found = decode::at(place.value, &step).map(|value| {
        let mut path = place.path.clone();
        let _infallible = write!(path, "{step}");
        Place { path, value }
    });
    Vec::from_iter(found)
}
