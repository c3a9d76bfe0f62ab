//! The canonical text of a key: a text stands as it is, a number without a needless point or exponent.

use serde_json::value::RawValue;

use crate::{definition::Decimal, raw};

/// What `value` is in a key.
///
/// # Errors
/// It cannot be a part of one: says why.
pub fn part(value: &RawValue) -> Result<String, String> {
    let text = value.get();
    match raw::kind(value) {
        "a text" => match serde_json::from_str::<String>(text) {
            Ok(text) if text.is_empty() => Err("is an empty text".to_owned()),
            Ok(text) => Ok(text),
            Err(error) => Err(format!("is not Unicode text: {error}")),
        },
        "a number" => {
            let number = Decimal::parse(text)
                .ok()
                .and_then(|number| number.canonical());
            number.ok_or_else(|| "is a number of more than 64 digits".to_owned())
        }
        "a boolean" => Ok(text.to_owned()),
        other => Err(format!(
            "is {other}; a key is a text, a number or a boolean"
        )),
    }
}

/// A key of these parts: of several, each writes `%` and `,` as `%25` and `%2C`, so that the commas between them are the
/// only ones.
pub fn joined(mut parts: Vec<String>) -> String {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let escaped = parts
        .iter()
        .map(|part| part.replace('%', "%25").replace(',', "%2C"));
    escaped.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::{joined, part};

    fn split(key: &str) -> Vec<String> {
        key.split(',')
            .map(|part| part.replace("%2C", ",").replace("%25", "%"))
            .collect()
    }

    #[test]
    fn a_number_has_one_key() {
        let check = |json: &str, expected: Result<&str, ()>| {
            let raw: &RawValue = serde_json::from_str(json).expect("JSON");
            assert_eq!(part(raw).as_deref().map_err(|_| ()), expected, "{json}");
        };
        check("1", Ok("1"));
        check("1.0", Ok("1"));
        check("-0", Ok("0"));
        check("12345678901234567890123", Ok("12345678901234567890123"));
        check("\"1\"", Ok("1"));
        check("\"a \"", Ok("a "));
        check("true", Ok("true"));
        check("\"\"", Err(()));
        check("{}", Err(()));
        check("\"\\ud800\"", Err(()));
        check("1e99", Err(()));
    }

    proptest! {
        #[test]
        fn a_composite_key_reads_back(parts in prop::collection::vec(".{1,8}", 2..4)) {
            prop_assert_eq!(split(&joined(parts.clone())), parts);
        }

        #[test]
        fn a_single_key_is_the_text_itself(text in ".{1,20}") {
            prop_assert_eq!(joined(vec![text.clone()]), text);
        }
    }
}
