//! A definition as the engine runs it: checked, resolved, with nothing left to look up or to doubt.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use entity::definition::Definition;
use secrecy::SecretString;
use url::Url;

mod auth;
mod incremental;
mod page;
mod place;
mod rule;
mod template;

pub use auth::{Auth, Grant};
pub use entity::definition::{OnBad, Pattern, Pointer, Rule, TimeFormat};
pub use incremental::{CursorKind, Incremental, Mark, Order, Step};
pub use page::{End, Page, Param, Size, Way, Within};
pub use place::Place;
pub use rule::TableRule;
pub use template::{JsonTemplate, Segment, Template, Values};

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
    /// What each path is appended to; of the scheme `file`: a folder of this machine; of `local`: there is none.
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
    /// What requests go through; may hold a password.
    pub proxy: Option<SecretString>,
    pub limits: Limits,
    pub retry: Retry,
    pub resources: Vec<Arc<Plan>>,
}

impl Source {
    pub fn resource(&self, name: &str) -> Option<&Arc<Plan>> {
        self.resources.iter().find(|plan| plan.name == name)
    }

    /// Whether its rows come from the callers of the api, and nothing is fetched.
    pub fn is_written(&self) -> bool {
        self.schedule == Schedule::Never
    }

    /// Whether it is a folder of this machine.
    pub fn is_folder(&self) -> bool {
        self.base_url.scheme() == "file"
    }

    /// Whether each run asks `plan`'s pages with the same words.
    pub fn is_repeatable(&self, plan: &Plan) -> bool {
        let own = self.query.iter().chain(&self.headers);
        let mut templates = own.map(|(_, template)| template).chain(plan.templates());
        plan.cursor.is_none() && templates.all(Template::is_repeatable)
    }
}

/// What the upstream allows.
#[derive(Debug, Default)]
pub struct Limits {
    pub rate: Option<Rate>,
    /// Most requests at once.
    pub concurrency: Option<usize>,
    /// Where an answer tells how many requests are left.
    pub remaining: Option<Place>,
    /// Where it tells when there are more.
    pub reset: Option<Place>,
    /// Where it tells how long to wait, besides `Retry-After`.
    pub retry_after: Option<Place>,
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
    pub method: Method,
    pub path: Template,
    pub query: Vec<(String, Template)>,
    pub headers: Vec<(String, Template)>,
    /// What a POST sends.
    pub body: Option<JsonTemplate>,
    pub format: Format,
    /// Where the array of records stands in a page's body; the root pointer: the body is it.
    pub records: Pointer,
    /// The records are the members of an object, and each gets its member's name under this one.
    pub keyed_by: Option<String>,
    /// There is one record, and no array of them.
    pub single: bool,
    pub page: Page,
    pub expect: Expect,
    /// Statuses that stand for an empty page.
    pub empty_on: Vec<u16>,
    /// A place that holds something other than null, false or nothing: the answer is a failure whatever its status.
    pub error_when: Option<Pointer>,
    pub mode: Mode,
    pub deletes: Deletes,
    /// The most rejects and bad values; with more, a run is `suspect`.
    pub bad_max: Option<Most>,
    /// How a run asks only for what changed.
    pub cursor: Option<Incremental>,
    /// How often everything is read all the same; `None`: only at first, and when asked to.
    pub full_every: Option<Duration>,
    pub for_each: Option<ForEach>,
    /// How each of `definition.fields` is taken from a record, in the same order.
    pub rules: Vec<Rule>,
    /// How the rows of each of `definition.tables` are taken from a record, in the same order.
    pub tables: Vec<TableRule>,
    /// Changes with everything that decides which pages are asked for: an unfinished run of another one cannot go on.
    pub fingerprint: String,
}

impl Plan {
    /// The templates that a request is made from, those of its source aside.
    pub fn templates(&self) -> Vec<&Template> {
        let named = self.query.iter().chain(&self.headers);
        let named = named.map(|(_, template)| template);
        let body = self.body.iter().flat_map(JsonTemplate::templates);
        [&self.path].into_iter().chain(named).chain(body).collect()
    }

    /// Whether a record that changes while the pages are read leaves its place for the end of them, and the records
    /// behind it move up, one of them from the next page onto one that was read.
    pub fn closes_ranks(&self) -> bool {
        let is_oldest_first =
            (self.cursor.as_ref()).is_some_and(|cursor| cursor.order == Order::Ascending);
        // The last record's own value leads on to what stands behind it, wherever that stands.
        let holds = match &self.page.way {
            Way::None => true,
            Way::Cursor { next, .. } => matches!(next, Place::Last(_)),
            Way::Number { .. } | Way::Offset { .. } | Way::Link | Way::Url { .. } => false,
        };
        is_oldest_first && !holds
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
    /// Nothing, and what came once never changes.
    Append,
}

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// What the upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    /// One JSON record a line.
    Ndjson,
    /// A header line, then one record a line (RFC 4180).
    Csv {
        /// What separates a line's values.
        delimiter: u8,
    },
}

/// What becomes of rows that are gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletes {
    pub how: DeleteHow,
    pub max: Most,
    /// Where a record says that it is deleted.
    pub flag: Option<Pointer>,
    /// By which of its values; empty: by anything but null, false, 0 or nothing.
    pub values: Vec<String>,
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
    /// Only parents whose values at these places, as plain texts, are these.
    pub only: Vec<(Pointer, String)>,
    /// Parents in one request, their values joined by commas; 1: each has its own.
    pub batch: u64,
    /// Only parents that are new or changed since the last complete run.
    pub changed_only: bool,
}
