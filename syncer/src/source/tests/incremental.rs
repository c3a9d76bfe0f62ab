//! Incremental reading, and what becomes of rows in its modes.

use std::time::Duration;

use super::{breeds, cats, in_resource, pointer};
use crate::source::plan::{
    CursorKind, DeleteHow, Incremental, Mark, Mode, Most, Order, Step, TimeFormat,
};

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
    in_resource(
        "query.since = '{cursor}'\ncursor = { field = '/at', type = 'integer', start = 0, request_format = ¦'epoch_s' }",
        "`request_format` means nothing for the type `integer` … timestamp",
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
fn rows_of_the_mode_append_never_go() {
    let text = cats(
        "mode = 'append'\n[defaults]\ndeletes = { max = '5%', flag = '/gone' }\nexpect.max_drop = '30%'",
    );
    let plan = breeds(&text);
    assert_eq!(plan.mode, Mode::Append);
    assert_eq!(
        (plan.deletes.how, &plan.deletes.flag),
        (DeleteHow::Off, &None)
    );
    assert_eq!(plan.expect.max_drop, None);
}

#[test]
fn flags_and_bad_records() {
    let plan = breeds(&cats("deletes.flag = '/meta/gone'\nbad_max = '5%'"));
    assert_eq!(plan.deletes.flag, Some(pointer(&["meta", "gone"])));
    assert_eq!(plan.bad_max, Some(Most::Share(0.05)));
    assert!(plan.deletes.values.is_empty());
    let plan = breeds(&cats(
        "deletes = { flag = '/status', values = ['deleted'] }",
    ));
    assert_eq!(plan.deletes.values, ["deleted"]);
    in_resource(
        "deletes.¦values = ['deleted']",
        "they are the values of no member … `flag`",
    );
    in_resource(
        "deletes = { flag = '/status', values = ¦[] }",
        "nothing would be marked … one value or more",
    );
    assert_eq!(breeds(&cats("bad_max = 7")).bad_max, Some(Most::Rows(7)));
}
