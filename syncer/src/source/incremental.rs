//! The `cursor` table: how a run asks only for what changed since the last complete one.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    document::Resource,
    fault::Wrong,
    notation,
    plan::{CursorKind, Incremental, Mark, Order, Pointer, Step, TimeFormat},
    report::Report,
    request, rule,
    spec::{CursorKindSpec, CursorSpec, Distance, OrderSpec, PageKind, Scalar},
    template::{self, Bounds},
};

/// The bounds that the requests of `resource` may name.
pub(crate) fn bounds(report: &Report<'_>, resource: &Resource) -> Option<Bounds> {
    // A faulty one is reported as such, and so is there.
    report.root.has(&["cursor"]).then(|| Bounds {
        from: resource.spec.cursor.is_none() || report.root.has(&["cursor", "start"]),
        until: resource.spec.cursor.is_none() || report.root.has(&["cursor", "window"]),
    })
}

/// How a run asks only for what changed.
pub(crate) fn cursor(report: &mut Report<'_>, resource: &Resource) -> Option<Incremental> {
    let spec = resource.spec.cursor.as_ref()?;
    check_request(report, resource, spec);
    let field = report.ok(&["cursor", "field"], notation::pointer(&spec.field));
    if field.as_ref().is_some_and(|field| field.0.is_empty()) {
        report.wrong(
            &["cursor", "field"],
            Wrong::accepts(
                "the whole record cannot be a cursor",
                "a pointer to a member: /updated_at",
            ),
        );
    }
    let kind = kind(report, spec);
    let request_format = request_format(report, spec, &kind);
    let start = spec.start.as_ref().map(|start| start_of(start, &kind));
    let start = report.ok(&["cursor", "start"], start.transpose()).flatten();
    let mut step = |key: &str, distance: &Option<Distance>| {
        let step = distance.as_ref().map(|distance| step(distance, &kind));
        report.ok(&["cursor", key], step.transpose()).flatten()
    };
    let lookback = step("lookback", &spec.lookback);
    let window = step("window", &spec.window);
    Some(Incremental {
        field: field.unwrap_or_else(Pointer::default),
        start,
        lookback,
        window,
        order: match spec.order {
            Some(OrderSpec::Asc) => Order::Ascending,
            Some(OrderSpec::Desc) => Order::Descending,
            None => Order::Any,
        },
        kind,
        request_format,
    })
}

/// How often everything is read all the same.
pub(crate) fn full_every(report: &mut Report<'_>, resource: &Resource) -> Option<Duration> {
    let spec = &resource.spec;
    let every = report.read(
        &["full_every"],
        spec.full_every.as_deref(),
        notation::duration,
    )?;
    let for_each = spec.for_each.as_ref();
    let skips = for_each.is_some_and(|for_each| for_each.changed_only == Some(true));
    if !skips && !report.root.has(&["cursor"]) && report.is_own(&["full_every"]) {
        report.wrong(
            &["full_every"],
            Wrong::accepts(
                "each run reads everything anyway",
                "no such key, or `cursor` or `for_each.changed_only` beside it",
            ),
        );
    }
    Some(every)
}

/// Whether the requests say what the cursor knows.
fn check_request(report: &mut Report<'_>, resource: &Resource, spec: &CursorSpec) {
    let texts = request::texts(resource);
    let says = |name: &str| texts.iter().any(|text| template::names(text, name));
    if spec.window.is_some() && !says("cursor.until") {
        report.wrong(
            &["cursor", "window"],
            Wrong::accepts(
                "no request says where a window ends",
                "`{cursor.until}` in path, query, headers or body",
            ),
        );
    }
    if says("cursor") {
        return;
    }
    if spec.order != Some(OrderSpec::Desc) {
        let wrong = Wrong::accepts(
            "no request says from where on records are asked for",
            "`{cursor}` in path, query, headers or body, or `order = \"desc\"` where the upstream answers newest first",
        );
        report.wrong_key(&["cursor"], wrong);
    } else if resource.spec.page.as_ref().and_then(|page| page.kind) == Some(PageKind::None) {
        let wrong = Wrong::accepts(
            "all comes in one answer, so that nothing can be left out",
            "`{cursor}` in path, query, headers or body, or no `cursor`",
        );
        report.wrong_key(&["cursor"], wrong);
    }
}

fn kind(report: &mut Report<'_>, spec: &CursorSpec) -> CursorKind {
    let format = report.read(
        &["cursor", "format"],
        spec.format.as_deref(),
        rule::time_format,
    );
    match spec.kind {
        Some(CursorKindSpec::Integer) => {
            if spec.format.is_some() {
                report.wrong(
                    &["cursor", "format"],
                    Wrong::accepts(
                        "`format` means nothing for the type `integer`",
                        "types: timestamp",
                    ),
                );
            }
            CursorKind::Integer
        }
        Some(CursorKindSpec::Timestamp) | None => {
            CursorKind::Timestamp(format.unwrap_or(TimeFormat::Standard))
        }
    }
}

/// How requests write a time.
fn request_format(report: &mut Report<'_>, spec: &CursorSpec, kind: &CursorKind) -> TimeFormat {
    let own = report.read(
        &["cursor", "request_format"],
        spec.request_format.as_deref(),
        rule::time_format,
    );
    match kind {
        CursorKind::Timestamp(format) => own.unwrap_or_else(|| format.clone()),
        CursorKind::Integer => {
            if spec.request_format.is_some() {
                report.wrong(
                    &["cursor", "request_format"],
                    Wrong::accepts(
                        "`request_format` means nothing for the type `integer`",
                        "types: timestamp",
                    ),
                );
            }
            TimeFormat::Standard
        }
    }
}

fn start_of(start: &Scalar, kind: &CursorKind) -> Result<Mark, Wrong> {
    let text = start.to_text();
    match kind {
        CursorKind::Integer => text.parse().map(Mark::Number).map_err(|_| {
            Wrong::accepts(
                format!("`{text}` is no whole number of 64 bits"),
                "a whole number: 0",
            )
        }),
        CursorKind::Timestamp(format) => match start {
            Scalar::Text(text) => time(text),
            Scalar::Integer(number) => epoch(*number, format),
            Scalar::Boolean(_) => None,
        }
        .map(Mark::Time)
        .ok_or_else(|| {
            let accepted = match format {
                TimeFormat::EpochSeconds => {
                    "an RFC 3339 time, a date (\"2020-01-01\"), or seconds since 1970"
                }
                TimeFormat::EpochMillis => {
                    "an RFC 3339 time, a date (\"2020-01-01\"), or milliseconds since 1970"
                }
                TimeFormat::Standard | TimeFormat::Pattern(_) => {
                    "an RFC 3339 time (\"2020-01-01T00:00:00Z\") or a date (\"2020-01-01\")"
                }
            };
            Wrong::accepts(format!("`{text}` is no time"), accepted)
        }),
    }
}

/// An RFC 3339 time, or the first instant of a day.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let midnight = || {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_hms_opt(0, 0, 0)?.and_utc())
    };
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
        .or_else(midnight)
}

fn epoch(number: i64, format: &TimeFormat) -> Option<DateTime<Utc>> {
    match format {
        TimeFormat::EpochSeconds => DateTime::from_timestamp(number, 0),
        TimeFormat::EpochMillis => DateTime::from_timestamp_millis(number),
        TimeFormat::Standard | TimeFormat::Pattern(_) => None,
    }
}

fn step(distance: &Distance, kind: &CursorKind) -> Result<Step, Wrong> {
    match (kind, distance) {
        (CursorKind::Timestamp(_), Distance::Time(text)) => {
            notation::duration(text).map(Step::Time)
        }
        (CursorKind::Integer, Distance::Number(number)) => i64::try_from(*number)
            .ok()
            .filter(|number| *number > 0)
            .map(Step::Number)
            .ok_or_else(|| Wrong::accepts(format!("{number} is out of range"), "1 or more")),
        (CursorKind::Timestamp(_), Distance::Number(number)) => Err(Wrong::accepts(
            format!("{number} is no duration"),
            "numbers with ms, s, m, h or d: 30s, 5m, 1h30m",
        )),
        (CursorKind::Integer, Distance::Time(text)) => Err(Wrong::accepts(
            format!("`{text}` is no whole number"),
            "a whole number, as the cursor's values",
        )),
    }
}
