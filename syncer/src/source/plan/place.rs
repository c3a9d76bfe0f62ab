//! Where a value stands in an answer, and in a record.

use std::fmt;

use entity::definition::Pointer;

/// Where a value stands in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the body, by pointer.
    Body(Pointer),
    /// In a header, by its name in small letters.
    Header(String),
    /// In the last record of the page, by pointer.
    Last(Pointer),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(pointer) => write!(f, "`body:{pointer}`"),
            Self::Header(name) => write!(f, "`header:{name}`"),
            Self::Last(pointer) => write!(f, "`last:{pointer}`"),
        }
    }
}
