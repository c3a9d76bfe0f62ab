//! Where the next page is: a pure decision from the paging plan and the answer before.

use serde::{Deserialize, Serialize};

use crate::source::plan::{Page, Size};

/// A place in a walk through pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// The only page.
    Only,
    /// The page of that number.
    Number(u64),
    /// The page after so many records.
    Offset(u64),
    /// The first page of a walk by links.
    First,
    /// The page of that URL.
    Url(String),
}

/// How far a walk came, the answer just read included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walked {
    pub pages: u64,
    pub records: u64,
    /// What the upstream last said there are.
    pub total: Option<u64>,
    /// By how much that number fell from page to page.
    #[serde(default)]
    pub shrunk: u64,
    /// Pages in a row that held no record.
    #[serde(default)]
    pub idle: u64,
}

/// What an answer says about the way on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub records: u64,
    /// The URL of `rel="next"`.
    pub next: Option<String>,
}

/// The first page of a walk.
pub fn first(page: &Page) -> At {
    match page {
        Page::None { .. } => At::Only,
        Page::Number { start, .. } => At::Number(*start),
        Page::Offset { start, .. } => At::Offset(*start),
        Page::Link { .. } => At::First,
    }
}

/// The page after `at`; `None`: that was the last.
///
/// A short page ends nothing: where the total is known the walk ends at it, otherwise at an empty
/// page. Tools that stop at a short page lose what is behind it when an upstream filters its pages.
pub fn next(page: &Page, at: &At, walked: Walked, answer: &Answer) -> Option<At> {
    let ended = answer.records == 0 || walked.total.is_some_and(|total| walked.records >= total);
    match (page, at) {
        (Page::Number { .. }, At::Number(number)) if !ended => Some(At::Number(number + 1)),
        (Page::Offset { .. }, At::Offset(offset)) if !ended => {
            Some(At::Offset(offset + answer.records))
        }
        (Page::Link { .. }, _) => answer.next.clone().map(At::Url),
        _ => None,
    }
}

/// The query parameters that ask for the page at `at`. A URL that the upstream gave holds its own.
pub fn parameters(page: &Page, at: &At) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let size: Option<&Size> = match (page, at) {
        (Page::Number { param, size, .. }, At::Number(number)) => {
            parameters.push((param.clone(), number.to_string()));
            Some(size)
        }
        (Page::Offset { param, size, .. }, At::Offset(offset)) => {
            parameters.push((param.clone(), offset.to_string()));
            Some(size)
        }
        (Page::Link { size, .. }, At::First) => Some(size),
        _ => None,
    };
    if let Some(Size {
        param: Some(param),
        records: Some(records),
    }) = size
    {
        parameters.push((param.clone(), records.to_string()));
    }
    parameters
}

/// The URL of `rel="next"` in a `Link` header (RFC 8288).
pub fn next_link(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some(open) = rest.find('<') {
        let close = open + rest[open..].find('>')?;
        let url = &rest[open + 1..close];
        let (parameters, after) = split_parameters(&rest[close + 1..]);
        if parameters.iter().any(|(name, value)| is_next(name, value)) {
            return Some(url.to_owned());
        }
        rest = after;
    }
    None
}

fn is_next(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("rel")
        && value
            .split_ascii_whitespace()
            .any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// The parameters of one link, up to the comma that no quote protects, and what follows it.
fn split_parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut quoted = false;
    let mut end = text.len();
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                end = index;
                break;
            }
            _ => {}
        }
    }
    let parameters = text[..end].split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        Some((
            name.trim().to_owned(),
            value.trim().trim_matches('"').to_owned(),
        ))
    });
    (parameters.collect(), &text[end..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered(total: bool) -> Page {
        Page::Number {
            param: "page".into(),
            start: 0,
            size: Size {
                param: Some("limit".into()),
                records: Some(10),
            },
            total: total.then(|| crate::source::plan::Place::Header("pagination-count".into())),
            max: None,
        }
    }

    /// Walks `upstream`, a list of page lengths, and returns how many records came.
    fn walk(page: &Page, upstream: &[u64], total: Option<u64>) -> u64 {
        let mut at = Some(first(page));
        let mut walked = Walked::default();
        let mut asked = 0;
        while let Some(here) = at {
            let records = upstream.get(asked).copied().unwrap_or(0);
            asked += 1;
            walked = Walked {
                pages: walked.pages + 1,
                records: walked.records + records,
                total,
                ..walked
            };
            at = next(
                page,
                &here,
                walked,
                &Answer {
                    records,
                    next: None,
                },
            );
        }
        walked.records
    }

    proptest! {
        #[test]
        fn every_record_before_an_empty_page_is_fetched(pages in prop::collection::vec(1u64..=10, 0..20)) {
            let all: u64 = pages.iter().sum();
            prop_assert_eq!(walk(&numbered(false), &pages, None), all);
            prop_assert_eq!(walk(&numbered(true), &pages, Some(all)), all);
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
        let answer = Answer {
            records: 10,
            next: None,
        };
        assert_eq!(next(&numbered(true), &At::Number(0), walked, &answer), None);
        let unknown = Walked {
            total: None,
            ..walked
        };
        assert_eq!(
            next(&numbered(false), &At::Number(0), unknown, &answer),
            Some(At::Number(1))
        );
    }

    #[test]
    fn an_offset_counts_what_came() {
        let page = Page::Offset {
            param: "skip".into(),
            start: 0,
            size: Size::default(),
            total: None,
            max: None,
        };
        let walked = Walked {
            pages: 1,
            records: 9,
            ..Walked::default()
        };
        assert_eq!(
            next(
                &page,
                &At::Offset(0),
                walked,
                &Answer {
                    records: 9,
                    next: None
                }
            ),
            Some(At::Offset(9))
        );
        assert_eq!(
            parameters(&page, &At::Offset(9)),
            [("skip".to_owned(), "9".to_owned())]
        );
    }

    #[test]
    fn links_are_read_as_the_rfc_writes_them() {
        let check = |header: &str, expected: Option<&str>| {
            assert_eq!(next_link(header).as_deref(), expected, "{header}");
        };
        check(
            r#"<https://a/x?page=2>; rel="next", <https://a/x?page=9>; rel="last""#,
            Some("https://a/x?page=2"),
        );
        check(r#"<https://a/x?page=9>; rel="last""#, None);
        check("</x?a=1,2>; title=\"a, b; c\"; rel=next", Some("/x?a=1,2"));
        check(r#"<b>; rel="prev next""#, Some("b"));
        check(r#"<b>; REL="NEXT""#, Some("b"));
        check("", None);
        check("<unclosed", None);
    }
}
