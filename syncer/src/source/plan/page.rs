//! How the upstream hands out its records.

use super::{Place, Pointer};

/// How the upstream hands out its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub way: Way,
    pub size: Size,
    /// Where the number of all records is told.
    pub total: Option<Place>,
    /// Where an answer says whether there is more.
    pub more: Option<Place>,
    /// What ends the pages where neither `total` nor `more` nor the way itself does.
    pub end: End,
    /// Most pages; a walk that reaches it is an error, never a quiet end.
    pub max: Option<u64>,
}

impl Page {
    /// Whether the next page is asked for by a number, which says nothing of what stands there.
    pub fn is_counted(&self) -> bool {
        matches!(self.way, Way::Number { .. } | Way::Offset { .. })
    }
}

impl Way {
    /// Whether the upstream hands out the way to each further page: what it leads to, it must have.
    pub fn is_handed_out(&self) -> bool {
        match self {
            Self::Link | Self::Url { .. } => true,
            Self::Cursor { next, .. } => !matches!(next, Place::Last(_)),
            Self::None | Self::Number { .. } | Self::Offset { .. } => false,
        }
    }
}

/// How the next page is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// All in one answer.
    None,
    /// A number a page.
    Number { param: Param, start: u64 },
    /// The number of records before the page.
    Offset { param: Param, start: u64 },
    /// A token from the page before; none, null or empty: there is no next one.
    Cursor { param: Param, next: Place },
    /// The URL in the `Link` header with `rel="next"` (RFC 8288).
    Link,
    /// A URL, absolute or relative; none, null or empty: there is no next one.
    Url {
        next: Place,
        /// Origins beside `base_url`'s that it may lead to, which get no credentials.
        origins: Vec<String>,
    },
}

/// A parameter that paging sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    pub within: Within,
}

/// Where a parameter goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Within {
    Query,
    /// A member of the request's JSON body.
    Body(Pointer),
}

/// Records in a full page, and the parameter that asks for so many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub param: Option<Param>,
    /// Known whenever `param` is.
    pub records: Option<u64>,
}

/// What ends the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A page without records.
    Empty,
    /// A page with fewer records than a full one.
    Short,
}
