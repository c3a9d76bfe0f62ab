//! Looks into JSON without converting it: every value keeps its own bytes, numbers every digit.

/// All members of an object.
mod members;

use std::borrow::Cow;

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::definition::Pointer;

pub use self::members::{Members, members};

/// What a JSON value is, in words.
pub fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// A text without its quotes: borrowed where it has no escapes.
///
/// # Errors
/// It is no text, or not Unicode.
pub fn plain(value: &RawValue) -> Result<Cow<'_, str>, serde_json::Error> {
    serde_json::Deserializer::from_str(value.get()).deserialize_str(Text)
}

/// The value at `pointer` below `value`, if there is one.
pub fn at<'a>(value: &'a RawValue, pointer: &Pointer) -> Option<&'a RawValue> {
    below(value, &pointer.0)
}

/// The value at the pointer of these `tokens` below `value`, if there is one.
pub fn below<'a>(value: &'a RawValue, tokens: &[String]) -> Option<&'a RawValue> {
    tokens
        .iter()
        .try_fold(value, |value, token| child(value, token))
}

/// All values at the pointer of these `tokens` below `value`, where a token `*` stands for every item of an array.
/// Those that are null are left out, as if they were absent.
pub fn every<'a>(value: &'a RawValue, tokens: &[String]) -> Vec<&'a RawValue> {
    let mut found = Vec::new();
    collect(value, tokens, &mut found);
    found
}

fn collect<'a>(value: &'a RawValue, tokens: &[String], found: &mut Vec<&'a RawValue>) {
    match tokens.split_first() {
        None if value.get() == "null" => {}
        None => found.push(value),
        Some((token, rest)) if token == "*" => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            for item in items {
                collect(item, rest, found);
            }
        }
        Some((token, rest)) => {
            if let Some(value) = child(value, token) {
                collect(value, rest, found);
            }
        }
    }
}

/// The members of `object` that have these `names`; of two with one name the first.
///
/// It reads no further than to the last of them: most records begin with their key.
///
/// # Errors
/// It is no object, or the name of a member before the last one found is not Unicode.
pub fn find<'a>(
    object: &'a str,
    names: &[&str],
) -> Result<Vec<Option<&'a RawValue>>, serde_json::Error> {
    let mut found = vec![None; names.len()];
    let wanted = Wanted {
        names,
        found: &mut found,
    };
    let read = serde_json::Deserializer::from_str(object).deserialize_map(wanted);
    match read {
        // Leaving in the middle is an error to the deserializer.
        Err(error) if found.iter().any(Option::is_none) => Err(error),
        _ => Ok(found),
    }
}

fn child<'a>(value: &'a RawValue, token: &str) -> Option<&'a RawValue> {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    match value.get().as_bytes().first()? {
        b'{' => deserializer.deserialize_map(Member(token)).ok()?,
        b'[' => deserializer
            .deserialize_seq(Item(token.parse().ok()?))
            .ok()?,
        _ => None,
    }
}

struct Wanted<'w, 'a> {
    names: &'w [&'w str],
    found: &'w mut [Option<&'a RawValue>],
}

impl<'de> Visitor<'de> for Wanted<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while self.found.iter().any(Option::is_none) {
            let Some(name) = map.next_key_seed(Text)? else {
                break;
            };
            let value = map.next_value()?;
            let places = self.names.iter().zip(self.found.iter_mut());
            for (_, place) in places.filter(|(wanted, _)| name == **wanted) {
                place.get_or_insert(value);
            }
        }
        Ok(())
    }
}

struct Member<'t>(&'t str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key_seed(Text)? {
            if name == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct Item(usize);

impl<'de> Visitor<'de> for Item {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut index = 0;
        while let Some(value) = seq.next_element::<&RawValue>()? {
            if index == self.0 {
                found = Some(value);
            }
            index += 1;
        }
        Ok(found)
    }
}

/// A text, or a member's name: borrowed where it has no escapes.
pub struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{at, every, find};
    use crate::definition::Pointer;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn a_pointer_finds_the_bytes_as_they_are() {
        let check = |json: &'static str, tokens: &[&str], expected: Option<&str>| {
            let pointer = Pointer(tokens.iter().map(|token| (*token).to_owned()).collect());
            assert_eq!(
                at(raw(json), &pointer).map(RawValue::get),
                expected,
                "{pointer}"
            );
        };
        check(r#"{"a":{"b":[1, 2.50]}}"#, &["a", "b", "1"], Some("2.50"));
        check(r#"{"a":1,"a":2}"#, &["a"], Some("2"));
        check(r#"{"a\u0062":1e400}"#, &["ab"], Some("1e400"));
        check(r#"{"a":1}"#, &["a", "b"], None);
        check("[1]", &["x"], None);
        check("[1]", &["1"], None);
        check("[1]", &[], Some("[1]"));
    }

    #[test]
    fn named_members_are_found_without_reading_on() {
        let check = |json: &str, names: &[&str], expected: Option<&[Option<&str>]>| {
            let found = find(json, names).ok();
            let found: Option<Vec<_>> =
                found.map(|found| found.into_iter().map(|at| at.map(RawValue::get)).collect());
            assert_eq!(found.as_deref(), expected, "{json}");
        };
        check(
            r#"{"a":[1],"b":2,"a":3}"#,
            &["a", "b"],
            Some(&[Some("[1]"), Some("2")]),
        );
        check(r#"{"a":1}"#, &["b"], Some(&[None]));
        check(
            r#"{"a":1,"a":2}"#,
            &["a", "a"],
            Some(&[Some("1"), Some("1")]),
        );
        check(r#"{"i\u0064":1,"\ud800":2}"#, &["id"], Some(&[Some("1")]));
        check(r#"{"\ud800":2,"id":1}"#, &["id"], None);
        check("[1]", &["a"], None);
    }

    #[test]
    fn a_star_stands_for_every_item() {
        let check = |json: &str, tokens: &[&str], expected: &[&str]| {
            let tokens: Vec<String> = tokens.iter().map(|token| (*token).to_owned()).collect();
            let found = every(raw(json), &tokens);
            let found: Vec<_> = found.into_iter().map(RawValue::get).collect();
            assert_eq!(found, expected, "{json}");
        };
        let json = r#"{"a":[{"n":1},{"n":null},{},7,{"n":[2,3]}]}"#;
        check(json, &["a", "*", "n"], &["1", "[2,3]"]);
        check(json, &["a", "*", "n", "*"], &["2", "3"]);
        check(json, &["a", "n"], &[]);
        check(json, &["*"], &[]);
        check("[null,1]", &["*"], &["1"]);
    }
}
