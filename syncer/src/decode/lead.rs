//! Members put in front of a record: what it takes from its parent, or from the name that it is under.

use std::{borrow::Cow, fmt::Write as _};

use entity::raw;
use serde_json::{Value, value::RawValue};

use crate::parents::Copied;

/// A member that the record has itself, with another value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Clash<'c> {
    pub given: &'c Copied,
    /// The record's own value, as JSON.
    pub own: String,
}

/// `record` with `given` behind its opening brace.
///
/// A member that the record has itself is not written twice. What is no object stays as it is.
///
/// # Errors
/// The record has one of the members with another value.
pub(crate) fn led<'a, 'c>(
    given: &'c [Copied],
    record: Cow<'a, str>,
) -> Result<Cow<'a, str>, Clash<'c>> {
    if given.is_empty() {
        return Ok(record);
    }
    let names: Vec<&str> = given.iter().map(|member| member.name.as_str()).collect();
    let (Some(rest), Ok(own)) = (record.strip_prefix('{'), raw::find(&record, &names)) else {
        return Ok(record);
    };
    let mut front = String::new();
    for (member, own) in given.iter().zip(own) {
        match own {
            Some(own) if is_same(own, &member.value) => {}
            Some(own) => {
                let own = own.get().to_owned();
                return Err(Clash { given: member, own });
            }
            None => {
                let comma = if front.is_empty() { "" } else { "," };
                let name = Value::from(member.name.as_str());
                let _infallible = write!(front, "{comma}{name}:{}", member.value);
            }
        }
    }
    if front.is_empty() {
        return Ok(record);
    }
    let is_empty = rest.trim_start().starts_with('}');
    let comma = if is_empty { "" } else { "," };
    Ok(Cow::Owned(["{", &front, comma, rest].concat()))
}

/// Whether two values read the same: under the name `"7"` a record may well say that its number is 7.
fn is_same(own: &RawValue, given: &str) -> bool {
    let plain = |json: &str| serde_json::from_str::<String>(json).ok();
    own.get() == given
        || plain(own.get()).is_some_and(|own| own == given)
        || plain(given).is_some_and(|given| own.get() == given || plain(own.get()) == Some(given))
}

#[cfg(test)]
mod tests {
    use super::{Copied, led};

    fn check(value: &str, names: &[&str], record: &str, expected: Option<&str>) {
        let given: Vec<Copied> = names
            .iter()
            .map(|name| Copied {
                name: (*name).to_owned(),
                value: value.to_owned(),
            })
            .collect();
        let led = led(&given, record.into()).ok();
        assert_eq!(led.as_deref(), expected, "{record}");
    }

    #[test]
    fn given_members_lead_the_record() {
        let text = "\"abys\"";
        check(
            text,
            &["a"],
            r#"{"id": 1}"#,
            Some(r#"{"a":"abys","id": 1}"#),
        );
        check(
            text,
            &["a", "b"],
            "{ }",
            Some(r#"{"a":"abys","b":"abys" }"#),
        );
        check(text, &[], r#"{"id":1}"#, Some(r#"{"id":1}"#));
        check(text, &["a"], "[1]", Some("[1]"));
        check(
            text,
            &["a", "b"],
            r#"{"a":"abys"}"#,
            Some(r#"{"b":"abys","a":"abys"}"#),
        );
        check(text, &["a"], r#"{"a":"beng"}"#, None);
    }

    #[test]
    fn a_number_and_its_text_are_one_value() {
        check("\"7\"", &["id"], r#"{"id":7}"#, Some(r#"{"id":7}"#));
        check("7", &["id"], r#"{"id":"7"}"#, Some(r#"{"id":"7"}"#));
        check(
            "\"\\u0037\"",
            &["id"],
            r#"{"id":"7"}"#,
            Some(r#"{"id":"7"}"#),
        );
        check("\"7\"", &["id"], r#"{"id":7.5}"#, None);
        check("\"null\"", &["id"], r#"{"id":{}}"#, None);
    }
}
