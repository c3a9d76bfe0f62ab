//! Documents as they are met, to drafts that pass the check of definitions.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ImportError, draft};
use crate::draft::checked::faults;

const SHOP: &str = include_str!("shop.json");
const NOTES: &str = include_str!("notes.json");
const TWO: &str = include_str!("two.json");

fn toml(document: &str) -> String {
    let document: Value = serde_json::from_str(document).expect("JSON");
    draft(&document, None).expect("a draft").toml
}

#[test]
fn a_shop_with_references_children_and_pages() {
    let toml = toml(SHOP);
    insta::assert_snapshot!(toml);
    assert_eq!(faults(&toml), Ok(()));
}

#[test]
fn version_two_is_read_as_well() {
    let toml = toml(TWO);
    insta::assert_snapshot!(toml);
    assert_eq!(faults(&toml), Ok(()));
}

#[test]
fn version_three_one_with_a_cursor() {
    insta::assert_snapshot!(toml(NOTES));
}

#[test]
fn a_cursor_passes_the_check() {
    assert_eq!(faults(&toml(NOTES)), Ok(()));
}

#[test]
fn what_describes_no_list_says_so() {
    assert_eq!(
        draft(&json!({"a": 1}), None).err(),
        Some(ImportError::NoOpenApi)
    );
    let document = json!({"openapi": "3.0.0", "paths": {"/me": {"get": {"responses": {}}}}});
    let error = draft(&document, None).expect_err("no list").to_string();
    assert!(
        error.ends_with("nothing to mirror: /me (no answer is documented)"),
        "{error}"
    );
}

#[test]
fn a_name_is_made_to_fit() {
    let document: Value = serde_json::from_str(SHOP).expect("JSON");
    let named = draft(&document, Some("My Shop")).expect("a draft");
    assert_eq!(named.source, "my_shop");
    assert_eq!(named.resources, ["products", "reviews", "votes"]);
    assert_eq!(named.left_out.len(), 2, "{:?}", named.left_out);
}

/// Documents of which a part was replaced by something else.
fn spoilt() -> impl Strategy<Value = Value> {
    let parts = prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
        Just(json!({"$ref": "#/components/schemas/Product"})),
        Just(json!({"type": "array", "items": {"type": "object"}})),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z_{}/?# ]{0,12}".prop_map(Value::from),
    ];
    let document = prop_oneof![Just(SHOP), Just(TWO)];
    (
        document,
        prop::collection::vec((any::<prop::sample::Index>(), parts), 1..4),
    )
        .prop_map(|(text, changes)| {
            let mut document: Value = serde_json::from_str(text).expect("JSON");
            for (index, part) in changes {
                let mut places = Vec::new();
                pointers(&document, &mut String::new(), &mut places);
                let place = index.get(&places);
                if let Some(found) = document.pointer_mut(place) {
                    *found = part;
                }
            }
            document
        })
}

fn pointers(value: &Value, at: &mut String, into: &mut Vec<String>) {
    into.push(at.clone());
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (at.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        let length = at.len();
        at.push('/');
        at.push_str(&name);
        pointers(child, at, into);
        at.truncate(length);
    }
}

proptest! {
    // Each case reads the whole schema of definitions.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_document_makes_a_draft_that_does_not_pass(document in spoilt(), name in prop::option::of("\\PC{0,20}")) {
        if let Ok(drafted) = draft(&document, name.as_deref()) {
            prop_assert_eq!(faults(&drafted.toml), Ok(()));
        }
    }
}
