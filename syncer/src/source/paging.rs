//! How the upstream hands out its records, and what must hold for a run to be complete.

use super::{
    fault::Wrong,
    notation,
    plan::{DeleteHow, Deletes, End, Expect, Most, Page, Param, Place, Size, Total, Way, Within},
    report::Report,
    spec::{Amount, DeleteHowSpec, DeletesSpec, ExpectSpec, PageKind, PageSpec, ResourceSpec},
};

/// The page, which every resource must say: a guess that is wrong loses records without a sound.
pub(crate) fn page(report: &mut Report<'_>, spec: &ResourceSpec) -> Page {
    let mut read = Page {
        way: Way::None,
        size: Size::default(),
        total: None,
        more: None,
        end: End::Empty,
        max: None,
    };
    let Some((page, kind)) = spec.page.as_ref().and_then(|page| Some((page, page.kind?))) else {
        if !report.root.has(&["page", "kind"]) {
            let wrong = Wrong::accepts(
                "`page.kind` is missing: how does the upstream hand out its records?",
                "none (all in one answer), page, offset, link",
            );
            report.wrong(&["page"], wrong);
        }
        return read;
    };
    check_keys(report, page, kind);
    read.total = place(report, page);
    read.max = page.max;
    if page.max == Some(0) {
        report.wrong(
            &["page", "max"],
            Wrong::accepts("no page could be read", "1 or more"),
        );
    }
    if kind != PageKind::None {
        read.size = size(report, page);
    }
    read.way = match kind {
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
        PageKind::Link => Way::Link,
        PageKind::None | PageKind::Cursor | PageKind::Url => Way::None,
    };
    read
}

/// Keys that mean nothing for the kind.
fn check_keys(report: &mut Report<'_>, page: &PageSpec, kind: PageKind) {
    let (word, accepted): (&str, &[&str]) = match kind {
        PageKind::None => ("none", &["total"]),
        PageKind::Page => (
            "page",
            &["param", "start", "size", "size_param", "total", "max"],
        ),
        PageKind::Offset => (
            "offset",
            &["param", "start", "size", "size_param", "total", "max"],
        ),
        PageKind::Link => ("link", &["size", "size_param", "total", "max"]),
        PageKind::Cursor | PageKind::Url => return,
    };
    let given = [
        ("param", page.param.is_some()),
        ("start", page.start.is_some()),
        ("size", page.size.is_some()),
        ("size_param", page.size_param.is_some()),
        ("max", page.max.is_some()),
    ];
    for (key, given) in given {
        if given && !accepted.contains(&key) {
            let message = format!("`{key}` means nothing for paging of the kind `{word}`");
            report.wrong(&["page", key], Wrong::accepts(message, accepted.join(", ")));
        }
    }
}

fn place(report: &mut Report<'_>, page: &PageSpec) -> Option<Place> {
    report.read(&["page", "total"], page.total.as_deref(), notation::place)
}

fn param(report: &mut Report<'_>, page: &PageSpec) -> Param {
    let name = match page.param.as_deref() {
        None | Some("") => {
            report.wrong(
                &["page", "param"],
                Wrong::accepts(
                    "`page.param` is missing",
                    "the name of the parameter that asks for a page",
                ),
            );
            String::new()
        }
        Some(param) => param.to_owned(),
    };
    in_query(name)
}

fn in_query(name: String) -> Param {
    Param {
        name,
        within: Within::Query,
    }
}

fn size(report: &mut Report<'_>, page: &PageSpec) -> Size {
    if page.size == Some(0) {
        report.wrong(
            &["page", "size"],
            Wrong::accepts("a page would have no records", "1 or more"),
        );
    }
    if page.size_param.is_some() && page.size.is_none() {
        report.wrong(
            &["page", "size"],
            Wrong::accepts(
                "`page.size` is missing beside `size_param`",
                "the number of records to ask for",
            ),
        );
    }
    Size {
        param: page.size_param.clone().map(in_query),
        records: page.size,
    }
}

/// What must hold for a run to be complete.
pub(crate) fn expect(report: &mut Report<'_>, spec: &ExpectSpec, page: &Page) -> Expect {
    let written = report.read(&["expect", "total"], spec.total.as_deref(), notation::total);
    let known = page.total.is_some() || report.root.has(&["page", "total"]);
    if matches!(written, Some(Total::Within(_))) && !known {
        let wrong = Wrong::accepts(
            "there is no total to compare with",
            "off, or `page.total` with the place of the total",
        );
        report.wrong(&["expect", "total"], wrong);
    }
    let default = if page.total.is_some() {
        Total::Within(0)
    } else {
        Total::Off
    };
    Expect {
        total: written.unwrap_or(default),
        min: spec.min.unwrap_or(0),
        max_drop: report.read(
            &["expect", "max_drop"],
            spec.max_drop.as_deref(),
            notation::share,
        ),
    }
}

/// What becomes of rows that are gone.
pub(crate) fn deletes(report: &mut Report<'_>, spec: &DeletesSpec) -> Deletes {
    let how = match spec.how {
        Some(DeleteHowSpec::Hard) => DeleteHow::Hard,
        Some(DeleteHowSpec::Off) => DeleteHow::Off,
        Some(DeleteHowSpec::Soft) | None => DeleteHow::Soft,
    };
    let max = match &spec.max {
        Some(Amount::Rows(rows)) => Most::Rows(*rows),
        Some(Amount::Share(text)) => Most::Share(
            report
                .ok(&["deletes", "max"], notation::share(text))
                .unwrap_or(0.0),
        ),
        None => Most::Share(0.2),
    };
    Deletes {
        how,
        max,
        flag: None,
    }
}

/// Statuses that stand for an empty page.
pub(crate) fn empty_on(report: &mut Report<'_>, spec: &ResourceSpec) -> Vec<u16> {
    let mut statuses = Vec::new();
    for status in spec.status.keys() {
        match status.parse() {
            // A 429 says to wait, never that there is nothing.
            Ok(number) if number == 204 || ((400..=599).contains(&number) && number != 429) => {
                statuses.push(number);
            }
            _ => {
                let wrong = Wrong::accepts(
                    format!("`{status}` cannot stand for an empty page"),
                    "204, and 400 to 599 except 429",
                );
                report.wrong_key(&["status", status], wrong);
            }
        }
    }
    statuses
}
