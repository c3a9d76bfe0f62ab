//! Incremental reading, and what becomes of rows in its modes.

use std::time::Duration;

use super::{breeds, cats, check, in_resource, pointer, source};
use crate::source::plan::{
    CursorKind, DeleteHow, Incremental, Mark, Mode, Most, Order, Step, TimeFormat, Total,
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
    in_cursor(
        "{ field = '/at', type = 'integer', start = 0, request_format = ¦'epoch_s' }",
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

/// A fault in a cursor whose `{cursor}` is sent.
fn in_cursor(table: &str, said: &str) {
    in_resource(
        &format!("query.since = '{{cursor}}'\ncursor = {table}"),
        said,
    );
}

#[test]
fn fields_and_starts() {
    in_cursor(
        "{ field = ¦'updated_at', start = '2020-01-01' }",
        "cursor.field: `updated_at` is no JSON Pointer … did you mean `/updated_at`?",
    );
    in_cursor(
        "{ field = ¦'', start = '2020-01-01' }",
        "the whole record cannot be a cursor … /updated_at",
    );
    in_cursor(
        "{ field = ¦'/a/*/b', start = '2020-01-01' }",
        "`/a/*/b` points to many values",
    );
    in_cursor(
        "{ field = '/at', start = ¦'yesterday' }",
        "cursor.start: `yesterday` is no time … an RFC 3339 time",
    );
    in_cursor(
        "{ field = '/at', start = ¦1577872800 }",
        "`1577872800` is no time … a date (\"2020-01-01\")",
    );
    in_cursor(
        "{ field = '/at', format = 'epoch_ms', start = ¦true }",
        "`true` is no time … or milliseconds since 1970",
    );
    in_cursor(
        "{ field = '/at', start = ¦2020-01-01 }",
        "this is a date or time; put it in quotes",
    );
    in_cursor(
        "{ field = '/seq', type = 'integer', start = ¦'one' }",
        "`one` is no whole number of 64 bits",
    );
    in_resource(
        "query.since = '{cursor}'\n¦cursor = { start = '2020-01-01' }",
        "cursor: `field` is missing",
    );
}

#[test]
fn types_and_orders() {
    in_cursor(
        "{ field = '/at', start = '2020-01-01', type = ¦'date' }",
        "`date` is none of the words for it … accepted: timestamp, integer",
    );
    in_cursor(
        "{ field = '/at', start = '2020-01-01', order = ¦'des' }",
        "accepted: asc, desc … did you mean `desc`?",
    );
    in_cursor(
        "{ field = '/at', start = '2020-01-01', format = ¦'%Q' }",
        "`%Q` is no format of a time",
    );
    in_cursor(
        "{ field = '/seq', type = 'integer', start = 0, format = ¦'epoch_s' }",
        "`format` means nothing for the type `integer` … timestamp",
    );
}

#[test]
fn distances() {
    let lookback =
        |table: &str, said: &str| in_cursor(&format!("{{ field = '/at', {table} }}"), said);
    lookback(
        "start = '2020-01-01', lookback = ¦'an hour'",
        "cursor.lookback: `an hour` is no duration … 1h30m",
    );
    lookback("start = '2020-01-01', lookback = ¦60", "60 is no duration");
    lookback(
        "type = 'integer', start = 0, lookback = ¦'1h'",
        "`1h` is no whole number … as the cursor's values",
    );
    lookback(
        "type = 'integer', start = 0, lookback = ¦0",
        "0 is out of range … 1 or more",
    );
}

#[test]
fn windows() {
    let window = |table: &str, said: &str| {
        let query = "query = { since = '{cursor}', until = '{cursor.until}' }";
        in_resource(
            &format!("{query}\ncursor = {{ field = '/at', {table} }}"),
            said,
        );
    };
    window(
        "type = 'integer', start = 0, window = ¦100",
        "cursor.window: windows of whole numbers have no end … `type = \"timestamp\"`",
    );
    window("start = '2020-01-01', window = ¦'x'", "`x` is no duration");
    window("start = '2020-01-01', window = ¦7", "7 is no duration");
    in_cursor(
        "{ field = '/at', start = '2020-01-01', window = ¦'1d' }",
        "no request says where a window ends … `{cursor.until}`",
    );
    let desc = "cursor = { field = '/at', order = 'desc', window = ¦'1d' }";
    check(
        &paged(&format!("query.until = '{{cursor.until}}'\n{desc}")),
        "no request says where a window begins … `{cursor}`",
    );
}

#[test]
fn requests_that_do_not_say_what_the_cursor_knows() {
    in_resource(
        "¦cursor = { field = '/at', start = '2020-01-01' }",
        "resource.breeds.cursor: no request says from where on … `{cursor}` in path, query, headers or body, or `order = \"desc\"`",
    );
    in_resource(
        "¦cursor = { field = '/at', order = 'desc' }",
        "all comes in one answer, so that nothing can be left out",
    );
    in_resource(
        "query.since = ¦'{cursor}'\ncursor = { field = '/at' }",
        "`{cursor}` has no value in the first run … `cursor.start`",
    );
    in_resource(
        "query = { since = '{cursor}', until = ¦'{cursor.until}' }\ncursor = { field = '/at', start = '2020-01-01' }",
        "`{cursor.until}` is the end of a window, and there is no `cursor.window`",
    );
    in_resource(
        "query.since = ¦'{cursor}'",
        "`{cursor}` needs incremental reading, and there is no `cursor`",
    );
    in_cursor(
        "{ field = '/at', start = '2020-01-01' }\nquery.x = ¦'{cursr}'",
        "is not known here … accepted: cursor, run.started … did you mean `cursor`?",
    );
}

#[test]
fn passes_over_everything() {
    in_resource(
        "full_every = ¦'7d'",
        "each run reads everything anyway … `cursor` or `for_each.changed_only`",
    );
    in_cursor(
        "{ field = '/at', start = '2020-01-01' }\nfull_every = ¦'weekly'",
        "`weekly` is no duration",
    );
    let plan = breeds(&cats("[defaults]\nfull_every = '7d'"));
    assert_eq!(plan.full_every, Some(7 * DAY), "it is meant for others");
}

#[test]
fn rows_that_go() {
    let append = |line: &str, said: &str| in_resource(&format!("mode = 'append'\n{line}"), said);
    append(
        "¦deletes = { max = 5 }",
        "`deletes` means nothing for the mode `append`: no row ever goes … mirror or upsert",
    );
    append(
        "expect.¦max_drop = '5%'",
        "`expect.max_drop` means nothing for the mode `append`",
    );
    in_resource("deletes.flag = ¦''", "the whole record cannot be the mark");
    in_resource(
        "deletes.flag = ¦'gone'",
        "is no JSON Pointer … did you mean `/gone`?",
    );
    in_resource(
        "deletes = { how = 'off', flag = ¦'/gone' }",
        "it means nothing where deleted rows are left as they are … soft or hard",
    );
    in_resource("bad_max = ¦'5'", "bad_max: `5` is no share … 0% to 100%");
    in_resource("bad_max = ¦-1", "-1 is out of range");
}

#[test]
fn a_mark_on_a_record_without_a_key() {
    let flagged = |lines: &str| cats(lines).replace("\"id\"", "'hash'");
    let said = "deletes.flag: a record with the mark has other bytes than its row … as `key`";
    check(&flagged("mode = 'upsert'\ndeletes.flag = ¦'/gone'"), said);
    let cursor = "query.since = '{cursor}'\ncursor = { field = '/at', start = '2020-01-01' }";
    check(
        &flagged(&format!("{cursor}\ndeletes.flag = ¦'/gone'")),
        said,
    );
    let plan = breeds(&flagged("deletes.flag = '/gone'"));
    assert!(
        plan.deletes.flag.is_some(),
        "its old row is absent, and so gone"
    );
}
