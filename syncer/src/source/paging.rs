//! How the upstream hands out its records.

use super::{
    address,
    fault::Wrong,
    plan::{End, Page, Param, Place, Pointer, Size, Way, Within},
    pointing,
    report::Report,
    spec::{EndSpec, PageKind, PageSpec, ResourceSpec, WithinSpec},
};

/// The page, which every resource must say: a guess that is wrong loses records without a sound.
pub(crate) fn page(report: &mut Report<'_>, spec: &ResourceSpec) -> Page {
    let Some((page, kind)) = spec.page.as_ref().and_then(|page| Some((page, page.kind?))) else {
        if !report.root.has(&["page", "kind"]) {
            let wrong = Wrong::accepts(
                "`page.kind` is missing: how does the upstream hand out its records?",
                "none (all in one answer), page, offset, cursor, link, url",
            );
            report.wrong(&["page"], wrong);
        }
        return of(Way::None);
    };
    check_keys(report, kind);
    let way = way(report, page, kind);
    let end = end(report, page, &way);
    let mut place = |key: &str, text: &Option<String>| {
        report.read(&["page", key], text.as_deref(), pointing::place)
    };
    let total = place("total", &page.total);
    let more = place("more", &page.more);
    if page.max == Some(0) {
        report.wrong(
            &["page", "max"],
            Wrong::accepts("no page could be read", "1 or more"),
        );
    }
    let size = match kind {
        PageKind::None => Size::default(),
        _ => size(report, page),
    };
    Page {
        size,
        total,
        more,
        end,
        max: page.max,
        ..of(way)
    }
}

fn of(way: Way) -> Page {
    Page {
        way,
        size: Size::default(),
        total: None,
        more: None,
        end: End::Empty,
        max: None,
    }
}

/// Keys that mean nothing for the kind.
fn check_keys(report: &mut Report<'_>, kind: PageKind) {
    let (word, own, extent): (&str, &[&str], &[&str]) = match kind {
        PageKind::None => ("none", &[], &["total"]),
        PageKind::Page => ("page", &["param", "in", "start"], &EXTENT),
        PageKind::Offset => ("offset", &["param", "in", "start"], &EXTENT),
        PageKind::Cursor => ("cursor", &["param", "in", "next"], &EXTENT),
        PageKind::Link => ("link", &[], &["size", "size_param", "total", "max"]),
        PageKind::Url => ("url", &["next", "origins"], &EXTENT),
    };
    let accepted = [own, extent].concat();
    let Some(page) = report.root.get("page") else {
        return;
    };
    for entry in page.entries() {
        let key = entry.name.as_str();
        if key != "kind" && !accepted.contains(&key) {
            let message = format!("`{key}` means nothing for paging of the kind `{word}`");
            report.wrong(&["page", key], Wrong::accepts(message, accepted.join(", ")));
        }
    }
}

/// Keys that say how much comes: in a page, and until the end.
const EXTENT: [&str; 6] = ["size", "size_param", "more", "total", "end", "max"];

fn way(report: &mut Report<'_>, page: &PageSpec, kind: PageKind) -> Way {
    match kind {
        PageKind::None => Way::None,
        PageKind::Page => {
            if page.start.is_none() && !report.root.has(&["page", "start"]) {
                report.wrong(
                    &["page"],
                    Wrong::accepts(
                        "`page.start` is missing: which number has the first page?",
                        "0, 1",
                    ),
                );
            }
            Way::Number {
                param: param(report, page),
                start: page.start.unwrap_or(0),
            }
        }
        PageKind::Offset => Way::Offset {
            param: param(report, page),
            start: page.start.unwrap_or(0),
        },
        PageKind::Cursor => Way::Cursor {
            param: param(report, page),
            next: next(report, page, pointing::place_or_last),
        },
        PageKind::Link => Way::Link,
        PageKind::Url => Way::Url {
            next: next(report, page, pointing::place),
            origins: origins(report, page),
        },
    }
}

fn next(report: &mut Report<'_>, page: &PageSpec, read: fn(&str) -> Result<Place, Wrong>) -> Place {
    if !report.root.has(&["page", "next"]) {
        let message = "`page.next` is missing: where does an answer say how to go on?";
        let accepted = "body:/json/pointer, header:name";
        report.wrong(&["page"], Wrong::accepts(message, accepted));
    }
    let place = report.read(&["page", "next"], page.next.as_deref(), read);
    place.unwrap_or(Place::Body(Pointer::default()))
}

fn origins(report: &mut Report<'_>, page: &PageSpec) -> Vec<String> {
    let mut origins = Vec::new();
    for (index, text) in page.origins.iter().flatten().enumerate() {
        let path = ["page", "origins", &index.to_string()];
        origins.extend(report.ok(&path, address::origin(text)));
    }
    origins
}

fn param(report: &mut Report<'_>, page: &PageSpec) -> Param {
    match page.param.as_deref() {
        None | Some("") => {
            report.wrong(
                &["page", "param"],
                Wrong::accepts(
                    "`page.param` is missing",
                    "the name of the parameter that asks for a page",
                ),
            );
            sent(report, page, "param", "")
        }
        Some(name) => sent(report, page, "param", name),
    }
}

/// The parameter `name`, where `page.in` says.
fn sent(report: &mut Report<'_>, page: &PageSpec, key: &str, name: &str) -> Param {
    let within = match page.within {
        Some(WithinSpec::Body) if name.starts_with('/') => {
            let pointer = report.ok(&["page", key], pointing::pointer(name));
            Within::Body(pointer.unwrap_or_else(|| Pointer(vec![name.to_owned()])))
        }
        Some(WithinSpec::Body) => Within::Body(Pointer(vec![name.to_owned()])),
        Some(WithinSpec::Query) | None => Within::Query,
    };
    Param {
        name: name.to_owned(),
        within,
    }
}

fn size(report: &mut Report<'_>, page: &PageSpec) -> Size {
    if page.size == Some(0) {
        report.wrong(
            &["page", "size"],
            Wrong::accepts("a page would have no records", "1 or more"),
        );
    }
    if page.size_param.is_some() && page.size.is_none() && !report.root.has(&["page", "size"]) {
        report.wrong(
            &["page", "size"],
            Wrong::accepts(
                "`page.size` is missing beside `size_param`",
                "the number of records to ask for",
            ),
        );
    }
    let param = page.size_param.as_deref();
    Size {
        param: param.map(|name| sent(report, page, "size_param", name)),
        records: page.size,
    }
}

/// What ends the pages where nothing else says so.
fn end(report: &mut Report<'_>, page: &PageSpec, way: &Way) -> End {
    // Links have no such key at all.
    let handed_out = way.is_handed_out() && *way != Way::Link;
    match page.end {
        Some(EndSpec::Empty) if handed_out => {
            let wrong = Wrong::accepts(
                "a page without records may stand in the middle: the pages end where there is no next one",
                "short, or no such key",
            );
            report.wrong(&["page", "end"], wrong);
            End::Empty
        }
        Some(EndSpec::Short) => {
            if page.size.is_none() && !report.root.has(&["page", "size"]) {
                let wrong = Wrong::accepts(
                    "`page.size` is missing: which page is a short one?",
                    "`size`, the number of records in a full page",
                );
                report.wrong(&["page", "end"], wrong);
            }
            End::Short
        }
        Some(EndSpec::Empty) | None => End::Empty,
    }
}
