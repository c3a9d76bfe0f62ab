//! A definition as the engine runs it: checked, resolved, with nothing left to look up or to doubt.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use entity::definition::Definition;
use secrecy::SecretString;
use url::Url;

mod rule;
mod template;

pub use rule::{OnBad, Rule, TimeFormat};
pub use template::{Segment, Template, Values};

use super::schedule::Schedule;

/// Everything that a syncer mirrors.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    pub sources: Vec<Arc<Source>>,
}

impl Catalog {
    pub fn source(&self, name: &str) -> Option<&Arc<Source>> {
        self.sources.iter().find(|source| source.name == name)
    }
}

/// An upstream and its resources, parents before their children.
#[derive(Debug)]
pub struct Source {
    pub name: String,
    pub base_url: Url,
    pub schedule: Schedule,
    pub auth: Auth,
    /// For every request.
    pub headers: Vec<(String, Template)>,
    /// For every request.
    pub query: Vec<(String, Template)>,
    /// Longest time from a request's start to its answer's last byte.
    pub timeout: Duration,
    /// Largest answer in bytes, after decompression.
    pub max_body: u64,
    pub limits: Limits,
    pub retry: Retry,
    pub resources: Vec<Arc<Plan>>,
}

impl Source {
    pub fn resource(&self, name: &str) -> Option<&Arc<Plan>> {
        self.resources.iter().find(|plan| plan.name == name)
    }
}

/// How requests prove who sends them.
pub enum Auth {
    None,
    Header {
        name: String,
        value: SecretString,
    },
    Query {
        name: String,
        value: SecretString,
    },
    Basic {
        username: String,
        password: SecretString,
    },
    Bearer {
        token: SecretString,
    },
}

impl fmt::Debug for Auth {
    /// A user's name may be the secret: some APIs take their key as one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Header { name, .. } => write!(f, "header {name} [secret]"),
            Self::Query { name, .. } => write!(f, "query {name} [secret]"),
            Self::Basic { .. } => f.write_str("basic [secret]"),
            Self::Bearer { .. } => f.write_str("bearer [secret]"),
        }
    }
}

/// What the upstream allows.
#[derive(Debug, Default)]
pub struct Limits {
    pub rate: Option<Rate>,
    /// Most requests at once.
    pub concurrency: Option<usize>,
    /// Header that tells how many requests are left.
    pub remaining: Option<String>,
    /// Header that tells when there are more.
    pub reset: Option<String>,
    /// Header that tells how long to wait, besides `Retry-After`.
    pub retry_after: Option<String>,
}

/// So many requests in such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub requests: u32,
    pub per: Duration,
}

/// When a request is sent again.
#[derive(Debug)]
pub struct Retry {
    /// Sendings of one request in all.
    pub attempts: u32,
    /// Statuses that may pass.
    pub on: Vec<u16>,
    /// Longest wait; what must wait longer ends the run as `deferred`.
    pub max_wait: Duration,
}

/// One resource, ready to run.
#[derive(Debug)]
pub struct Plan {
    pub name: String,
    /// The table, key, fields and relations, as registered.
    pub definition: Definition,
    pub path: Template,
    pub query: Vec<(String, Template)>,
    pub headers: Vec<(String, Template)>,
    /// Where the array of records stands in a page's body; the root pointer: the body is it.
    pub records: Pointer,
    pub page: Page,
    pub expect: Expect,
    /// Statuses that stand for an empty page.
    pub empty_on: Vec<u16>,
    /// A place that holds something other than null, false or nothing: the answer is a failure whatever its status.
    pub error_when: Option<Pointer>,
    pub mode: Mode,
    pub deletes: Deletes,
    pub for_each: Option<ForEach>,
    /// How each of `definition.fields` is taken from a record, in the same order.
    pub rules: Vec<Rule>,
    /// Changes with everything that decides which pages are asked for: an unfinished run of another one cannot go on.
    pub fingerprint: String,
}

/// How the upstream hands out its records.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// All in one answer.
    None { total: Option<Place> },
    /// A number a page.
    Number {
        param: String,
        start: u64,
        size: Size,
        total: Option<Place>,
        max: Option<u64>,
    },
    /// The number of records before the page.
    Offset {
        param: String,
        start: u64,
        size: Size,
        total: Option<Place>,
        max: Option<u64>,
    },
    /// The URL in the `Link` header with `rel="next"` (RFC 8288).
    Link {
        size: Size,
        total: Option<Place>,
        max: Option<u64>,
    },
}

impl Page {
    /// Where the number of all records is told.
    pub fn total(&self) -> Option<&Place> {
        match self {
            Self::None { total }
            | Self::Number { total, .. }
            | Self::Offset { total, .. }
            | Self::Link { total, .. } => total.as_ref(),
        }
    }

    /// Most pages; a walk that reaches it is an error, never a quiet end.
    pub fn max(&self) -> Option<u64> {
        match self {
            Self::None { .. } => None,
            Self::Number { max, .. } | Self::Offset { max, .. } | Self::Link { max, .. } => *max,
        }
    }
}

/// Records in a full page, and the parameter that asks for so many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub param: Option<String>,
    /// Known whenever `param` is.
    pub records: Option<u64>,
}

/// Where a value stands in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Body(Pointer),
    Header(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(pointer) => write!(f, "`body:{pointer}`"),
            Self::Header(name) => write!(f, "`header:{name}`"),
        }
    }
}

/// A JSON Pointer (RFC 6901), unescaped; no tokens: the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pointer(pub Vec<String>);

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

/// What must hold for a run to be complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    pub total: Total,
    /// Fewest records.
    pub min: u64,
    /// Largest share of the live rows by which a run may fall short of them: 0.3 for 30 %.
    pub max_drop: Option<f64>,
}

/// How near the number of records must come to the stated total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Off,
    Within(u64),
}

/// What absence from a complete run means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The row is gone.
    Mirror,
    /// Nothing.
    Upsert,
}

/// What becomes of rows that are gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletes {
    pub how: DeleteHow,
    pub max: Most,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteHow {
    /// Marked, kept as tombstones.
    Soft,
    /// Removed.
    Hard,
    /// Left as they are.
    Off,
}

/// The most rows that one run may delete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Most {
    Rows(u64),
    /// Of the live rows: 0.2 for 20 %.
    Share(f64),
}

/// One fetch for each row of a parent resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForEach {
    /// The parent, of the same source.
    pub resource: String,
    /// The parent's table.
    pub table: String,
    /// The parent's fields that templates or copies use, by name, and where its payload holds each.
    pub values: BTreeMap<String, Pointer>,
    /// Member to put in front of each record, and the parent's field that it takes.
    pub copy: Vec<(String, String)>,
}
