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
