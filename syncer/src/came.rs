//! A page as it came: its records, unless they are the very same as before, and the way on.

use crate::{
    decode::{self, Record},
    error::SyncError,
    fetch::{
        Got, Validators,
        page::{self, Answer, At},
    },
    memory::{self, Came},
    pages::Fetched,
    parents::Parent,
    source::plan::{Mark, Plan},
    validate,
    write::Brought,
};

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// `None`: they are what they were when the page came last.
    pub records: Option<Vec<Record<'a>>>,
    pub answer: Answer,
    /// The least and the greatest value of the plan's cursor among the records.
    pub span: Option<(Mark, Mark)>,
    at: u64,
    validators: Validators,
    /// Hash of the records; nothing where they are not compared.
    pub hash: Vec<u8>,
}

/// Reads what was fetched from `at`.
///
/// # Errors
/// It cannot be read.
pub(crate) fn read<'a>(plan: &Plan, at: &At, fetched: &'a Fetched) -> Result<Page<'a>, SyncError> {
    let at = page::hash(at);
    let page = match (&fetched.got, &fetched.known) {
        (Got::Page(page), _) => page,
        (Got::NotModified(headers), Some(known)) => {
            // How many there are in all may be said anew beside a page that is as it was.
            let total = decode::total(plan, headers).or(known.came.answer.total);
            return Ok(Page {
                records: None,
                answer: Answer {
                    total,
                    ..known.came.answer.clone()
                },
                span: None,
                at,
                validators: known.validators.clone(),
                hash: known.answer.clone(),
            });
        }
        (Got::NotModified(_), None) => {
            return Err(SyncError::Unaskable {
                url: plan.name.clone(),
                why: "it says that nothing changed since an answer that it never gave".to_owned(),
            });
        }
    };
    let came = decode::page(plan, page)?;
    // Only a page that is remembered, or that numbers lead on from, is ever compared.
    let is_compared = fetched.request.is_some() || plan.page.is_counted();
    let hash = match is_compared {
        true => memory::hash(&came.records),
        false => Vec::new(),
    };
    let is_same = (fetched.known.as_ref()).is_some_and(|known| known.answer == hash);
    Ok(Page {
        span: span(plan, &came.records),
        records: (!is_same).then_some(came.records),
        answer: came.answer,
        at,
        validators: page.validators.clone(),
        hash,
    })
}

impl Page<'_> {
    /// What of it is to be remembered.
    pub(crate) fn brought(&self, fetched: &Fetched, parent: &Parent) -> Brought {
        Brought {
            request: fetched.request.clone(),
            known: fetched.known.clone(),
            parent: if parent.rownos.len() == 1 {
                parent.rowno()
            } else {
                0
            },
            validators: self.validators.clone(),
            answer: self.hash.clone(),
            came: Came {
                at: self.at,
                answer: self.answer.clone(),
                keyless: 0,
            },
        }
    }
}

fn span(plan: &Plan, records: &[Record<'_>]) -> Option<(Mark, Mark)> {
    let cursor = plan.cursor.as_ref()?;
    let marks = records
        .iter()
        .filter_map(|record| validate::mark(cursor, record.as_ref().ok()?));
    marks.fold(None, |span, mark| match span {
        None => Some((mark, mark)),
        Some((least, greatest)) => Some((mark.min(least), mark.max(greatest))),
    })
}
