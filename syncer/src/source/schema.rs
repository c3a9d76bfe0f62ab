//! The JSON Schema of a definition: published for editors, and the grammar that files are held against.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use super::spec::FileSpec;

/// The schema as `syncer/sources/definition.schema.json` holds it.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(without_null as fn(&mut Schema)));
    let mut schema = settings.into_generator().into_root_schema_for::<FileSpec>();
    schema.insert("$id".to_owned(), "definition.schema.json".into());
    schema.insert("title".to_owned(), "Definition of a source".into());
    schema.to_value()
}

/// TOML has no null: an optional key is absent. Defaults are told in the descriptions.
fn without_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("default");
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let of_type = object.get_mut("type");
    if let Some(Value::Array(types)) = of_type {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(branches)) = object.get_mut("anyOf") else {
        return;
    };
    branches.retain(|branch| branch.get("type").is_none_or(|name| name != "null"));
    let [Value::Object(only)] = branches.as_slice() else {
        return;
    };
    let only = only.clone();
    object.remove("anyOf");
    for (keyword, value) in only {
        // The key's own description says more than its type's.
        object.entry(keyword).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::schema;

    #[test]
    fn the_committed_schema_is_current() {
        let committed: serde_json::Value =
            serde_json::from_str(include_str!("../../sources/definition.schema.json"))
                .expect("JSON");
        assert_eq!(
            committed,
            schema(),
            "write it anew: cargo run -p syncer --example definition_schema > syncer/sources/definition.schema.json"
        );
    }

    #[test]
    fn nothing_in_it_may_be_null() {
        fn check(value: &serde_json::Value) {
            match value {
                serde_json::Value::Object(object) => {
                    assert_ne!(object.get("type"), Some(&"null".into()));
                    object.values().for_each(check);
                }
                serde_json::Value::Array(items) => items.iter().for_each(check),
                other => assert!(!other.is_null()),
            }
        }
        check(&schema());
    }
}
