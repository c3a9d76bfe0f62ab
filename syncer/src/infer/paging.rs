//! How there may be more pages, from the signs in an answer and the parameters that it was asked for with.
//!
//! Nothing here is believed before a second page was asked for and other records came: see `walk`.

use super::{answer::Answer, asked::Asked, signs::Signs};
use crate::draft::{Page, PageKind, cursor_params, place};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{json::Json, records, signs};

    fn answer(body: &str) -> Answer {
        Answer {
            url: "http://a/x".to_owned(),
            headers: Vec::new(),
            link: None,
            body: Json::parse(body.as_bytes()).expect("JSON"),
        }
    }

    /// The first few ways to ask for more, each in short.
    fn ways(answer: &Answer, asked: &Asked) -> Vec<String> {
        let found = records::find(&answer.body, "x").expect("records");
        let records = found.records(&answer.body).len();
        let signs = signs::read(answer, &found, records);
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
            let found = ways(&answer(body), &Asked::default());
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
            ways(&answer(r#"[{"id":1}]"#), &asked),
            ["Page page[number]"]
        );
    }
}
