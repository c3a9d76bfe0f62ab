//! All members of an object, each with its own bytes.

use std::borrow::Cow;

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::raw::{self, Name};

/// The members of an object in order, each with its own bytes.
///
/// # Errors
/// It is no object, or a member's name is not Unicode.
pub(crate) fn members(value: &RawValue) -> Result<Members<'_>, serde_json::Error> {
    let members = serde_json::Deserializer::from_str(value.get()).deserialize_map(All)?;
    Ok(Members {
        whole: value,
        members,
    })
}

/// The members of an object; of two with one name the last counts.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    whole: &'a RawValue,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Members<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members
            .iter()
            .rev()
            .find(|(member, _)| member == name)
            .map(|(_, value)| *value)
    }

    /// The value at the pointer of these `tokens`; without any, the object itself.
    pub(crate) fn below(&self, tokens: &[String]) -> Option<&'a RawValue> {
        match tokens.split_first() {
            Some((first, rest)) => raw::below(self.get(first)?, rest),
            None => Some(self.whole),
        }
    }

    /// Whether several members have this name.
    pub(crate) fn repeats(&self, name: &str) -> bool {
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
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::members;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn an_object_gives_up_its_members() {
        let object = members(raw(r#"{"id":"a","n":{"x":[true]},"id":"b"}"#)).expect("an object");
        assert_eq!(object.get("id").map(RawValue::get), Some("\"b\""));
        assert_eq!(
            object
                .below(&["n".into(), "x".into(), "0".into()])
                .map(RawValue::get),
            Some("true")
        );
        assert!(object.repeats("id") && !object.repeats("n"));
        assert!(members(raw("[]")).is_err());
        assert!(members(raw(r#"{"\ud800":1}"#)).is_err());
    }
}
