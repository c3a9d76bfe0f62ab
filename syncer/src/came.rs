//! A page as it came: its records, unless they are the very same as before, and the way on.

use entity::definition::Identity;
use reqwest::header::HeaderMap;

use crate::{
    decode::{self, Record},
    error::SyncError,
    fetch::{
        Got, Validators,
        page::{self, Answer, At},
    },
    memory::{self, Came, Known},
    pages::Fetched,
    parents::Parent,
    source::plan::{Mark, Method, Place, Plan, Way},
    validate,
    write::Brought,
};

/// A page as it came.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// `None`: they are what they were when the page came last.
    pub records: Option<Vec<Record<'a>>>,
    pub answer: Answer,
    /// What the page said of the number of all records when it came last, if nobody says it now.
    pub known_total: Option<u64>,
    is_doubtful: bool,
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
            return Ok(remembered(plan, at, known, headers));
        }
        (Got::NotModified(_), None) => {
            return Err(SyncError::Unaskable {
                url: plan.name.clone(),
                why: "it says that nothing changed since an answer that it never gave".to_owned(),
            });
        }
    };
    let came = decode::page(plan, page)?;
    // Only a page that is remembered, that numbers lead on from, or whose records have no key, is ever compared.
    let is_compared = fetched.request.is_some()
        || plan.page.is_counted()
        || plan.definition.identity == Identity::Hash;
    let hash = match is_compared {
        true => memory::hash(&came.records),
        false => Vec::new(),
    };
    let is_same = (fetched.known.as_ref()).is_some_and(|known| known.answer == hash);
    Ok(Page {
        span: span(plan, &came.records),
        records: (!is_same).then_some(came.records),
        answer: came.answer,
        known_total: None,
        is_doubtful: false,
        at,
        validators: page.validators.clone(),
        hash,
    })
}

/// Whether a page says that it is the last by what headers said when it came last: they may say otherwise now.
pub(crate) fn is_doubtful(plan: &Plan, fetched: &Fetched) -> bool {
    match (&fetched.got, &fetched.known) {
        (Got::NotModified(headers), Some(known)) => remembered(plan, 0, known, headers).is_doubtful,
        _ => false,
    }
}

/// A page that is as it was. Its body is, but not what headers said beside it: a new page may have come behind it.
fn remembered<'a>(plan: &Plan, at: u64, known: &Known, headers: &HeaderMap) -> Page<'a> {
    let mut answer = known.came.answer.clone();
    let known_total = answer.total;
    if let Some(Place::Header(name)) = &plan.page.total {
        let said = headers.get(name).and_then(|value| value.to_str().ok());
        answer.total = said.and_then(|total| total.trim().parse().ok());
    }
    let is_in_header = |place: &Place| matches!(place, Place::Header(_));
    let next_is = match &plan.page.way {
        Way::Link => true,
        Way::Cursor { next, .. } | Way::Url { next, .. } => is_in_header(next),
        Way::None | Way::Number { .. } | Way::Offset { .. } => false,
    };
    let more_is = plan.page.more.as_ref().is_some_and(is_in_header);
    Page {
        records: None,
        known_total: known_total.filter(|_| answer.total.is_none()),
        is_doubtful: (next_is && answer.next.is_none()) || (more_is && answer.more == Some(false)),
        answer,
        span: None,
        at,
        validators: known.validators.clone(),
        hash: known.answer.clone(),
    }
}

impl Page<'_> {
    /// What of it is to be remembered.
    pub(crate) fn brought(&self, fetched: &Fetched, parent: &Parent, method: Method) -> Brought {
        Brought {
            url: match &fetched.got {
                Got::Page(page) => page.asked(method),
                // It is as it was, and brings no row.
                Got::NotModified(_) => String::new(),
            },
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
                answer: Answer {
                    total: self.answer.total.or(self.known_total),
                    ..self.answer.clone()
                },
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
