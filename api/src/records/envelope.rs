//! The body around the rows.
//!
//! Rows are their payload's bytes: they are joined, never parsed, unless the caller wants part of them.

use serde::Serialize;

use super::members::write_some;
use crate::problem::Problem;

/// Where a list goes on, as cursors.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Page {
    pub(crate) limit: u64,
    pub(crate) next: Option<String>,
    pub(crate) prev: Option<String>,
}

/// How many rows the list has, over all pages.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Count {
    pub(crate) value: i64,
    pub(crate) exact: bool,
}

/// Joins payloads: `[{…},{…}]`.
///
/// # Errors
/// A payload of which part is wanted is not an object.
pub(super) fn array<'a>(
    payloads: impl ExactSizeIterator<Item = &'a str>,
    wanted: Option<&[&str]>,
) -> Result<String, Problem> {
    let mut body = String::with_capacity(payloads.len() * 1024);
    body.push('[');
    for (index, payload) in payloads.enumerate() {
        if index > 0 {
            body.push(',');
        }
        write_row(&mut body, payload, wanted)?;
    }
    body.push(']');
    Ok(body)
}

/// Writes one row, or the wanted part of it.
///
/// # Errors
/// The payload of which part is wanted is not an object.
pub(super) fn write_row(
    body: &mut String,
    payload: &str,
    wanted: Option<&[&str]>,
) -> Result<(), Problem> {
    match wanted {
        None => body.push_str(payload),
        Some(wanted) => write_some(body, payload, wanted).map_err(Problem::internal)?,
    }
    Ok(())
}

/// A list's body around its `rows`, but for its last member.
pub(super) fn list(rows: &str, page: &Page, count: Option<Count>) -> Result<String, Problem> {
    let (page, count) = (json(page)?, json(&count)?);
    Ok(format!(r#"{{"data":{rows},"page":{page},"count":{count}"#))
}

/// The body of some rows out of all, but for its last member: with the `seed` that draws the same ones again.
pub(super) fn random(rows: &str, (limit, seed): (u64, u64)) -> String {
    format!(r#"{{"data":{rows},"limit":{limit},"seed":{seed}"#)
}

/// The body of one record, but for its last member.
pub(super) fn one(row: &str) -> String {
    format!(r#"{{"data":{row}"#)
}

/// The body of some facets, but for its last member.
pub(super) fn facets(facets: &impl Serialize, timed_out: &[&str]) -> Result<String, Problem> {
    let (facets, timed_out) = (json(facets)?, json(&timed_out)?);
    Ok(format!(r#"{{"data":{facets},"timed_out":{timed_out}"#))
}

fn json(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}
