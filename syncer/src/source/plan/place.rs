//! Where a value stands in an answer, and in a record.

use std::fmt;

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

/// A JSON Pointer (RFC 6901), unescaped; no tokens: the root.
///
/// In the rules of fields and tables a token `*` stands for every item of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer(pub Vec<String>);

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}
