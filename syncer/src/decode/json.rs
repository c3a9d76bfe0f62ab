//! Records in one JSON document: the items of an array, or the members of an object.
//!
//! The body is read once: what stands beside the records is kept as it is, and each record is only passed over.

use std::borrow::Cow;

use entity::raw::{self, Text};
use serde::{
    Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Broken, Record, lead};
use crate::{
    parents::Copied,
    source::plan::{Plan, Pointer},
};

/// A document, taken apart where its records are.
#[derive(Debug)]
pub(super) struct Body<'p, 'a> {
    text: &'a str,
    way: &'p [String],
    /// At each step of the way to the records, the members of the object that are beside it.
    beside: Vec<Vec<(Cow<'a, str>, &'a RawValue)>>,
    found: Found<'a>,
}

/// What stands where the records should be.
#[derive(Debug, Default)]
enum Found<'a> {
    #[default]
    Nothing,
    Array(Vec<&'a RawValue>),
    /// Names and values, the names as JSON.
    Object(Vec<(&'a RawValue, &'a RawValue)>),
    Scalar(&'static str),
}

/// Reads `body`, whose records are at `records`.
///
/// # Errors
/// It is not JSON.
pub(super) fn body<'p, 'a>(
    body: &'a [u8],
    records: &'p Pointer,
) -> Result<Body<'p, 'a>, serde_json::Error> {
    let text = std::str::from_utf8(body)
        .map_err(|error| de::Error::custom(format!("it is not UTF-8: {error}")))?;
    let mut read = Body {
        text,
        way: &records.0,
        beside: Vec::new(),
        found: Found::Nothing,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let walk = Walk {
        left: &records.0,
        read: &mut read,
    };
    walk.deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())?;
    Ok(read)
}

impl<'a> Body<'_, 'a> {
    /// The value at `pointer`.
    pub(super) fn at(&self, pointer: &Pointer) -> Option<&'a RawValue> {
        let ways = self.way.iter().zip(&pointer.0);
        let shared = ways.take_while(|(way, token)| way == token).count();
        let (Some(token), true) = (pointer.0.get(shared), shared < self.way.len()) else {
            // On the way itself or among the records, where nobody looks: it is not at hand.
            return raw::at(serde_json::from_str(self.text).ok()?, pointer);
        };
        let mut members = self.beside.get(shared)?.iter().rev();
        let (_, value) = members.find(|(name, _)| name == token)?;
        raw::below(value, &pointer.0[shared + 1..])
    }
}

/// The records of `body`.
///
/// # Errors
/// There is no array where the plan says that they are, or no object.
pub(super) fn records<'a>(plan: &Plan, body: &Body<'_, 'a>) -> Result<Vec<Record<'a>>, String> {
    let described = match plan.records.0.is_empty() {
        true => "the body".to_owned(),
        false => format!("`{}`", plan.records),
    };
    let other = |is: &str, wanted: &str| Err(format!("{described} is {is} and not {wanted}"));
    match &body.found {
        Found::Object(_) if plan.single => {
            let record = body.at(&plan.records).into_iter();
            return Ok(record
                .map(|record| Ok(Cow::Borrowed(record.get())))
                .collect());
        }
        Found::Array(_) if plan.single => return other("an array", "one record"),
        Found::Scalar(is) if plan.single => return other(is, "a record"),
        _ => {}
    }
    match (&body.found, &plan.keyed_by) {
        (Found::Array(items), None) => {
            let items = items.iter();
            Ok(items.map(|item| Ok(Cow::Borrowed(item.get()))).collect())
        }
        (Found::Object(members), Some(key)) => {
            let members = members.iter();
            Ok(members
                .map(|(name, value)| keyed(key, name, value))
                .collect())
        }
        (Found::Nothing, _) => Err(format!(
            "{described} is missing; `records` says that the records are there"
        )),
        (Found::Object(_), None) => other("an object", "an array"),
        (Found::Array(_), Some(_)) => other("an array", "an object whose members are the records"),
        (Found::Scalar(is), None) => other(is, "an array"),
        (Found::Scalar(is), Some(_)) => other(is, "an object whose members are the records"),
    }
}

/// The member `name` of an object of records, its name put in front of it as its member `key`.
fn keyed<'a>(key: &str, name: &RawValue, value: &'a RawValue) -> Record<'a> {
    let broken = |reason: String| Broken {
        text: format!("{{{}:{}}}", name.get(), value.get()),
        field: Some(key.to_owned()),
        reason,
    };
    if raw::kind(value) != "an object" {
        let reason = format!(
            "the member {} is {}; a record must be an object",
            name.get(),
            raw::kind(value)
        );
        return Err(broken(reason));
    }
    let given = [Copied {
        name: key.to_owned(),
        value: name.get().to_owned(),
    }];
    lead::led(&given, Cow::Borrowed(value.get())).map_err(|clash| {
        broken(format!(
            "the record's own `{key}` is {}, and it is under the name {}; \
             give the name to a member that no record has",
            clash.own,
            name.get()
        ))
    })
}

/// Reads the value at the beginning of the way that is `left`.
struct Walk<'w, 'p, 'a> {
    left: &'p [String],
    read: &'w mut Body<'p, 'a>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'p, 'de> Walk<'_, 'p, 'de> {
    fn step(&mut self, left: &'p [String]) -> Walk<'_, 'p, 'de> {
        Walk {
            left,
            read: self.read,
        }
    }

    fn scalar<E>(self, is: &'static str) -> Result<(), E> {
        self.read.found = match self.left.is_empty() {
            true => Found::Scalar(is),
            false => Found::Nothing,
        };
        Ok(())
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let Some((token, left)) = self.left.split_first() else {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            self.read.found = Found::Object(members);
            return Ok(());
        };
        let step = self.read.way.len() - self.left.len();
        let mut beside = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            if name == *token {
                // Of two members with one name the last counts.
                self.read.beside.truncate(step);
                self.read.beside.push(Vec::new());
                self.read.found = Found::Nothing;
                map.next_value_seed(self.step(left))?;
            } else {
                beside.push((name, map.next_value()?));
            }
        }
        match self.read.beside.get_mut(step) {
            Some(empty) => *empty = beside,
            None => self.read.beside.push(beside),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let Some((token, left)) = self.left.split_first() else {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                items.push(item);
            }
            self.read.found = Found::Array(items);
            return Ok(());
        };
        let index = token.parse().unwrap_or(usize::MAX);
        self.read.beside.push(Vec::new());
        for _ in 0..index {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        if seq.next_element_seed(self.step(left))?.is_some() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar("a text")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar("a boolean")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar("null")
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar("a number")
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar("a number")
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar("a number")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{Body, Found, body};
    use crate::source::plan::Pointer;

    fn pointer(text: &str) -> Pointer {
        Pointer(text.split('/').skip(1).map(str::to_owned).collect())
    }

    fn items(found: &Found<'_>) -> Option<Vec<String>> {
        match found {
            Found::Array(items) => Some(items.iter().map(|item| item.get().to_owned()).collect()),
            _ => None,
        }
    }

    #[test]
    fn records_are_found_on_their_way() {
        let check = |json: &str, records: &str, expected: Option<&[&str]>| {
            let records = pointer(records);
            let read = body(json.as_bytes(), &records).expect("JSON");
            let expected = expected.map(|items| items.iter().map(|i| (*i).to_owned()).collect());
            assert_eq!(items(&read.found), expected, "{json}");
        };
        check("[1, {\"a\": 2.50}]", "", Some(&["1", "{\"a\": 2.50}"]));
        check(r#"{"a":{"b":[1]}}"#, "/a/b", Some(&["1"]));
        check(r#"{"a":[1],"a":[2]}"#, "/a", Some(&["2"]));
        check(r#"{"a":[1],"a":null}"#, "/a", None);
        check(r#"{"a":{"b":[1]},"a":{}}"#, "/a/b", None);
        check(r#"[0,{"b":[1]},2]"#, "/1/b", Some(&["1"]));
        check(r#"[0]"#, "/1/b", None);
        check(r#"[0]"#, "/x", None);
        check("7", "/x", None);
    }

    #[test]
    fn what_stands_beside_the_records_is_at_hand() {
        let records = pointer("/data/items");
        let json = r#"{"n":{"t":1},"data":{"more":true,"items":[{"id":5}]},"n":{"t":2}}"#;
        let read: Body<'_, '_> = body(json.as_bytes(), &records).expect("JSON");
        let check = |at: &str, expected: Option<&str>| {
            assert_eq!(read.at(&pointer(at)).map(RawValue::get), expected, "{at}");
        };
        check("/n/t", Some("2"));
        check("/data/more", Some("true"));
        check("/data/items/0/id", Some("5"));
        check("/data/items", Some(r#"[{"id":5}]"#));
        check("/data/less", None);
        check("/other", None);
        check("", Some(json));
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        let check = |json: &[u8], part: &str| {
            let root = Pointer::default();
            let error = body(json, &root).expect_err("no JSON");
            assert!(error.to_string().contains(part), "{error}");
        };
        check(b"", "EOF");
        check(b"[1] x", "trailing");
        check(b"[{\"a\":1},{\"a", "EOF");
        check(b"[\"\xff\"]", "not UTF-8");
    }

    #[test]
    fn depth_has_no_limit_and_no_danger() {
        let deep = [&"[".repeat(100_000), "", &"]".repeat(100_000)].concat();
        let json = format!("[{deep},{{\"a\":{deep}}}]");
        let root = Pointer::default();
        let read = body(json.as_bytes(), &root).expect("JSON");
        assert_eq!(items(&read.found).map(|items| items.len()), Some(2));
    }
}
