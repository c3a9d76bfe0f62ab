//! A field's value, checked, on its way into a column or a filter.

use chrono::{DateTime, NaiveDate, Utc};

/// A value of a field's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Text(String),
    Integer(i64),
    /// Fixed text with the digits of the field's scale: `-12.50`.
    Decimal(String),
    Float(f64),
    Boolean(bool),
    Timestamp(DateTime<Utc>),
    Date(NaiveDate),
    /// The items of a list, in order.
    List(Vec<String>),
    /// JSON text.
    Json(String),
}

impl Cell {
    /// About how large it is in a statement.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Json(text) | Self::Decimal(text) => text.len(),
            _ => 8,
        }
    }
}
