//! How a walk would go on behind its first page, in words.

use serde::Serialize;

use super::look::Looked;
use crate::{
    fetch::page::{self, Answer, At, Next, Walked},
    source::plan::{Format, Page, Place, Plan, Way},
};

/// How a walk would go on behind its first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WayOn {
    pub is: Promise,
    /// Where the next page is, and by what word.
    pub how: String,
}

/// Whether there is a next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Promise {
    /// The upstream says so.
    Promised,
    /// It is asked for to see whether it holds anything.
    Possible,
    /// That was the last page.
    None,
    /// There must be more, and nothing says where.
    Lost,
}

/// How the walk of `plan` would go on behind what came.
pub(super) fn way_on(plan: &Plan, looked: &Looked) -> WayOn {
    let answer = &looked.answer;
    let walked = Walked {
        pages: 1,
        records: answer.records,
        total: answer.total,
        ..Walked::default()
    };
    let (is, how) = match page::next(&plan.page, &looked.at, walked, answer) {
        Next::End => (Promise::None, end(&plan.page, answer)),
        Next::Lost(why) => (Promise::Lost, why.to_owned()),
        Next::At(at) => {
            let (is, word) = word(&plan.page, answer);
            (is, format!("{}{word}", place(&plan.page, &at)))
        }
    };
    WayOn { is, how }
}

/// What looks as if there were more than the definition reads.
pub(super) fn doubts(plan: &Plan, looked: &Looked) -> Vec<String> {
    /// Sizes of pages that upstreams like.
    const ROUND: [u64; 11] = [10, 15, 20, 25, 30, 50, 100, 200, 250, 500, 1000];
    let (page, records) = (&plan.page, looked.answer.records);
    let link = looked.page.link().ok().flatten();
    let mut doubts = Vec::new();
    if looked.page.status.is_none() {
        // A file says by its length where it ends.
        return doubts;
    }
    if page.way == Way::None {
        if link.is_some() {
            doubts.push(
                "a `Link` header names a next page; read it with page = { kind = \"link\" }"
                    .to_owned(),
            );
        } else if plan.format == Format::Json && ROUND.contains(&records) {
            // A file of lines, as CSV is, mostly holds all that there is.
            doubts.push(format!("{records} records look like a full page, and page.kind is none; `catchment infer` looks for the way to the next one"));
        }
        return doubts;
    }
    let is_full = page
        .size
        .records
        .is_some_and(|size| size > 0 && records >= size);
    let is_told = looked.answer.more.is_some() || looked.answer.total == Some(records);
    let is_linked = matches!(page.way, Way::Cursor { .. } | Way::Link | Way::Url { .. });
    if is_full && is_linked && !is_told && looked.answer.next.is_none() {
        let place = source(&page.way);
        doubts.push(format!(
            "the page is full, and nothing in {place} says where the next one is"
        ));
    }
    if let Some(size) = page.size.records.filter(|size| records > *size) {
        doubts.push(format!(
            "{records} records came where {size} were asked for; is page.size_param right?"
        ));
    }
    doubts
}

/// Where the next page is asked for.
fn place(page: &Page, at: &At) -> String {
    match (&page.way, at) {
        (Way::Number { param, .. }, At::Number(number)) => format!("{}={number}", param.name),
        (Way::Offset { param, .. }, At::Offset(offset)) => format!("{}={offset}", param.name),
        (_, At::Part(part)) => format!("the file from byte {} on", part.byte),
        (way, _) => source(way),
    }
}

/// What tells the way on.
fn source(way: &Way) -> String {
    match way {
        Way::Cursor { param, next } => format!("{} from {next}", param.name),
        Way::Link => "the `Link` header".to_owned(),
        Way::Url { next, .. } => format!("the URL in {next}"),
        Way::None | Way::Number { .. } | Way::Offset { .. } => "the answer".to_owned(),
    }
}

/// By what word there is a next page.
fn word(page: &Page, answer: &Answer) -> (Promise, String) {
    if answer.more == Some(true) {
        let place = page.more.as_ref().map(ToString::to_string);
        let place = place.unwrap_or_default();
        return (
            Promise::Promised,
            format!(", as {place} says that there is more"),
        );
    }
    match (&page.way, answer.total) {
        (_, Some(total)) if total > answer.records => {
            let came = answer.records;
            (
                Promise::Promised,
                format!(", as {came} of {total} records came"),
            )
        }
        (
            Way::Cursor {
                next: Place::Last(_),
                ..
            }
            | Way::Number { .. }
            | Way::Offset { .. },
            _,
        ) => (
            Promise::Possible,
            ", and so on until a page is empty".to_owned(),
        ),
        _ => (Promise::Promised, String::new()),
    }
}

/// Why there is none.
fn end(page: &Page, answer: &Answer) -> String {
    if page.way == Way::None {
        return "all records come in one answer".to_owned();
    }
    if answer.more == Some(false) {
        let place = page.more.as_ref().map(ToString::to_string);
        return format!("{} says that there is no more", place.unwrap_or_default());
    }
    match answer.total {
        Some(total) if answer.records >= total => format!("all of {total} came"),
        _ if answer.records == 0 => "the page is empty".to_owned(),
        _ => match &page.way {
            way @ (Way::Cursor { .. } | Way::Link | Way::Url { .. }) => {
                format!("nothing in {}", source(way))
            }
            _ => "the page is short".to_owned(),
        },
    }
}
