//! Which keys of a definition make what an earlier run left worthless, and which do not.

use std::collections::BTreeMap;

use super::{Environment, file, load, source};

/// A source whose animals are read for each shelter, incrementally, page by page.
const PLAIN: &str = r#"
[source]
name = "cats"
base_url = "https://cats.example/v1"
[resource.shelters]
path = "/shelters"
key = "id"
page = { kind = "none" }
fields = { id = "integer", city = { values = ["here", "there"] } }
[resource.animals]
method = "POST"
path = "/animals"
query = { shelter = "{parent.id}", until = "{cursor.until}" }
headers = { x-of = "{parent.id}" }
body = { since = "{cursor}", token = "${KEY}" }
records = "body:/data"
keyed_by = "number"
error_when = "body:/error"
key = ["shelter_id", "number"]
mode = "upsert"
page = { kind = "url", next = "body:/next", size = 50, size_param = "limit", more = "body:/more", total = "body:/total", end = "short", max = 500, origins = ["https://a.example"] }
expect = { total = "within 1", min = 1, max_drop = "20%" }
status = { 404 = "empty" }
deletes = { how = "soft", max = "10%", flag = "/gone" }
bad_max = "1%"
full_every = "7d"
cursor = { field = "/at", start = "2020-01-01", format = "epoch_s", window = "30d", lookback = "1h" }
for_each = { resource = "shelters", copy = { shelter_id = "id" }, where = { city = "here" } }
[resource.animals.fields]
name = "text"
[resource.animals.tables.visits]
fields = { on = "date" }
"#;

/// The fingerprint of the animals once `from` is `to`; each must be there.
fn other(from: &str, to: &str) -> String {
    assert!(PLAIN.contains(from), "{from}");
    of(&PLAIN.replace(from, to))
}

fn of(text: &str) -> String {
    let source = source(text);
    source
        .resource("animals")
        .expect("animals")
        .fingerprint
        .clone()
}

#[test]
fn what_decides_which_records_come_as_what_is_in_it() {
    let plain = of(PLAIN);
    for (from, to) in [
        ("cats.example/v1", "cats.example/v2"),
        ("/v1\"", "/v1\"\nquery = { a = 1 }"),
        ("/v1\"", "/v1\"\nheaders = { a = 1 }"),
        ("\"/animals\"", "\"/beasts\""),
        ("until = ", "to = "),
        ("x-of", "x-from"),
        ("since = ", "after = "),
        ("${KEY}", "${file:/run/secrets/key}"),
        ("body:/data", "body:/items"),
        ("keyed_by = \"number\"\n", ""),
        ("body:/error", "body:/fault"),
        ("\"upsert\"", "\"mirror\""),
        (
            "deletes = { how = \"soft\", max = \"10%\", flag = \"/gone\" }\nbad_max",
            "bad_max",
        ),
        ("/gone", "/deleted"),
        ("body:/next", "body:/links/next"),
        ("size = 50", "size = 100"),
        ("\"limit\"", "\"per_page\""),
        ("body:/more", "body:/has_more"),
        ("body:/total", "body:/count"),
        (", end = \"short\"", ""),
        ("\"/at\"", "\"/changed\""),
        ("2020-01-01", "2019-01-01"),
        ("epoch_s", "epoch_ms"),
        ("30d", "60d"),
        ("lookback = \"1h\"", "order = \"asc\""),
        (
            "shelter_id = \"id\" }",
            "shelter_id = \"id\", city = \"city\" }",
        ),
        ("city = \"here\" }", "city = \"there\" }"),
        ("where = { city = \"here\" }", "changed_only = true"),
        (
            "id = \"integer\"",
            "id = { type = \"integer\", from = \"/uid\" }",
        ),
        (
            "key = [\"shelter_id\", \"number\"]",
            "key = [\"number\", \"shelter_id\"]",
        ),
        ("key = [\"shelter_id\", \"number\"]", "key = \"number\""),
        (
            "key = [\"shelter_id\", \"number\"]",
            "key = [\"shelter_id\", \"hash\"]",
        ),
        ("name = \"text\"", "number = \"integer\""),
        ("name = \"text\"", "number = { from = \"/no\" }"),
    ] {
        assert_ne!(plain, other(from, to), "{from} -> {to}");
    }
}

#[test]
fn kinds_and_formats_are_in_it() {
    let simple = |lines: &str| {
        of(&format!(
            "[source]\nname = 'cats'\nbase_url = 'https://cats.example'\n[resource.animals]\npath = '/a'\n{lines}"
        ))
    };
    let different = [
        "key = 'id'\npage = { kind = 'none' }",
        "key = 'hash'\npage = { kind = 'none' }",
        "key = 'line'\npage = { kind = 'none' }",
        "key = 'id'\npage = { kind = 'none' }\nformat = 'ndjson'",
        "key = 'id'\npage = { kind = 'none' }\nformat = 'csv'",
        "key = 'id'\npage = { kind = 'none' }\nformat = 'csv'\ndelimiter = ';'",
        "key = 'id'\npage = { kind = 'none' }\nmethod = 'POST'",
        "key = 'id'\npage = { kind = 'none' }\nmode = 'upsert'",
        "key = 'id'\npage = { kind = 'none' }\nmode = 'append'",
        "key = 'id'\npage = { kind = 'link' }",
        "key = 'id'\npage = { kind = 'page', param = 'p', start = 0 }",
        "key = 'id'\npage = { kind = 'page', param = 'p', start = 1 }",
        "key = 'id'\npage = { kind = 'page', param = 'q', start = 1 }",
        "key = 'id'\npage = { kind = 'offset', param = 'p' }",
        "key = 'id'\npage = { kind = 'cursor', param = 'p', next = 'body:/n' }",
        "key = 'id'\npage = { kind = 'cursor', param = 'p', next = 'last:/n' }",
        "key = 'id'\nmethod = 'POST'\npage = { kind = 'cursor', param = 'p', next = 'body:/n' }",
        "key = 'id'\nmethod = 'POST'\npage = { kind = 'cursor', param = 'p', in = 'body', next = 'body:/n' }",
    ];
    let found: Vec<String> = different.iter().map(|lines| simple(lines)).collect();
    for (index, one) in found.iter().enumerate() {
        let same = found[..index].iter().position(|other| other == one);
        assert_eq!(same, None, "{}", different[index]);
    }
}

#[test]
fn what_the_database_works_out_again_or_a_run_is_judged_by_is_not() {
    let plain = of(PLAIN);
    for (from, to) in [
        ("/v1\"", "/v1\"\nschedule = 'every 5m'"),
        ("/v1\"", "/v1\"\ntimeout = '5s'\nmax_body = '1MB'"),
        ("/v1\"", "/v1\"\nproxy = 'http://proxy.example'"),
        (
            "/v1\"",
            "/v1\"\nauth = { kind = 'bearer', token = '${KEY}' }",
        ),
        (
            "/v1\"",
            "/v1\"\nlimits = { rate = '3/s' }\nretry = { attempts = 2 }",
        ),
        ("mode = ", "description = 'What lives there'\nmode = "),
        (
            "name = \"text\"",
            "name = { type = 'list', from = '/names', split = ',' }",
        ),
        (
            "name = \"text\"",
            "weight = { type = 'integer', min = 1, on_bad = 'reject' }",
        ),
        ("on = \"date\"", "on = \"timestamp\""),
        ("tables.visits]", "tables.stays]"),
        ("how = \"soft\"", "how = \"hard\""),
        ("max = \"10%\"", "max = 5"),
        ("bad_max = \"1%\"\n", ""),
        ("7d", "1d"),
        ("within 1", "off"),
        ("min = 1, ", ""),
        (", max_drop = \"20%\"", ""),
        ("404", "410"),
        (", max = 500", ""),
        ("https://a.example", "https://b.example"),
        ("lookback = \"1h\"", "lookback = \"2h\""),
        (
            "[resource.shelters]",
            "[resource.shelters]\nquery = { a = 1 }",
        ),
    ] {
        assert_eq!(plain, other(from, to), "{from} -> {to}");
    }
}

/// The fingerprint of the animals of a source with `lines` where each secret is `value`.
fn with_secret(lines: &str, value: &str) -> String {
    let text = PLAIN
        .replace(", token = \"${KEY}\"", "")
        .replace("/v1\"", &format!("/v1\"\n{lines}"));
    let secret = |_: &str| Ok(Some(value.into()));
    let environment = Environment {
        secret: &secret,
        overrides: BTreeMap::new(),
        enabled: None,
    };
    let catalog = load(&[file("a.toml", &text)], &environment);
    let catalog = catalog.unwrap_or_else(|faults| panic!("{faults}"));
    let animals = catalog.sources[0].resource("animals").expect("animals");
    animals.fingerprint.clone()
}

#[test]
fn the_values_of_variables_are_in_it_and_those_of_auth_are_not() {
    for (lines, is_in) in [
        ("query = { of = '${OF}' }", true),
        ("headers = { x-of = 'for ${OF}' }", true),
        ("headers = { x-of = '${file:/run/secrets/of}' }", true),
        ("auth = { kind = 'bearer', token = '${OF}' }", false),
        ("proxy = 'http://me:${OF}@proxy.example'", false),
        ("query = { of = '${{OF}}' }", false),
    ] {
        let differs = with_secret(lines, "one") != with_secret(lines, "another");
        assert_eq!(differs, is_in, "{lines}");
        assert_eq!(with_secret(lines, "one"), with_secret(lines, "one"));
    }
}

#[test]
fn what_is_said_though_it_goes_without_saying_changes_nothing() {
    let plain = of(PLAIN);
    for (from, to) in [
        ("[source]", "[defaults]\nformat = 'json'\n[source]"),
        (
            "method = \"POST\"\n",
            "method = \"POST\"\nformat = 'json'\n",
        ),
        (
            "format = \"epoch_s\"",
            "format = \"epoch_s\", type = \"timestamp\"",
        ),
        (
            "resource = \"shelters\"",
            "resource = \"shelters\", changed_only = false",
        ),
        (
            "path = \"/shelters\"",
            "path = \"/shelters\"\nmethod = \"GET\"",
        ),
    ] {
        assert_eq!(plain, other(from, to), "{from} -> {to}");
    }
}

#[test]
fn in_csv_a_type_decides_what_a_record_holds() {
    let csv = |kind: &str| {
        of(&format!(
            "[source]\nname = 'cats'\nbase_url = 'https://cats.example'\n[resource.animals]\npath = '/a'\nkey = 'hash'\npage.kind = 'none'\nformat = 'csv'\nfields.age = '{kind}'"
        ))
    };
    assert_ne!(csv("text"), csv("integer"));
}
