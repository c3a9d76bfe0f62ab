//! A JSON object as it came: its members in their order, each value with its own bytes.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of a JSON object in their order, those of a name that repeats included; the values are unparsed.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder).map(Members)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    #[test]
    fn members_come_in_order_with_their_bytes() {
        let Members(members) =
            serde_json::from_str(r#"{"z": 1.10, "\u00e9":[1, 2], "z":"\/"}"#).expect("an object");
        let shown: Vec<_> = members
            .iter()
            .map(|(name, value)| (name.as_str(), value.get()))
            .collect();
        assert_eq!(shown, [("z", "1.10"), ("é", "[1, 2]"), ("z", r#""\/""#)]);
    }

    #[test]
    fn what_is_no_object_has_none() {
        let error = serde_json::from_str::<Members<'_>>("[1]").expect_err("an array");
        assert!(error.to_string().contains("expected a JSON object"));
    }
}
