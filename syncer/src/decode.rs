//! A page's body to its records, each with its own bytes. Nothing is converted: numbers keep every digit.

use std::borrow::Cow;

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    error::SyncError,
    fetch::{
        Page,
        page::{self, Answer},
    },
    source::plan::{Place, Plan, Pointer, Way},
};

/// The records of a page, and what it says of the way on.
#[derive(Debug, Default)]
pub(crate) struct Decoded<'a> {
    /// Each as JSON.
    pub records: Vec<Cow<'a, str>>,
    pub answer: Answer,
}

/// Finds the records in `page`.
///
/// # Errors
/// The body is not JSON, says that it is a failure, or has no array where the plan says that the records are.
pub(crate) fn page<'a>(plan: &Plan, page: &'a Page) -> Result<Decoded<'a>, SyncError> {
    let Some(body) = &page.body else {
        return Ok(Decoded {
            answer: answer(plan, page, None, &[]),
            ..Decoded::default()
        });
    };
    let unreadable = |why: String| SyncError::Decode {
        url: page.url.clone(),
        why,
    };
    let root: &RawValue =
        serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    if let Some(place) = &plan.error_when
        && let Some(said) = at(root, place)
        && is_failure(said)
    {
        let said = page.secrets.hide(said.get()).chars().take(120).collect();
        return Err(SyncError::SaysFailure {
            url: page.url.clone(),
            place: place.to_string(),
            said,
        });
    }
    let wanted = at(root, &plan.records).ok_or_else(|| unreadable(missing(&plan.records)))?;
    let records: Vec<&RawValue> = serde_json::from_str(wanted.get()).map_err(|_| {
        unreadable(format!(
            "{} is {} and not an array",
            described(&plan.records),
            kind(wanted)
        ))
    })?;
    let records: Vec<Cow<'a, str>> = records
        .into_iter()
        .map(|record| Cow::Borrowed(record.get()))
        .collect();
    Ok(Decoded {
        answer: answer(plan, page, Some(root), &records),
        records,
    })
}

/// What the page says of the way on.
fn answer(plan: &Plan, page: &Page, root: Option<&RawValue>, records: &[Cow<'_, str>]) -> Answer {
    let said = |place: &Place| said(place, page, root, records);
    let next = match &plan.page.way {
        Way::Link => {
            let links = page.headers.get_all("link").iter();
            let mut links = links.filter_map(|value| page::next_link(value.to_str().ok()?));
            links.next().map(|link| page.links.resolve(&link))
        }
        Way::Url { next, .. } => said(next)
            .filter(|link| !link.is_empty())
            .map(|link| page.links.resolve(&link)),
        Way::Cursor { next, .. } => said(next),
        Way::None | Way::Number { .. } | Way::Offset { .. } => None,
    };
    let more = plan.page.more.as_ref().and_then(said);
    Answer {
        records: records.len() as u64,
        total: plan
            .page
            .total
            .as_ref()
            .and_then(said)
            .and_then(|total| total.trim().parse().ok()),
        more: more.map(|more| !["", "false", "0", "no"].contains(&more.as_str())),
        next,
        rest: page.rest,
    }
}

/// The value at `place` as a plain text; `None`: absent or null.
fn said(
    place: &Place,
    page: &Page,
    root: Option<&RawValue>,
    records: &[Cow<'_, str>],
) -> Option<String> {
    let found = match place {
        Place::Header(name) => return page.headers.get(name)?.to_str().ok().map(str::to_owned),
        Place::Body(pointer) => at(root?, pointer)?,
        Place::Last(pointer) => at(serde_json::from_str(records.last()?).ok()?, pointer)?,
    };
    match found.get() {
        "null" => None,
        text => Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())),
    }
}

fn missing(pointer: &Pointer) -> String {
    format!(
        "{} is missing; `records` says that the records are there",
        described(pointer)
    )
}

fn described(pointer: &Pointer) -> String {
    if pointer.0.is_empty() {
        "the body".to_owned()
    } else {
        format!("`{pointer}`")
    }
}

fn is_failure(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | "false" | "\"\"" | "[]" | "{}")
}

/// What a JSON value is, in words.
pub(crate) fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The value at `pointer` below `value`, if there is one.
pub(crate) fn at<'a>(value: &'a RawValue, pointer: &Pointer) -> Option<&'a RawValue> {
    pointer
        .0
        .iter()
        .try_fold(value, |value, token| child(value, token))
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

/// The members of an object in order, each with its own bytes.
///
/// # Errors
/// It is no object, or a member's name is not Unicode.
pub(crate) fn members(value: &RawValue) -> Result<Members<'_>, serde_json::Error> {
    serde_json::Deserializer::from_str(value.get()).deserialize_map(All)
}

/// The members of an object; of two with one name the last counts.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .rev()
            .find(|(member, _)| member == name)
            .map(|(_, value)| *value)
    }

    /// The value at `pointer` below the object.
    pub(crate) fn at(&self, pointer: &Pointer) -> Option<&'a RawValue> {
        let (first, rest) = pointer.0.split_first()?;
        rest.iter()
            .try_fold(self.get(first)?, |value, token| child(value, token))
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
        while let Some(name) = map.next_key_seed(Name)? {
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

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(32);
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A member's name: borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{at, members};
    use crate::source::plan::Pointer;

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
    fn an_object_gives_up_its_members() {
        let object = members(raw(r#"{"id":"a","n":{"x":[true]},"id":"b"}"#)).expect("an object");
        assert_eq!(object.get("id").map(RawValue::get), Some("\"b\""));
        assert_eq!(
            object
                .at(&Pointer(vec!["n".into(), "x".into(), "0".into()]))
                .map(RawValue::get),
            Some("true")
        );
        assert!(members(raw("[]")).is_err());
        assert!(members(raw(r#"{"\ud800":1}"#)).is_err());
    }
}
