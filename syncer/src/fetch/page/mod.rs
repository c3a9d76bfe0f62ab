//! Where the next page is: a pure decision from the paging plan and the answer before.

mod at;
mod link;

use serde::{Deserialize, Serialize};

pub use self::{
    at::{At, Part, hash, parameters, query},
    link::{BrokenLink, next_link},
};
use crate::source::plan::{End, Page, Way};

/// How far a walk came, the answer just read included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Walked {
    pub pages: u64,
    pub records: u64,
    /// What the upstream last said there are.
    pub total: Option<u64>,
    /// What a page said of it that is as it was, and said it when it came last: no walk ends by it.
    pub known_total: Option<u64>,
    /// By how much that number fell from page to page.
    pub shrunk: u64,
    /// Whether a page said that there is more.
    pub promised: bool,
    /// Pages in a row that held no record.
    pub idle: u64,
    /// Hash of the place that the walk was at after 1, 2, 4, 8 … pages: who comes there again goes in a circle.
    pub anchor: u64,
    /// Short hash of the records of the page that came there first: if they come again, the way on goes in a circle
    /// under other names. 0: none came yet.
    pub anchor_records: u64,
}

/// What an answer says about the way on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    pub records: u64,
    /// How many records there are in all.
    pub total: Option<u64>,
    /// Whether there is more.
    pub more: Option<bool>,
    /// The token or absolute URL of the next page.
    pub next: Option<String>,
    /// Where a local file goes on.
    pub rest: Option<Part>,
}

/// The way on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    At(At),
    /// That was the last page.
    End,
    /// There must be more, and nothing says where.
    Lost(&'static str),
}

/// The first page of a walk; `of_file`: through a local file.
pub fn first(page: &Page, of_file: bool) -> At {
    match &page.way {
        _ if of_file => At::Part(Part::default()),
        Way::None => At::Only,
        Way::Number { start, .. } => At::Number(*start),
        Way::Offset { start, .. } => At::Offset(*start),
        Way::Cursor { .. } | Way::Link | Way::Url { .. } => At::First,
    }
}

/// The page after `at`.
///
/// A short page ends nothing unless the definition says so: where the total is known the walk ends at it,
/// otherwise at an empty page. Tools that stop at a short page lose what is behind it when an upstream filters its pages.
///
/// Nor does a page end anything that is silent where others said that there is more: what it lacks may have been the
/// way on. One that completes the stated total is the last all the same.
pub fn next(page: &Page, at: &At, walked: Walked, answer: &Answer) -> Next {
    let is_short = walked.total.is_none_or(|total| walked.records < total);
    let is_silent = answer.more.is_none() && walked.promised && is_short;
    match led(page, at, walked, answer) {
        Next::End if is_silent => {
            Next::Lost("a page does not say whether there is more, and one before it said so")
        }
        next => next,
    }
}

fn led(page: &Page, at: &At, walked: Walked, answer: &Answer) -> Next {
    if let At::Part(_) = at {
        let rest = answer.rest;
        return rest.map_or(Next::End, |part| Next::At(At::Part(part)));
    }
    if answer.more == Some(false) || page.way == Way::None {
        return Next::End;
    }
    let promised = answer.more == Some(true);
    if !promised && is_last(page, walked, answer) {
        return Next::End;
    }
    match (&page.way, at) {
        (Way::Number { .. }, At::Number(number)) => Next::At(At::Number(number + 1)),
        (Way::Offset { .. }, At::Offset(offset)) if answer.records > 0 => {
            Next::At(At::Offset(offset + answer.records))
        }
        (Way::Offset { .. }, _) => Next::Lost("a page without records says that there is more"),
        (Way::Cursor { .. }, _) => linked(answer, promised, At::Token),
        _ => linked(answer, promised, At::Url),
    }
}

/// Whether nothing is to be expected behind the page, where the upstream does not say so itself.
fn is_last(page: &Page, walked: Walked, answer: &Answer) -> bool {
    let is_short = page.size.records.is_some_and(|size| answer.records < size);
    if page.end == End::Short && is_short {
        return true;
    }
    // Where the upstream hands out the way on, a page without records may stand in the middle.
    !page.way.is_handed_out()
        && (answer.records == 0 || walked.total.is_some_and(|total| walked.records >= total))
}

fn linked(answer: &Answer, promised: bool, at: impl Fn(String) -> At) -> Next {
    match answer.next.as_ref().filter(|next| !next.is_empty()) {
        Some(next) => Next::At(at(next.clone())),
        None if promised => Next::Lost("it says that there is more, and not where"),
        None => Next::End,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::plan::{Param, Place, Pointer, Size, Within};

    fn param(name: &str) -> Param {
        Param {
            name: name.into(),
            within: Within::Query,
        }
    }

    fn paged(way: Way, size: Option<u64>) -> Page {
        Page {
            way,
            size: Size {
                param: size.map(|_| param("limit")),
                records: size,
            },
            total: None,
            more: None,
            end: End::Empty,
            max: None,
        }
    }

    fn numbered() -> Page {
        let way = Way::Number {
            param: param("page"),
            start: 0,
        };
        paged(way, Some(10))
    }

    fn tokens(next: Place) -> Page {
        let way = Way::Cursor {
            param: param("after"),
            next,
        };
        paged(way, Some(10))
    }

    fn answer(records: u64, next: Option<&str>, more: Option<bool>) -> Answer {
        Answer {
            records,
            next: next.map(str::to_owned),
            more,
            ..Answer::default()
        }
    }

    /// Walks `upstream`, a list of page lengths, and returns how many records came.
    fn walk(page: &Page, upstream: &[u64], total: Option<u64>) -> u64 {
        let mut at = Next::At(first(page, false));
        let mut walked = Walked::default();
        let mut asked = 0;
        while let Next::At(here) = at {
            let records = upstream.get(asked).copied().unwrap_or(0);
            asked += 1;
            walked = Walked {
                pages: walked.pages + 1,
                records: walked.records + records,
                total,
                ..walked
            };
            at = next(page, &here, walked, &answer(records, None, None));
        }
        walked.records
    }

    proptest! {
        #[test]
        fn every_record_before_an_empty_page_is_fetched(pages in prop::collection::vec(1u64..=10, 0..20)) {
            let all: u64 = pages.iter().sum();
            prop_assert_eq!(walk(&numbered(), &pages, None), all);
            prop_assert_eq!(walk(&numbered(), &pages, Some(all)), all);
        }
    }

    #[test]
    fn a_known_total_saves_the_empty_page() {
        let walked = Walked {
            pages: 1,
            records: 10,
            total: Some(10),
            ..Walked::default()
        };
        let came = answer(10, None, None);
        assert_eq!(next(&numbered(), &At::Number(0), walked, &came), Next::End);
        let unknown = Walked {
            total: None,
            ..walked
        };
        let on = next(&numbered(), &At::Number(0), unknown, &came);
        assert_eq!(on, Next::At(At::Number(1)));
    }

    #[test]
    fn a_short_page_ends_only_where_the_definition_says_so() {
        let short = answer(9, None, None);
        let walked = Walked::default();
        let on = Next::At(At::Number(1));
        assert_eq!(next(&numbered(), &At::Number(0), walked, &short), on);
        let page = Page {
            end: End::Short,
            ..numbered()
        };
        assert_eq!(next(&page, &At::Number(0), walked, &short), Next::End);
        let promised = answer(9, None, Some(true));
        assert_eq!(next(&page, &At::Number(0), walked, &promised), on);
    }

    #[test]
    fn an_offset_counts_what_came() {
        let way = Way::Offset {
            param: param("skip"),
            start: 0,
        };
        let page = paged(way, None);
        let on = next(
            &page,
            &At::Offset(0),
            Walked::default(),
            &answer(9, None, None),
        );
        assert_eq!(on, Next::At(At::Offset(9)));
        let sent: Vec<_> = query(&page, &At::Offset(9)).collect();
        assert_eq!(sent, [("skip", "9".to_owned())]);
    }

    #[test]
    fn tokens_lead_on_until_there_is_none() {
        let page = tokens(Place::Body(Pointer(vec!["next".into()])));
        let check = |came: Answer, expected: Next| {
            assert_eq!(
                next(&page, &At::First, Walked::default(), &came),
                expected,
                "{came:?}"
            );
        };
        let on = || Next::At(At::Token("t".into()));
        check(answer(10, Some("t"), None), on());
        // A page without records may stand in the middle.
        check(answer(0, Some("t"), None), on());
        check(answer(10, Some("t"), Some(false)), Next::End);
        check(answer(10, Some(""), None), Next::End);
        check(answer(3, None, None), Next::End);
        let lost = next(
            &page,
            &At::First,
            Walked::default(),
            &answer(10, None, Some(true)),
        );
        assert!(matches!(lost, Next::Lost(_)));
    }

    #[test]
    fn a_token_from_the_last_record_ends_at_an_empty_page() {
        let page = tokens(Place::Last(Pointer(vec!["id".into()])));
        let at = At::Token("a".into());
        let on = next(&page, &at, Walked::default(), &answer(3, Some("d"), None));
        assert_eq!(on, Next::At(At::Token("d".into())));
        let end = next(&page, &at, Walked::default(), &answer(0, None, None));
        assert_eq!(end, Next::End);
    }
}
