//! All members of an object, each with its own bytes.

use std::borrow::Cow;

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Text, below};

/// The members of an object in order, each with its own bytes.
///
/// # Errors
/// It is no object, or a member's name is not Unicode.
pub fn members(object: &str) -> Result<Members<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let members = deserializer.deserialize_map(All)?;
    deserializer.end()?;
    Ok(Members { object, members })
}

/// The members of an object; of two with one name the last counts.
#[derive(Debug)]
pub struct Members<'a> {
    object: &'a str,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Members<'a> {
    /// The value of the member of that name.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members
            .iter()
            .rev()
            .find(|(member, _)| member == name)
            .map(|(_, value)| *value)
    }

    /// The value at the pointer of these `tokens`; without any, the object itself.
    pub fn below(&self, tokens: &[String]) -> Option<&'a RawValue> {
        match tokens.split_first() {
            Some((first, rest)) => below(self.get(first)?, rest),
            None => serde_json::from_str(self.object).ok(),
        }
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        let members = self.members.iter();
        members.map(|(name, value)| (name.as_ref(), *value))
    }

    /// Whether several members have this name.
    pub fn repeats(&self, name: &str) -> bool {
        let members = self.members.iter();
        members.filter(|(member, _)| member == name).count() > 1
    }
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(32);
        while let Some(name) = map.next_key_seed(Text)? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::members;

    #[test]
    fn an_object_gives_up_its_members() {
        let json = r#"{"id":"a","n":{"x":[true]},"id":"b"}"#;
        let object = members(json).expect("an object");
        assert_eq!(object.get("id").map(RawValue::get), Some("\"b\""));
        assert_eq!(
            object
                .below(&["n".into(), "x".into(), "0".into()])
                .map(RawValue::get),
            Some("true")
        );
        assert!(object.repeats("id") && !object.repeats("n"));
        assert_eq!(object.below(&[]).map(RawValue::get), Some(json));
        for other in ["[]", r#"{"\ud800":1}"#, "{} {}", "{"] {
            assert!(members(other).is_err(), "{other}");
        }
    }
}
