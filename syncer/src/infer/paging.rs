//! How there may be more pages, from one answer and from the parameters that it was asked for with.
//!
//! Nothing here is believed before a second page was asked for and other records came: see `walk`.

use super::{
    answer::{Answer, Place},
    json::Json,
    records::Found,
};
use crate::draft::{
    Page, PageKind, Role, Sign, TOTAL_HEADERS, cursor_params, place, role, sign, total_rank,
};

/// Parameters about paging that the URL or the definition has already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) page: Option<(String, u64)>,
    pub(crate) offset: Option<(String, u64)>,
    pub(crate) size: Option<(String, u64)>,
    pub(crate) cursor: Option<String>,
}

impl Asked {
    /// Takes a parameter in, if it is about paging.
    pub(crate) fn take(&mut self, name: &str, value: &str) -> bool {
        let number = value.parse::<u64>().ok();
        let (place, number) = match (role(name), number) {
            (Some(Role::Cursor), _) => {
                self.cursor = Some(name.to_owned());
                return true;
            }
            (Some(Role::Page), Some(number)) => (&mut self.page, number),
            (Some(Role::Offset), Some(number)) => (&mut self.offset, number),
            (Some(Role::Size), Some(number)) if number > 0 => (&mut self.size, number),
            _ => return false,
        };
        let is_free = place.is_none();
        if is_free {
            *place = Some((name.to_owned(), number));
        }
        is_free
    }

    fn of(&self, kind: PageKind) -> Page {
        Page {
            size_param: self.size.as_ref().map(|(name, _)| name.clone()),
            size: self.size.as_ref().map(|(_, size)| *size),
            ..Page::new(kind)
        }
    }
}

/// What an answer says of there being more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// Why there must be more pages, in words.
    pub(crate) promise: Option<String>,
    /// Member with the URL of the next page.
    pub(crate) url: Option<Vec<String>>,
    /// Members with what may be a cursor.
    pub(crate) cursors: Vec<Vec<String>>,
    /// Member that says whether there is more.
    pub(crate) more: Option<Vec<String>>,
    /// Whether it says that there is more.
    pub(crate) has_more: bool,
}

/// Reads the signs in `answer`, which brought so many records.
pub(crate) fn signs(answer: &Answer, found: &Found, records: usize) -> Signs {
    let mut signs = Signs::default();
    for (path, value) in answer.beside(found) {
        note(&mut signs, path, value);
    }
    let more = totals(answer, found).into_iter().filter_map(|place| {
        let total = answer.count_at(&place)?;
        (total > records as u64)
            .then(|| format!("`{}` is {total}, and {records} came", place.to_text()))
    });
    let total = more.into_iter().next();
    let link = answer
        .link
        .as_ref()
        .map(|_| "the Link header names a next page".to_owned());
    signs.promise = link.or(signs.promise).or(total);
    signs
}

fn note(signs: &mut Signs, path: Vec<String>, value: &Json) {
    let at = place(&path);
    let Some(text) = value
        .plain()
        .or(matches!(value, Json::Boolean(_)).then_some(""))
    else {
        return;
    };
    match sign(&path) {
        Some(Sign::Next) if is_url(text) => {
            signs
                .promise
                .get_or_insert(format!("`{at}` names a next page"));
            signs.url.get_or_insert(path);
        }
        Some(Sign::Next) if !text.is_empty() => {
            if path.last().is_some_and(|name| name.starts_with("next")) {
                signs
                    .promise
                    .get_or_insert(format!("`{at}` names a next page"));
            }
            signs.cursors.push(path);
        }
        Some(Sign::More) if text.is_empty() => {
            signs.has_more = *value == Json::Boolean(true);
            if signs.has_more {
                signs.promise.get_or_insert(format!("`{at}` is true"));
            }
            signs.more.get_or_insert(path);
        }
        Some(Sign::Pages) if value.count().is_some_and(|pages| pages > 1) => {
            signs.promise.get_or_insert(format!("`{at}` is {text}"));
        }
        _ => {}
    }
}

fn is_url(text: &str) -> bool {
    ["http://", "https://", "/", "?"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// Ways to ask for a second page, the surest first.
pub(crate) fn candidates(
    answer: &Answer,
    signs: &Signs,
    asked: &Asked,
    records: usize,
) -> Vec<Page> {
    let mut pages = Vec::new();
    if answer.link.is_some() {
        pages.push(asked.of(PageKind::Link));
    }
    if let Some(path) = &signs.url {
        let next = Some(place(path));
        pages.push(Page {
            next,
            ..asked.of(PageKind::Url)
        });
    }
    for path in &signs.cursors {
        let name = path.last().map_or("", String::as_str);
        let given = asked.cursor.clone().into_iter();
        let params: Vec<String> = match asked.cursor {
            Some(_) => given.collect(),
            None => cursor_params(name),
        };
        pages.extend(params.into_iter().map(|param| Page {
            param: Some(param),
            next: Some(place(path)),
            more: signs.more.as_deref().map(place),
            ..asked.of(PageKind::Cursor)
        }));
    }
    if signs.has_more && signs.cursors.is_empty() {
        let given = asked.cursor.clone().into_iter();
        let params = given
            .chain(["starting_after", "after"].map(str::to_owned))
            .take(2);
        pages.extend(params.map(|param| Page {
            param: Some(param),
            next: Some("last:/id".to_owned()),
            more: signs.more.as_deref().map(place),
            ..asked.of(PageKind::Cursor)
        }));
    }
    pages.extend(numbered(signs, asked, records));
    pages
}

fn numbered(signs: &Signs, asked: &Asked, records: usize) -> Vec<Page> {
    if let Some((param, number)) = &asked.page {
        let param = Some(param.clone());
        let start = Some((*number).min(1));
        return vec![Page {
            param,
            start,
            ..asked.of(PageKind::Page)
        }];
    }
    if let Some((param, number)) = &asked.offset {
        let param = Some(param.clone());
        let start = Some(u64::from(*number == 1));
        return vec![Page {
            param,
            start,
            ..asked.of(PageKind::Offset)
        }];
    }
    if signs.promise.is_none() && !is_round(records, asked) {
        return Vec::new();
    }
    let named = |kind, param: &str| Page {
        param: Some(param.to_owned()),
        start: (kind == PageKind::Offset).then_some(0),
        ..asked.of(kind)
    };
    vec![
        named(PageKind::Page, "page"),
        named(PageKind::Offset, "offset"),
        named(PageKind::Offset, "skip"),
    ]
}

/// Whether so many records may be a full page, though nothing says so.
pub(crate) fn is_round(records: usize, asked: &Asked) -> bool {
    let size = asked.size.as_ref().map(|(_, size)| *size);
    size == Some(records as u64) || (records >= 10 && (records.is_multiple_of(10) || records == 25))
}

/// Places that may tell the number of all records, the likeliest first.
pub(crate) fn totals(answer: &Answer, found: &Found) -> Vec<Place> {
    let headers = TOTAL_HEADERS
        .iter()
        .filter(|name| answer.header(name).is_some());
    let headers = headers.map(|name| Place::Header((*name).to_owned()));
    let mut members: Vec<(usize, Place)> = Vec::new();
    for (path, value) in answer.beside(found) {
        let rank = path.last().and_then(|name| total_rank(name));
        if let (Some(rank), Some(_)) = (rank, value.count()) {
            members.push((rank, Place::Body(path)));
        }
    }
    members.sort_by_key(|(rank, _)| *rank);
    headers
        .chain(members.into_iter().map(|(_, place)| place))
        .collect()
}

/// The place that tells how many records there are in all: it says the same on each of `answers`, and not
/// fewer than came; if all of them came, not more either.
pub(crate) fn total(
    answers: &[Answer],
    found: &Found,
    records: usize,
    is_all: bool,
) -> Option<Place> {
    let first = answers.first()?;
    totals(first, found).into_iter().find(|place| {
        let told: Option<Vec<u64>> = answers
            .iter()
            .map(|answer| answer.count_at(place))
            .collect();
        let records = records as u64;
        let fits = |total: u64| total == records || (total > records && !is_all);
        told.is_some_and(|told| told.iter().all(|total| *total == told[0]) && fits(told[0]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::records;

    fn answer(headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Answer {
            url: "http://a/x".to_owned(),
            headers: headers.collect(),
            link: None,
            body: Json::parse(body.as_bytes()).expect("JSON"),
        }
    }

    /// The first few ways to ask for more, each in short.
    fn ways(answer: &Answer, asked: &Asked) -> Vec<String> {
        let found = records::find(&answer.body, "x").expect("records");
        let records = found.records(&answer.body).len();
        let signs = signs(answer, &found, records);
        let pages = candidates(answer, &signs, asked, records);
        let ways = pages.iter().map(|page| {
            let texts = [&page.param, &page.next, &page.more];
            let texts: Vec<&str> = texts.into_iter().flatten().map(String::as_str).collect();
            format!("{:?} {}", page.kind, texts.join(" "))
        });
        ways.collect()
    }

    #[test]
    fn ways_to_ask_for_more_are_read_from_the_answer() {
        let check = |body: &str, expected: &[&str]| {
            let found = ways(&answer(&[], body), &Asked::default());
            assert_eq!(
                &found[..expected.len().min(found.len())],
                expected,
                "{body}"
            );
        };
        check(r#"[{"id":1}]"#, &[]);
        check(
            r#"{"data":[{"id":1}],"next_cursor":"abc"}"#,
            &["Cursor cursor body:/next_cursor"],
        );
        check(
            r#"{"data":[{"id":1}],"meta":{"nextPageToken":"x","has_more":true}}"#,
            &["Cursor pageToken body:/meta/nextPageToken body:/meta/has_more"],
        );
        check(
            r#"{"data":[{"id":1}],"links":{"next":"/x?page=2"}}"#,
            &["Url body:/links/next"],
        );
        check(
            r#"{"_links":{"next":{"href":"/x"}},"items":[{"id":1}]}"#,
            &["Url body:/_links/next/href"],
        );
        check(
            r#"{"data":[{"id":1}],"has_more":true}"#,
            &["Cursor starting_after last:/id body:/has_more"],
        );
        check(
            r#"{"data":[{"id":1}],"next_cursor":null,"has_more":false,"total":1}"#,
            &[],
        );
        check(
            r#"{"data":[{"id":1}],"total":5}"#,
            &["Page page", "Offset offset"],
        );
        let mut asked = Asked::default();
        assert!(asked.take("page[number]", "3") && asked.take("page[size]", "2"));
        assert!(!asked.take("start", "2024-01-01") && !asked.take("q", "1"));
        assert_eq!(
            ways(&answer(&[], r#"[{"id":1}]"#), &asked),
            ["Page page[number]"]
        );
    }

    #[test]
    fn a_total_is_told_by_every_page() {
        let check = |bodies: &[&str], records, is_all, expected: Option<&str>| {
            let headers = [("x-total-count", "9")];
            let answers: Vec<Answer> = bodies.iter().map(|body| answer(&headers, body)).collect();
            let found = records::find(&answers[0].body, "x").expect("records");
            let place = total(&answers, &found, records, is_all).map(|place| place.to_text());
            assert_eq!(place.as_deref(), expected, "{bodies:?}");
        };
        let page = r#"{"data":[{"id":1}],"meta":{"total":7},"count":1}"#;
        check(&[page, page], 2, false, Some("header:x-total-count"));
        check(&[page, page], 9, true, Some("header:x-total-count"));
        check(&[page, page], 7, true, Some("body:/meta/total"));
        check(&[page], 1, true, Some("body:/count"));
        check(&[page, page], 12, false, None);
    }
}
