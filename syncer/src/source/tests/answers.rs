//! Requests with bodies, formats, and what records are identified by.

use entity::definition::Identity;

use super::{breeds, cats, check, in_resource, pointer};
use crate::source::plan::{Format, Method, Values};

#[test]
fn a_body_is_json_with_templates() {
    let body = r#"
        method = "POST"
        [resource.breeds.body]
        query = "{{ breeds(after: {run.started}) }}"
        token = "${KEY}"
        deep = [1, 2.5, true, { at = "{run.started}" }]"#;
    let plan = breeds(&cats(body));
    assert_eq!(plan.method, Method::Post);
    let values = Values {
        run_started: "now".to_owned(),
        ..Values::default()
    };
    let filled = plan.body.as_ref().expect("a body").fill(&values);
    let expected = r#"{"query":"{ breeds(after: now) }","token":"s3cret-value","deep":[1,2.5,true,{"at":"now"}]}"#;
    let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
    assert_eq!(filled, expected);
    assert!(!format!("{plan:?}").contains("s3cret"));
}

#[test]
fn formats() {
    let format = |lines: &str| breeds(&cats(lines)).format;
    assert_eq!(format(""), Format::Json);
    assert_eq!(format("format = 'ndjson'"), Format::Ndjson);
    let csv = |delimiter| Format::Csv { delimiter };
    assert_eq!(format("format = 'csv'"), csv(b','));
    assert_eq!(format("format = 'csv'\ndelimiter = \"\\t\""), csv(b'\t'));
}

#[test]
fn an_object_of_records() {
    let plan = breeds(&cats("records = 'body:/data'\nkeyed_by = 'id'"));
    assert_eq!(plan.records, pointer(&["data"]));
    assert_eq!(plan.keyed_by.as_deref(), Some("id"));
}

#[test]
fn one_record() {
    let plan = breeds(&cats("records = 'body:/data'\nsingle = true"));
    assert!(plan.single && !breeds(&cats("")).single);
    in_resource(
        "single = true\n¦keyed_by = 'id'",
        "one record is not the members of an object",
    );
    in_resource(
        "¦single = true\nformat = 'ndjson'",
        "`single` means nothing where each line is a record",
    );
    let paged = cats("single = true").replace("\"none\"", "¦'link'");
    check(&paged, "one record has no pages … none, or no `single`");
}

#[test]
fn records_without_a_key() {
    let identity = |key: &str, more: &str| {
        let plan = breeds(&cats(more).replace("\"id\"", key));
        (plan.definition.identity, plan.definition.key.clone())
    };
    assert_eq!(identity("'hash'", ""), (Identity::Hash, vec![]));
    assert_eq!(identity("'line'", ""), (Identity::Line, vec![]));
    let hash = (Identity::Key, vec!["hash".to_owned()]);
    assert_eq!(
        identity("'hash'", "fields.hash = 'text'"),
        hash,
        "a declared field is meant"
    );
    assert_eq!(
        identity("['hash']", ""),
        hash,
        "and so is one in an array of fields"
    );
}

#[test]
fn bodies() {
    in_resource(
        "¦body = { a = 1 }",
        "resource.breeds.body: a `GET` has no body … accepted: `method = \"POST\"` beside it",
    );
    let body =
        |body: &str, said: &str| in_resource(&format!("method = 'POST'\nbody = {body}"), said);
    body(
        "{ a = [1, ¦2026-11-21] }",
        "JSON has no dates and times … a text, in quotes",
    );
    body("{ a = ¦nan }", "the number is too large, or none");
    body(
        "{ a = { b = ¦'{parent.id}' } }",
        "needs a parent, and there is no `for_each`",
    );
    body(
        "{ a = [{ b = ¦'{run.startd}' }] }",
        "is not known here … did you mean `run.started`?",
    );
    body("{ a = ¦'${NONE}' }", "the variable `NONE` is missing");
    in_resource(
        "method = ¦'PUT'",
        "`PUT` is none of the words for it … accepted: GET, POST",
    );
}

#[test]
fn formats_and_their_keys() {
    in_resource(
        "format = ¦'jsonl'",
        "accepted: json, ndjson, csv … did you mean `json`?",
    );
    in_resource(
        "¦delimiter = ';'",
        "it means nothing without `format = \"csv\"`",
    );
    let delimiter = |text: &str, said: &str| {
        in_resource(&format!("format = 'csv'\ndelimiter = ¦{text}"), said);
    };
    delimiter("';;'", "`;;` is no delimiter … one character of ASCII");
    delimiter("''", "`` is no delimiter");
    delimiter("\"\\n\"", "`\\n` is no delimiter");
    delimiter("'§'", "is no delimiter");
    for line in [
        "records = 'body:/data'",
        "keyed_by = 'id'",
        "error_when = 'body:/error'",
    ] {
        let (key, _) = line.split_once(' ').expect("a key");
        let said =
            format!("`{key}` means nothing where each line is a record … `format = \"json\"`");
        in_resource(&format!("format = 'ndjson'\n¦{line}"), &said);
    }
    in_resource(
        "keyed_by = ¦''",
        "it is empty … the member that takes the name",
    );
}

#[test]
fn what_defaults_say_of_documents_is_not_meant_for_lines() {
    let plan = breeds(&cats(
        "format = 'csv'\n[defaults]\nrecords = 'body:/data'\nerror_when = 'body:/error'",
    ));
    assert_eq!((&plan.records, &plan.error_when), (&pointer(&[]), &None));
}

#[test]
fn a_body_of_lines_says_nothing_of_pages() {
    let page = |page: &str, said: &str| {
        check(
            &cats("format = 'csv'").replace("{ kind = \"none\" }", page),
            said,
        );
    };
    let said = "a body of lines holds records and nothing else … header:name";
    page("{ kind = 'link', total = ¦'body:/total' }", said);
    page(
        "{ kind = 'link', size = 5, total = 'header:x', more = ¦'body:/more' }",
        "`more` means nothing for paging of the kind `link`",
    );
    page("{ kind = 'url', next = ¦'body:/next' }", said);
    page(
        "{ kind = 'page', param = 'p', start = 1, more = ¦'body:/more' }",
        said,
    );
}

#[test]
fn identities() {
    let line = |text: &str, said: &str| check(&text.replace("\"id\"", "¦'line'"), said);
    line(
        &cats("query.since = '{cursor}'\ncursor = { field = '/at', start = '2020-01-01' }"),
        "resource.breeds.key: each run would begin with line 1 again … accepted: hash",
    );
    line(
        &cats("").replace("\"none\"", "'offset', param = 'o'"),
        "a record that moves to another page … accepted: hash, or the field … a place in one answer",
    );
    let child = "[resource.images]\npath = '/i'\nkey = ¦'line'\npage.kind = 'none'\nfor_each.resource = 'breeds'";
    check(
        &cats(child),
        "each parent's records would begin with line 1 again",
    );
}
