//! Where the next page is: a pure decision from the paging plan and the answer before.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::source::plan::{End, Page, Param, Place, Way, Within};

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
    /// Pages in a row that held no record.
    pub idle: u64,
    /// Hash of the place that the walk was at after 1, 2, 4, 8 … pages: who comes there again goes in a circle.
    pub anchor: u64,
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
pub fn next(page: &Page, at: &At, walked: Walked, answer: &Answer) -> Next {
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
    match &page.way {
        // Where the upstream hands out the way on, a page without records may stand in the middle.
        Way::Link | Way::Url { .. } => false,
        Way::Cursor { next, .. } if !matches!(next, Place::Last(_)) => false,
        _ => answer.records == 0 || walked.total.is_some_and(|total| walked.records >= total),
    }
}

fn linked(answer: &Answer, promised: bool, at: impl Fn(String) -> At) -> Next {
    match answer.next.as_ref().filter(|next| !next.is_empty()) {
        Some(next) => Next::At(at(next.clone())),
        None if promised => Next::Lost("it says that there is more, and not where"),
        None => Next::End,
    }
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

/// The URL of `rel="next"` in a `Link` header (RFC 8288).
///
/// # Errors
/// It breaks off: what it would have said is not known.
pub fn next_link(header: &str) -> Result<Option<String>, BrokenLink> {
    let mut rest = header;
    while let Some(open) = rest.find('<') {
        let close = open + rest[open..].find('>').ok_or(BrokenLink)?;
        let url = &rest[open + 1..close];
        let (parameters, after) = split_parameters(&rest[close + 1..]);
        if parameters.iter().any(|(name, value)| is_next(name, value)) {
            return Ok(Some(url.to_owned()));
        }
        rest = after;
    }
    Ok(None)
}

/// A `Link` header that breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenLink;

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
    use crate::source::plan::{Pointer, Size};

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

    #[test]
    fn links_are_read_as_the_rfc_writes_them() {
        let check = |header: &str, expected: Option<&str>| {
            let expected = expected.map(str::to_owned);
            assert_eq!(next_link(header), Ok(expected), "{header}");
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
        assert_eq!(next_link("</x?page=2; rel=next"), Err(BrokenLink));
    }
}
