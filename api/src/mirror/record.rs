//! A record as the upstream sent it, from a row: without the members that the syncer put in front of it.

use std::borrow::Cow;

use entity::Members;
use serde_json::{Value, value::RawValue};

/// `payload` without those of the members `names` that lead it, each written as the syncer writes them.
pub(super) fn bare<'a>(payload: &'a str, names: &[&str]) -> Cow<'a, str> {
    let Some(mut rest) = payload.strip_prefix('{') else {
        return Cow::Borrowed(payload);
    };
    let whole = rest.len();
    for name in names {
        if let Some((_, behind)) = first(rest, name) {
            rest = behind;
        }
    }
    match rest.len() {
        left if left == whole => Cow::Borrowed(payload),
        _ => Cow::Owned(format!("{{{rest}")),
    }
}

/// The value of the member `name` of `payload`, as a plain text; `None`: it has none.
pub(super) fn member(payload: &str, name: &str) -> Option<String> {
    let Members(members) = serde_json::from_str(payload).ok()?;
    let mut found = members.into_iter().filter(|(own, _)| own == name);
    found.next().map(|(_, value)| plain(value))
}

/// A JSON value as a plain text: that of a text without its quotes.
pub(super) fn plain(json: &RawValue) -> String {
    serde_json::from_str(json.get()).unwrap_or_else(|_| json.get().to_owned())
}

/// The value of the member `name` if `members` begin with it, and what stands behind it.
fn first<'a>(members: &'a str, name: &str) -> Option<(&'a RawValue, &'a str)> {
    let value = members.strip_prefix(&format!("{}:", Value::from(name)))?;
    if value.starts_with(|first: char| first.is_ascii_whitespace()) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<&RawValue>();
    let found = values.next()?.ok()?;
    let behind = &value[values.byte_offset()..];
    match behind.strip_prefix(',') {
        Some(behind) => Some((found, behind)),
        None => behind
            .trim_start()
            .starts_with('}')
            .then_some((found, behind)),
    }
}

#[cfg(test)]
mod tests {
    use super::{bare, member};

    #[test]
    fn what_was_put_in_front_goes() {
        let check = |payload: &str, expected: &str| {
            assert_eq!(bare(payload, &["a", "b"]), expected, "{payload}");
        };
        check(r#"{"a":"x","id": 1}"#, r#"{"id": 1}"#);
        check(r#"{"a":"x","b":{"c":[1]}, "id": 1 }"#, r#"{ "id": 1 }"#);
        check(r#"{"b":null,"a":1}"#, r#"{"a":1}"#);
        check(r#"{"a":"x"}"#, "{}");
        check(r#"{"a":"x" }"#, "{ }");
        check(r#"{"id":1,"a":"x"}"#, r#"{"id":1,"a":"x"}"#);
        check(r#"{"a": "x","id":1}"#, r#"{"a": "x","id":1}"#);
        check("[1]", "[1]");
    }

    #[test]
    fn a_member_is_told_as_a_plain_text() {
        let check = |name: &str, expected: Option<&str>| {
            let payload = r#"{"a":"x\"y","b":7}"#;
            assert_eq!(member(payload, name).as_deref(), expected);
        };
        check("a", Some("x\"y"));
        check("b", Some("7"));
        check("c", None);
    }
}
