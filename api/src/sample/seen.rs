//! What stands where in some records, told as JSON Schema that any record meets: the types are said, not asked for.
//!
//! `properties` and `items` bind nothing that is no object and no array, so the structure can be told as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Objects and arrays in each other that are told of.
const DEPTH: usize = 6;
/// Places of one resource that are told of.
const PLACES: usize = 400;
/// Items of one array that are looked at.
const ITEMS: usize = 20;
/// Longest example of a value and longest name of a member, in bytes.
const LONGEST: usize = 120;

/// What was seen at one place of the records.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    times: usize,
    /// How often it was an object.
    objects: usize,
    kinds: BTreeSet<&'static str>,
    example: Option<Value>,
    members: BTreeMap<String, Self>,
    items: Option<Box<Self>>,
}

impl Seen {
    pub(super) fn of(records: &[Value]) -> Self {
        let mut seen = Self::default();
        let mut left = PLACES;
        for record in records {
            seen.add(record, DEPTH, &mut left);
        }
        seen
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.times == 0
    }

    /// `left`: how many places more may be told of.
    fn add(&mut self, value: &Value, depth: usize, left: &mut usize) {
        self.times += 1;
        self.kinds.insert(kind(value));
        match value {
            Value::Object(members) if depth > 0 => {
                self.objects += 1;
                for (name, value) in members.iter().filter(|(name, _)| name.len() <= LONGEST) {
                    self.add_member((name, value), depth - 1, left);
                }
            }
            Value::Array(items) if depth > 0 && !items.is_empty() => {
                let of_items = self.items.get_or_insert_default();
                let some = items.iter().take(ITEMS);
                some.for_each(|item| of_items.add(item, depth - 1, left));
            }
            Value::Object(_) | Value::Array(_) | Value::Null => {}
            plain => {
                if self.example.is_none() && plain.to_string().len() <= LONGEST {
                    self.example = Some(plain.clone());
                }
            }
        }
    }

    fn add_member(&mut self, (name, value): (&String, &Value), depth: usize, left: &mut usize) {
        if !self.members.contains_key(name) {
            let Some(fewer) = left.checked_sub(1) else {
                return;
            };
            *left = fewer;
        }
        let member = self.members.entry(name.clone()).or_default();
        member.add(value, depth, left);
    }

    /// The members, by their names.
    pub(super) fn properties(&self) -> Map<String, Value> {
        let told = |(name, member): (&String, &Self)| (name.clone(), member.schema(self.objects));
        self.members.iter().map(told).collect()
    }

    /// `of`: how often it could have been there.
    fn schema(&self, of: usize) -> Value {
        let kinds: Vec<&str> = self.kinds.iter().copied().collect();
        let mut description = kinds.join(" or ");
        if self.times < of {
            description.push_str(", not always there");
        }
        let mut schema = json!({ "description": description });
        if let Some(example) = &self.example {
            schema["examples"] = json!([example]);
        }
        if !self.members.is_empty() {
            schema["properties"] = Value::Object(self.properties());
        }
        if let Some(items) = &self.items {
            schema["items"] = items.schema(0);
        }
        schema
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{PLACES, Seen};

    #[test]
    fn what_was_seen_is_told_with_an_example() {
        let records = [
            json!({ "id": "abys", "weight": { "metric": "3 - 5" }, "tags": [1, "x"] }),
            json!({ "id": "aege", "weight": {}, "born": null }),
        ];
        let expected = json!({
            "born": { "description": "null, not always there" },
            "id": { "description": "string", "examples": ["abys"] },
            "tags": {
                "description": "array, not always there",
                "items": { "description": "integer or string", "examples": [1] },
            },
            "weight": {
                "description": "object",
                "properties": {
                    "metric": { "description": "string, not always there", "examples": ["3 - 5"] },
                },
            },
        });
        assert_eq!(Value::Object(Seen::of(&records).properties()), expected);
    }

    #[test]
    fn a_record_of_any_size_is_told_in_few_words() {
        let many: serde_json::Map<String, Value> = (0..5000)
            .map(|at| (format!("m{at}"), json!({ "x": "y".repeat(1000) })))
            .collect();
        let mut deep = json!("bottom");
        for _ in 0..100 {
            deep = json!({ "down": [deep] });
        }
        let seen = Seen::of(&[Value::Object(many), deep]);
        let told = Value::Object(seen.properties()).to_string();
        assert!(told.len() < PLACES * 200, "{}", told.len());
        assert!(!told.contains("bottom"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-c]{0,3}".prop_map(Value::from),
        ];
        plain.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_seen_binds_no_other(some in any_json(), other in any_json()) {
            let schema = json!({ "properties": Seen::of(&[some]).properties() });
            let validator = jsonschema::draft202012::new(&schema).expect("a schema");
            prop_assert!(validator.is_valid(&other), "{schema} binds {other}");
        }
    }
}
