//! What the upstream answers: its format, and where records and failures stand in it.

use super::{
    fault::Wrong,
    plan::{Format, Page, Place, Pointer, Way},
    pointing,
    report::Report,
    spec::{FormatSpec, PageKind, ResourceSpec},
};

/// How an answer is read.
pub(crate) struct Answer {
    pub(crate) format: Format,
    pub(crate) records: Pointer,
    pub(crate) keyed_by: Option<String>,
    pub(crate) single: bool,
    pub(crate) error_when: Option<Pointer>,
}

pub(crate) fn answer(report: &mut Report<'_>, spec: &ResourceSpec) -> Answer {
    let delimiter = spec.delimiter.as_deref().map(delimiter);
    let delimiter = report.ok(&["delimiter"], delimiter.transpose()).flatten();
    if spec.delimiter.is_some() && spec.format != Some(FormatSpec::Csv) {
        let wrong = Wrong::accepts("it means nothing without `format = \"csv\"`", "no such key");
        report.wrong_key(&["delimiter"], wrong);
    }
    let format = match spec.format {
        Some(FormatSpec::Csv) => Format::Csv {
            delimiter: delimiter.unwrap_or(b','),
        },
        Some(FormatSpec::Ndjson) => Format::Ndjson,
        Some(FormatSpec::Json) | None => Format::Json,
    };
    if format != Format::Json {
        lines(report);
        return Answer {
            format,
            records: Pointer::default(),
            keyed_by: None,
            single: false,
            error_when: None,
        };
    }
    if spec.keyed_by.as_deref() == Some("") {
        report.wrong(
            &["keyed_by"],
            Wrong::accepts("it is empty", "the member that takes the name: \"id\""),
        );
    }
    if spec.single == Some(true) {
        check_single(report, spec);
    }
    let mut place = |key: &str, text: &Option<String>| {
        report.read(&[key], text.as_deref(), pointing::body_place)
    };
    Answer {
        format,
        records: place("records", &spec.records).unwrap_or_default(),
        keyed_by: spec.keyed_by.clone(),
        single: spec.single == Some(true),
        error_when: place("error_when", &spec.error_when),
    }
}

/// Reports places in the body of answers that are lines of records.
pub(crate) fn check_places(report: &mut Report<'_>, format: Format, page: &Page) {
    let next = match &page.way {
        Way::Cursor { next, .. } | Way::Url { next, .. } => Some(next),
        Way::None | Way::Number { .. } | Way::Offset { .. } | Way::Link => None,
    };
    // Where it means nothing at all, that is reported.
    let more = page.more.as_ref();
    let more = more.filter(|_| !matches!(page.way, Way::None | Way::Link));
    let places = [
        ("total", page.total.as_ref()),
        ("more", more),
        ("next", next),
    ];
    for (key, place) in places {
        if format != Format::Json && matches!(place, Some(Place::Body(_))) {
            let wrong = Wrong::accepts(
                "a body of lines holds records and nothing else",
                "header:name",
            );
            report.wrong(&["page", key], wrong);
        }
    }
}

/// Reports what only several records have. What comes from `[defaults]` is meant for other resources.
fn check_single(report: &mut Report<'_>, spec: &ResourceSpec) {
    if spec.keyed_by.is_some() && report.is_own(&["keyed_by"]) {
        let wrong = Wrong::accepts(
            "one record is not the members of an object",
            "no such key, or no `single`",
        );
        report.wrong_key(&["keyed_by"], wrong);
    }
    let kind = spec.page.as_ref().and_then(|page| page.kind);
    if kind.is_some_and(|kind| kind != PageKind::None) {
        let wrong = Wrong::accepts("one record has no pages", "none, or no `single`");
        report.wrong(&["page", "kind"], wrong);
    }
}

/// Reports what only one document can hold. What comes from `[defaults]` is meant for other resources.
fn lines(report: &mut Report<'_>) {
    for key in ["records", "keyed_by", "single", "error_when"] {
        if report.is_own(&[key]) {
            let wrong = Wrong::accepts(
                format!("`{key}` means nothing where each line is a record"),
                "no such key, or `format = \"json\"`",
            );
            report.wrong_key(&[key], wrong);
        }
    }
}

fn delimiter(text: &str) -> Result<u8, Wrong> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !b"\"\r\n\0".contains(byte) => Ok(*byte),
        _ => Err(Wrong::accepts(
            format!("`{}` is no delimiter", text.escape_debug()),
            "one character of ASCII, no quote and no end of a line: \",\", \";\", \"\\t\"",
        )),
    }
}
