//! JSON Merge Patch (RFC 7396) on bytes: what a patch does not name stays as it was written.

use std::borrow::Cow;

use serde_json::{Value, value::RawValue};

use crate::raw;

/// `target` with `patch` merged into it; both are JSON that has been read before, and is not too deep.
///
/// # Errors
/// One of them is no JSON.
pub fn merge(target: &str, patch: &str) -> Result<String, serde_json::Error> {
    if !patch.starts_with('{') {
        return Ok(patch.to_owned());
    }
    let patch = raw::members(patch)?;
    let target = match target.starts_with('{') {
        true => target,
        false => "{}",
    };
    let target = raw::members(target)?;
    let mut merged: Vec<(&str, Cow<'_, str>)> = Vec::new();
    for (name, value) in target.iter() {
        match patch.get(name) {
            None => merged.push((name, value.get().into())),
            Some(change) if change.get() == "null" => {}
            Some(change) => merged.push((name, changed(value.get(), change)?)),
        }
    }
    for (name, change) in patch.iter() {
        if change.get() != "null" && target.get(name).is_none() {
            merged.push((name, changed("{}", change)?));
        }
    }
    Ok(object(&merged))
}

fn changed<'a>(target: &str, change: &'a RawValue) -> Result<Cow<'a, str>, serde_json::Error> {
    match raw::kind(change) {
        "an object" => merge(target, change.get()).map(Cow::Owned),
        _ => Ok(change.get().into()),
    }
}

/// An object of these members, each with its own bytes.
pub(super) fn object(members: &[(&str, Cow<'_, str>)]) -> String {
    let members = members.iter().map(|(name, value)| {
        let name = Value::from(*name);
        format!("{name}:{value}")
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::merge;

    /// RFC 7396, section 2.
    fn merged(target: Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else {
            return patch.clone();
        };
        let mut target = match target {
            Value::Object(target) => target,
            _ => serde_json::Map::new(),
        };
        for (name, value) in patch {
            if value.is_null() {
                target.remove(name);
            } else {
                let old = target.remove(name).unwrap_or(Value::Null);
                target.insert(name.clone(), merged(old, value));
            }
        }
        Value::Object(target)
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ab\"\\\\é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..3)
                    .prop_map(|members| json!(members)),
            ]
        })
    }

    #[test]
    fn what_is_not_named_keeps_its_bytes() {
        let target = r#"{"z": 1.10,"a":{"b" : 12345678901234567890123,"c":1},"n":2}"#;
        let patch = r#"{"a":{"c":null,"d":1e2},"n":null,"new":[1, 2]}"#;
        let expected = r#"{"z":1.10,"a":{"b":12345678901234567890123,"d":1e2},"new":[1, 2]}"#;
        assert_eq!(merge(target, patch).expect("JSON"), expected);
    }

    proptest! {
        #[test]
        fn it_merges_as_the_rfc_says(target in any_json(), patch in any_json()) {
            let found = merge(&target.to_string(), &patch.to_string()).expect("JSON");
            let found: Value = serde_json::from_str(&found).expect("JSON");
            prop_assert_eq!(found, merged(target, &patch));
        }
    }
}
