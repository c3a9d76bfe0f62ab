//! A row of a platform table, as JSON.

use entity::definition::{Cell, Field};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use super::wanted::ID;

/// A row: its members in the order of the list's columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) fields: &'a [Field],
    pub(crate) cells: &'a [Cell],
    /// The members that are wanted, beside the `id`; `None`: all.
    pub(crate) wanted: Option<&'a [String]>,
}

impl Row<'_> {
    fn is_wanted(&self, field: &Field) -> bool {
        let is_named = |wanted: &[String]| wanted.contains(&field.name);
        field.name == ID || self.wanted.is_none_or(is_named)
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let members = self.fields.iter().zip(self.cells);
        for (field, cell) in members.filter(|(field, _)| self.is_wanted(field)) {
            map.serialize_entry(&field.name, &Value(cell))?;
        }
        map.end()
    }
}

/// A value, as JSON.
struct Value<'a>(&'a Cell);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Cell::Null => serializer.serialize_unit(),
            Cell::Text(text) | Cell::Decimal(text) => serializer.serialize_str(text),
            Cell::Integer(integer) => serializer.serialize_i64(*integer),
            Cell::Float(float) => serializer.serialize_f64(*float),
            Cell::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Cell::Timestamp(instant) => instant.serialize(serializer),
            Cell::Date(date) => date.serialize(serializer),
            Cell::List(items) => items.serialize(serializer),
            Cell::Json(text) => match serde_json::from_str::<&RawValue>(text) {
                Ok(value) => value.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
        }
    }
}
