//! Incremental reading: what a cursor becomes.

use std::time::Duration;

use super::{breeds, cats, check, pointer, source};
use crate::source::plan::{CursorKind, Incremental, Mark, Order, Step, TimeFormat, Total};

const DAY: Duration = Duration::from_secs(86_400);

fn cursor(lines: &str) -> Incremental {
    breeds(&cats(lines)).cursor.clone().expect("a cursor")
}

fn time(text: &str) -> Option<Mark> {
    Some(Mark::Time(text.parse().expect("a time")))
}

#[test]
fn timestamps() {
    let found = cursor(
        "query = { since = '{cursor}', until = '{cursor.until}' }
         cursor = { field = '/meta/updated', start = '2020-01-01', lookback = '1h', window = '1d', order = 'asc' }",
    );
    let expected = Incremental {
        field: pointer(&["meta", "updated"]),
        kind: CursorKind::Timestamp(TimeFormat::Standard),
        start: time("2020-01-01T00:00:00Z"),
        lookback: Some(Step::Time(Duration::from_secs(3_600))),
        window: Some(Step::Time(DAY)),
        order: Order::Ascending,
        request_format: TimeFormat::Standard,
    };
    assert_eq!(found, expected);
}

#[test]
fn integers() {
    let found = cursor(
        "path = '/after/{cursor}'
         cursor = { field = '/seq', type = 'integer', start = 0, lookback = 10 }"
            .replace("path = '/after/{cursor}'", "headers.x-after = '{cursor}'")
            .as_str(),
    );
    let expected = Incremental {
        field: pointer(&["seq"]),
        kind: CursorKind::Integer,
        start: Some(Mark::Number(0)),
        lookback: Some(Step::Number(10)),
        window: None,
        order: Order::Any,
        request_format: TimeFormat::Standard,
    };
    assert_eq!(found, expected);
}

#[test]
fn requests_may_write_times_otherwise_than_records() {
    let formats = |more: &str| {
        let found = cursor(&format!(
            "query.since = '{{cursor}}'\ncursor = {{ field = '/at', start = '2020-01-01', {more} }}"
        ));
        (found.kind, found.request_format)
    };
    let millis = CursorKind::Timestamp(TimeFormat::EpochMillis);
    assert_eq!(
        formats("format = 'epoch_ms'"),
        (millis.clone(), TimeFormat::EpochMillis)
    );
    assert_eq!(
        formats("format = 'epoch_ms', request_format = 'standard'"),
        (millis, TimeFormat::Standard)
    );
}

#[test]
fn starts() {
    let start = |more: &str| {
        cursor(&format!(
            "query.since = '{{cursor}}'\ncursor = {{ field = '/at', {more} }}"
        ))
        .start
    };
    let expected = time("2020-01-01T10:00:00Z");
    assert_eq!(start("start = '2020-01-01T12:00:00+02:00'"), expected);
    assert_eq!(start("start = 1577872800, format = 'epoch_s'"), expected);
    assert_eq!(
        start("start = 1577872800000, format = 'epoch_ms'"),
        expected
    );
    assert_eq!(
        start("start = '2020-01-01', format = '%d.%m.%Y'"),
        time("2020-01-01T00:00:00Z")
    );
}

#[test]
fn newest_first_needs_no_placeholder() {
    let text = cats("cursor = { field = '/at', order = 'desc' }");
    let paged = "{ kind = 'page', param = 'p', start = 1 }";
    let plan = breeds(&text.replace("{ kind = \"none\" }", paged));
    let found = plan.cursor.as_ref().expect("a cursor");
    assert_eq!((found.order, found.start), (Order::Descending, None));
}

#[test]
fn a_body_may_name_the_cursor() {
    let plan = breeds(&cats(
        "method = 'POST'
         body = { filter = { since = '{cursor}' } }
         cursor = { field = '/at', start = '2020-01-01' }
         full_every = '7d'",
    ));
    assert!(plan.cursor.is_some());
    assert_eq!(plan.full_every, Some(7 * DAY));
}

#[test]
fn each_parent_may_be_read_from_a_mark_on() {
    let child = "[resource.images]
path = '/of/{parent.id}'
query = { since = '{cursor}' }
key = 'id'
page.kind = 'none'
for_each.resource = 'breeds'
cursor = { field = '/at', start = '2020-01-01' }";
    let source = source(&cats(child));
    let images = source.resource("images").expect("images");
    let cursor = images.cursor.as_ref().expect("a cursor");
    assert_eq!(cursor.start, time("2020-01-01T00:00:00Z"));
    assert!(images.for_each.is_some());
}

/// The demand on the total of a resource with these lines, that is paged and tells its total.
fn total(lines: &str) -> Total {
    breeds(&paged(lines)).expect.total
}

fn paged(lines: &str) -> String {
    let page = "{ kind = 'page', param = 'p', start = 1, total = 'header:x-total' }";
    cats(lines).replace("{ kind = \"none\" }", page)
}

#[test]
fn a_walk_that_ends_early_is_held_against_no_total() {
    let desc = "cursor = { field = '/at', order = 'desc' }";
    assert_eq!(total(desc), Total::Off);
    assert_eq!(total(&format!("{desc}\nexpect.total = 'off'")), Total::Off);
    let defaults = format!("{desc}\n[defaults]\nexpect.total = 'within 2'");
    assert_eq!(total(&defaults), Total::Off, "which is meant for others");
    check(
        &paged(&format!("{desc}\nexpect.total = ¦'exact'")),
        "resource.breeds.expect.total: a walk that ends at what is known already … never comes near the total … off, or `{cursor}`",
    );
}

#[test]
fn a_request_that_says_from_where_on_may_have_a_total() {
    for order in ["", ", order = 'asc'", ", order = 'desc'"] {
        let cursor = format!("cursor = {{ field = '/at', start = '2020-01-01'{order} }}");
        for place in [
            "query.a = 'updated>{cursor}'",
            "headers.a = '{cursor}'",
            "method = 'POST'\nbody = { a = [{ b = '{cursor}' }] }",
        ] {
            assert_eq!(total(&format!("{cursor}\n{place}")), Total::Within(0));
            let lines = format!("{cursor}\nexpect.total = 'within 3'\n{place}");
            assert_eq!(total(&lines), Total::Within(3), "{lines}");
        }
    }
}
