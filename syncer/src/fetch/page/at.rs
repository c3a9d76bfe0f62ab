//! A place in a walk through pages, and the parameters that ask for the page there.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::source::plan::{Page, Param, Way, Within};

/// A place in a walk through pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// The only page.
    Only,
    /// The page of that number.
    Number(u64),
    /// The page after so many records.
    Offset(u64),
    /// The first page of a walk by tokens, links or URLs.
    First,
    /// The page of that token.
    Token(String),
    /// The page of that URL.
    Url(String),
    /// That part of a local file.
    Part(Part),
}

/// Where a part of a local file begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    pub byte: u64,
    /// Mark of the file whose first part was read: no part of another one goes with that.
    pub of: Option<u64>,
}

/// A short name of a place, for finding circles.
pub fn hash(at: &At) -> u64 {
    let mut hasher = DefaultHasher::new();
    at.hash(&mut hasher);
    hasher.finish()
}

/// The parameters that ask for the page at `at`, numbers as numbers. A URL that the upstream gave holds its own.
pub fn parameters<'a>(page: &'a Page, at: &At) -> Vec<(&'a Param, Value)> {
    let place = match (&page.way, at) {
        (Way::Number { param, .. }, At::Number(number)) => Some((param, json!(number))),
        (Way::Offset { param, .. }, At::Offset(offset)) => Some((param, json!(offset))),
        (Way::Cursor { param, .. }, At::Token(token)) => Some((param, json!(token))),
        _ => None,
    };
    let size = page.size.param.as_ref().zip(page.size.records);
    let sizes = size
        .filter(|_| !matches!(at, At::Only | At::Url(_) | At::Part(_)))
        .map(|(param, records)| (param, json!(records)));
    place.into_iter().chain(sizes).collect()
}

/// The parameters that go into the query.
pub fn query<'a>(page: &'a Page, at: &At) -> impl Iterator<Item = (&'a str, String)> {
    let all = parameters(page, at).into_iter();
    all.filter(|(param, _)| param.within == Within::Query)
        .map(|(param, value)| (param.name.as_str(), plain(&value)))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
