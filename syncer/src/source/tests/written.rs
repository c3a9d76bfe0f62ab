//! Sources whose rows come from callers.

use entity::definition::Pointer;

use super::{faults, source};

const PEOPLE: &str = r#"
[source]
kind = "local"
name = "people"
[resource.passengers]
key    = "id"
search = "name"
[resource.passengers.fields]
id   = "integer"
name = { from = "/Full Name", required = true }
age  = { type = "integer", from = "/Age", min = 0 }
"#;

#[test]
fn a_local_source_needs_no_upstream() {
    let source = source(PEOPLE);
    assert!(source.is_written());
    assert_eq!(source.schedule.to_string(), "never");
    let plan = &source.resources[0];
    let local = plan.definition.local.as_ref().expect("callers write it");
    assert_eq!(plan.rules, local.rules);
    assert_eq!(plan.rules[1].from, Pointer(vec!["name".to_owned()]));
    let headers = [None, Some("Full Name".to_owned()), Some("Age".to_owned())];
    assert_eq!(local.headers, headers);
    assert_eq!(plan.definition.face, None);
    // The api reads it from the database.
    let stored = serde_json::to_string(&plan.definition).expect("JSON");
    let read = serde_json::from_str(&stored).expect("a definition");
    assert_eq!(plan.definition, read);
}

#[test]
fn a_column_of_another_name_is_the_same_field() {
    let rule = |text: &str| source(text).resources[0].definition.fields[2].rule.clone();
    assert_eq!(rule(PEOPLE), rule(&PEOPLE.replace("/Age", "/Years")));
}

fn told(text: &str) -> String {
    let faults: Vec<String> = faults(text).iter().map(ToString::to_string).collect();
    faults.join("\n")
}

#[test]
fn what_describes_an_upstream_is_refused() {
    let text = r#"
[source]
kind = "local"
name = "people"
base_url = "https://example.com"
schedule = "every 1h"
[resource.passengers]
path = "/p"
key  = "line"
page = { kind = "none" }
mode = "upsert"
[resource.passengers.fields]
name = { from = "/a/b", on_bad = "reject" }
age  = { type = "integer", match = '\d+' }
"#;
    insta::assert_snapshot!(told(text));
}

#[test]
fn a_source_that_is_fetched_still_needs_its_place() {
    let text =
        "[source]\nname = 'cats'\n[resource.a]\npath = '/a'\nkey = 'id'\npage = { kind = 'none' }";
    insta::assert_snapshot!(told(text));
}
