//! The `cursor` table: how a run asks only for what changed since the last complete one.

use std::time::Duration;

use super::{
    document::Resource,
    fault::Wrong,
    marks, notation,
    plan::{CursorKind, Incremental, Order, TimeFormat},
    pointing,
    report::Report,
    request, rule,
    spec::{CursorKindSpec, CursorSpec, OrderSpec, PageKind},
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
    let field = report.ok(&["cursor", "field"], pointing::pointer(&spec.field));
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
    let start = spec.start.as_ref().map(|start| marks::start(start, &kind));
    let start = report.ok(&["cursor", "start"], start.transpose()).flatten();
    let lookback = spec.lookback.as_ref();
    let lookback = lookback.map(|distance| marks::step(distance, &kind));
    let lookback = report.ok(&["cursor", "lookback"], lookback.transpose());
    let window = spec.window.as_ref();
    let window = window.filter(|_| kind != CursorKind::Integer);
    let window = window.map(|distance| marks::step(distance, &kind));
    let window = report.ok(&["cursor", "window"], window.transpose());
    Some(Incremental {
        field: field.unwrap_or_default(),
        start,
        lookback: lookback.flatten(),
        window: window.flatten(),
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

/// Whether walks end at what is known already, so that not all that the upstream has comes.
pub(crate) fn ends_early(resource: &Resource) -> bool {
    let cursor = resource.spec.cursor.as_ref();
    let descends = cursor.is_some_and(|cursor| cursor.order == Some(OrderSpec::Desc));
    descends && !says(resource, "cursor")
}

/// Whether a request of `resource` holds that placeholder.
fn says(resource: &Resource, name: &str) -> bool {
    let texts = request::texts(resource);
    texts.iter().any(|text| template::names(text, name))
}

/// Whether the requests say what the cursor knows.
fn check_request(report: &mut Report<'_>, resource: &Resource, spec: &CursorSpec) {
    let is_windowed = spec.window.is_some();
    if is_windowed && let Err(wrong) = window(resource, spec) {
        report.wrong(&["cursor", "window"], wrong);
    }
    if says(resource, "cursor") {
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

/// Whether the requests can ask for one window after the other.
fn window(resource: &Resource, spec: &CursorSpec) -> Result<(), Wrong> {
    if spec.kind == Some(CursorKindSpec::Integer) {
        return Err(Wrong::accepts(
            "windows of whole numbers have no end: nothing says up to which there are records",
            "no such key, or `type = \"timestamp\"`, whose windows end at the run's start",
        ));
    }
    if !says(resource, "cursor.until") {
        return Err(Wrong::accepts(
            "no request says where a window ends",
            "`{cursor.until}` in path, query, headers or body",
        ));
    }
    if spec.order == Some(OrderSpec::Desc) && !says(resource, "cursor") {
        return Err(Wrong::accepts(
            "no request says where a window begins",
            "`{cursor}` in path, query, headers or body",
        ));
    }
    Ok(())
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
    let path = ["cursor", "request_format"];
    let own = report.read(&path, spec.request_format.as_deref(), rule::time_format);
    match kind {
        CursorKind::Timestamp(format) => own.unwrap_or_else(|| format.clone()),
        CursorKind::Integer => {
            if spec.request_format.is_some() {
                let message = "`request_format` means nothing for the type `integer`";
                report.wrong(&path, Wrong::accepts(message, "types: timestamp"));
            }
            TimeFormat::Standard
        }
    }
}
