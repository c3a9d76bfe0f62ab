//! Faults of incremental reading.

use super::{breeds, cats, check, in_resource};

/// A fault in a cursor whose `{cursor}` is sent.
fn in_cursor(table: &str, said: &str) {
    in_resource(
        &format!("query.since = '{{cursor}}'\ncursor = {table}"),
        said,
    );
}

#[test]
fn request_formats() {
    in_cursor(
        "{ field = '/at', type = 'integer', start = 0, request_format = ¦'epoch_s' }",
        "`request_format` means nothing for the type `integer` … timestamp",
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
    let text = cats(&format!("query.until = '{{cursor.until}}'\n{desc}"));
    let paged = text.replace("\"none\"", "'page', param = 'p', start = 1");
    check(&paged, "no request says where a window begins … `{cursor}`");
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
    assert!(plan.full_every.is_some(), "it is meant for others");
}
