//! How a document says that pages are asked for. It is never tried, and a comment says so.

use super::{document::Parameter, list::List};
use crate::draft::{Page, PageKind, Role, Sign, TOTAL_HEADERS, place, role, sign, total_rank};

/// Records to ask for at once where the document does not say how many may be asked for.
const SIZE: u64 = 100;

/// The page of an operation, and what is doubtful about it.
pub(super) fn page(
    parameters: &[Parameter<'_>],
    headers: &[String],
    list: &List<'_>,
) -> (Page, Vec<String>) {
    let mut notes = vec!["not tried: the page is as the document has it".to_owned()];
    let with = |wanted: Role| {
        let query = parameters
            .iter()
            .filter(|parameter| parameter.within == "query");
        query
            .into_iter()
            .find(|parameter| role(parameter.name) == Some(wanted))
    };
    let cursor = with(Role::Cursor);
    let by_cursor = cursor.and_then(|cursor| cursors(cursor, list));
    let mut page = if headers.iter().any(|name| name == "link") {
        Page::new(PageKind::Link)
    } else if let Some(page) = by_cursor {
        page
    } else if let Some(number) = with(Role::Page) {
        numbers(number, &mut notes)
    } else if let Some(offset) = with(Role::Offset) {
        Page {
            param: Some(offset.name.to_owned()),
            start: Some(
                offset
                    .number("minimum")
                    .filter(|start| *start <= 1)
                    .unwrap_or(0),
            ),
            ..Page::new(PageKind::Offset)
        }
    } else {
        without_number(cursor, member(list, Sign::Next), &mut notes)
    };
    if page.kind != PageKind::None && page.kind != PageKind::Url {
        size(&mut page, with(Role::Size), &mut notes);
    }
    page.total = total(headers, list);
    (page, notes)
}

/// The member beside the records that is for `wanted`.
fn member<'l>(list: &'l List<'_>, wanted: Sign) -> Option<&'l [String]> {
    let kinds: &[&str] = match wanted {
        Sign::More => &["boolean"],
        Sign::Next | Sign::Pages => &["string", "integer", "number", ""],
    };
    let mut members = list.beside.iter().filter(|(_, kind)| kinds.contains(kind));
    let (path, _) = members.find(|(path, _)| sign(path) == Some(wanted))?;
    Some(path)
}

/// A cursor that the answer tells; or its last record, where it tells only that there is more.
fn cursors(parameter: &Parameter<'_>, list: &List<'_>) -> Option<Page> {
    let more = member(list, Sign::More).map(place);
    let told = member(list, Sign::Next).map(place);
    let by_record = || more.as_ref().map(|_| "last:/id".to_owned());
    Some(Page {
        param: Some(parameter.name.to_owned()),
        next: Some(told.or_else(by_record)?),
        more,
        ..Page::new(PageKind::Cursor)
    })
}

fn numbers(parameter: &Parameter<'_>, notes: &mut Vec<String>) -> Page {
    let said = parameter
        .number("default")
        .or_else(|| parameter.number("minimum"));
    let start = said.filter(|start| *start <= 1);
    if start.is_none() {
        notes.push("assumed: the first page is number 1".to_owned());
    }
    Page {
        param: Some(parameter.name.to_owned()),
        start: Some(start.unwrap_or(1)),
        ..Page::new(PageKind::Page)
    }
}

/// No parameter has a page's number or place in it.
fn without_number(
    cursor: Option<&Parameter<'_>>,
    next: Option<&[String]>,
    notes: &mut Vec<String>,
) -> Page {
    if let Some(next) = next {
        return Page {
            next: Some(place(next)),
            ..Page::new(PageKind::Url)
        };
    }
    notes.push(match cursor {
        Some(cursor) => format!(
            "WARNING: parameter `{}` asks for more pages, but where the next one's value stands is not documented",
            cursor.name
        ),
        None => "no parameter and no answer speaks of pages, so that all records are taken to come at once".to_owned(),
    });
    Page::new(PageKind::None)
}

fn size(page: &mut Page, parameter: Option<&Parameter<'_>>, notes: &mut Vec<String>) {
    let Some(parameter) = parameter else {
        return;
    };
    let documented = parameter.number("maximum").filter(|most| *most <= 10_000);
    let documented = documented.or_else(|| parameter.number("default"));
    page.size_param = Some(parameter.name.to_owned());
    page.size = Some(documented.filter(|size| *size > 0).unwrap_or(SIZE));
    if documented.is_none() {
        notes.push(format!("assumed: {SIZE} records may be asked for at once"));
    }
}

fn total(headers: &[String], list: &List<'_>) -> Option<String> {
    let header = TOTAL_HEADERS
        .iter()
        .find(|name| headers.iter().any(|header| header == *name));
    if let Some(name) = header {
        return Some(format!("header:{name}"));
    }
    let ranked = list.beside.iter().filter_map(|(path, kind)| {
        let rank = total_rank(path.last()?)?;
        ["integer", "number"].contains(kind).then_some((rank, path))
    });
    let (rank, path) = ranked.min_by_key(|(rank, _)| *rank)?;
    // `count` may be that of the page.
    (rank < total_rank("count")? || path.len() == 1).then(|| place(path))
}
