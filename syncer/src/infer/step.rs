//! The request for the page after those that came, and whether it brought other records.

use std::collections::HashSet;

use super::{
    answer::{self, Answer},
    json::Json,
    records::Found,
};
use crate::draft::{Page, PageKind};

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Parameters beside the resource's own.
    Query(Vec<(String, String)>),
    Url(String),
}

/// The first page.
pub(crate) fn first(page: &Page) -> Step {
    let mut query = size(page);
    if let (Some(param), Some(start)) = (&page.param, page.start) {
        query.push((param.clone(), start.to_string()));
    }
    Step::Query(query)
}

/// The page after `answers`; `None`: there is none.
pub(crate) fn after(page: &Page, answers: &[Answer], found: &Found) -> Option<Step> {
    let last = answers.last()?;
    if found.records(&last.body).is_empty() {
        return None;
    }
    let value = match page.kind {
        PageKind::None => return None,
        PageKind::Link => return last.link.clone().map(Step::Url),
        PageKind::Url => return Some(Step::Url(resolved(&last.url, &next(page, last, found)?))),
        PageKind::Cursor => {
            if at(page.more.as_deref(), &last.body) == Some(&Json::Boolean(false)) {
                return None;
            }
            next(page, last, found)?
        }
        PageKind::Page => (page.start? + answers.len() as u64).to_string(),
        PageKind::Offset => {
            let came = answers
                .iter()
                .map(|answer| found.records(&answer.body).len() as u64);
            (page.start? + came.sum::<u64>()).to_string()
        }
    };
    let mut query = size(page);
    query.push((page.param.clone()?, value));
    Some(Step::Query(query))
}

fn size(page: &Page) -> Vec<(String, String)> {
    let size = page.size_param.clone().zip(page.size);
    size.map(|(param, size)| (param, size.to_string()))
        .into_iter()
        .collect()
}

fn next(page: &Page, last: &Answer, found: &Found) -> Option<String> {
    let place = page.next.as_deref()?;
    let value = match place.strip_prefix("last:") {
        Some(pointer) => {
            let (_, record) = *found.records(&last.body).last()?;
            record.at(&answer::tokens(pointer))
        }
        None => at(Some(place), &last.body),
    };
    value?.plain().map(str::to_owned)
}

/// What stands at the place `body:/…`.
fn at<'a>(place: Option<&str>, body: &'a Json) -> Option<&'a Json> {
    body.at(&answer::path(place?)?)
}

fn resolved(page: &str, link: &str) -> String {
    let joined = url::Url::parse(page).and_then(|page| page.join(link));
    joined.map_or_else(|_| link.to_owned(), String::from)
}

/// What a second page brought, held against the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brought {
    Others,
    TheSame,
    Nothing,
}

/// Compares the records of two answers.
pub(crate) fn brought(first: &Answer, second: &Answer, found: &Found) -> Brought {
    let (first, second) = (found.records(&first.body), found.records(&second.body));
    if second.is_empty() {
        return Brought::Nothing;
    }
    let all = first.iter().chain(&second);
    let have_ids = all.clone().all(|(_, record)| record.get("id").is_some());
    // Views and prices move from one answer to the next, ids do not.
    let identity = |(name, record): &(&str, &Json)| {
        let record = if have_ids {
            record.get("id")
        } else {
            Some(*record)
        };
        ((*name).to_owned(), record.cloned())
    };
    let known: HashSet<_> = first.iter().map(identity).collect();
    let again = second
        .iter()
        .filter(|record| known.contains(&identity(record)));
    if again.count() * 2 >= second.len() {
        Brought::TheSame
    } else {
        Brought::Others
    }
}
