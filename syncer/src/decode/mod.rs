//! A page's body to its records, each with its own bytes. Nothing is converted: numbers keep every digit.

/// A header line, then one record a line.
mod csv;
/// Records in an array or an object.
mod json;
/// Members put in front of a record.
mod lead;
/// One JSON record a line.
mod ndjson;
/// What the page says of the way on.
mod next;

use std::borrow::Cow;

pub(crate) use csv::{end_of_first, end_of_whole};
pub(crate) use entity::raw::{Members, at, below, find, kind, members};
pub(crate) use lead::led;
pub(crate) use ndjson::end_of_last;

use self::next::Context;
use crate::{
    error::SyncError,
    fetch::{Page, page::Answer},
    source::plan::{Format, Plan},
};

/// What many programs write before a text in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The records of a page, and what it says of the way on.
#[derive(Debug, Default)]
pub(crate) struct Decoded<'a> {
    pub records: Vec<Record<'a>>,
    pub answer: Answer,
}

/// A record as JSON, or what came in its place.
pub(crate) type Record<'a> = Result<Cow<'a, str>, Broken>;

/// The bytes of a record, whether it can be read or not.
pub(crate) fn text<'r>(record: &'r Record<'_>) -> &'r str {
    match record {
        Ok(text) => text,
        Err(broken) => &broken.text,
    }
}

/// What came in the place of a record, and cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// As it came; bytes that are no text are replaced.
    pub text: String,
    /// The member that is at fault.
    pub field: Option<String>,
    pub reason: String,
}

/// Finds the records in `page`.
///
/// # Errors
/// The body cannot be read in the plan's format, is cut off, says that it is a failure, or has no records where
/// the plan says that they are.
pub(crate) fn page<'a>(plan: &Plan, page: &'a Page) -> Result<Decoded<'a>, SyncError> {
    let Some(body) = &page.body else {
        return Ok(Decoded {
            answer: next::answer(plan, page, &Context::default())?,
            ..Decoded::default()
        });
    };
    let unreadable = |why: String| SyncError::Decode {
        url: page.url.clone(),
        why,
    };
    let bytes = body.strip_prefix(BOM).unwrap_or(body);
    let body;
    let (document, records) = match plan.format {
        Format::Json => {
            body = json::body(bytes, &plan.records).map_err(|error| match error.is_eof() {
                true => SyncError::CutOff {
                    url: page.url.clone(),
                    why: error.to_string(),
                },
                false => unreadable(error.to_string()),
            })?;
            says_no_failure(plan, page, &body)?;
            let records = json::records(plan, &body).map_err(unreadable)?;
            (Some(&body), records)
        }
        Format::Ndjson => (None, ndjson::records(bytes).map_err(unreadable)?),
        Format::Csv { delimiter } => {
            let records = csv::records(plan, delimiter, bytes).map_err(unreadable)?;
            (None, records)
        }
    };
    let context = Context {
        body: document,
        records: &records,
    };
    Ok(Decoded {
        answer: next::answer(plan, page, &context)?,
        records,
    })
}

fn says_no_failure(plan: &Plan, page: &Page, body: &json::Body<'_, '_>) -> Result<(), SyncError> {
    let Some(place) = &plan.error_when else {
        return Ok(());
    };
    match body.at(place) {
        Some(said) if !is_nothing(said.get()) => Err(SyncError::SaysFailure {
            url: page.url.clone(),
            place: place.to_string(),
            said: page.secrets.hide(said.get()).chars().take(120).collect(),
        }),
        _ => Ok(()),
    }
}

/// Whether a JSON value is null, false or empty.
pub(crate) fn is_nothing(json: &str) -> bool {
    match json.as_bytes() {
        b"null" | b"false" | b"\"\"" => true,
        [b'[', inner @ .., b']'] | [b'{', inner @ .., b'}'] => inner.trim_ascii().is_empty(),
        _ => false,
    }
}
