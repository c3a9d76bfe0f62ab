//! The canonical text of a record's key: equal for two records only if every part of their keys is equal.

use entity::definition::{Decimal, Definition, KEY_BYTES};
use serde_json::value::RawValue;

use super::{Fault, plain};
use crate::{
    decode::{self, Members},
    source::plan::Rule,
};

/// The key of `record`: its fields' texts, joined by commas where there are several.
///
/// A text stands as it is, a number without a needless point or exponent (`1.0` and `1` are one key).
/// Of several parts, each writes `%` and `,` as `%25` and `%2C`, so that the commas between them are the only ones.
pub(super) fn canonical(
    definition: &Definition,
    rules: &[Rule],
    record: &Members<'_>,
) -> Result<String, Fault> {
    let mut parts = Vec::with_capacity(definition.key.len());
    for name in &definition.key {
        let at = definition
            .fields
            .iter()
            .position(|field| field.name == *name);
        let value = at.and_then(|at| plain(record, &rules[at]));
        let fault = |reason: String| Fault {
            key: None,
            field: Some(name.clone()),
            reason,
        };
        let Some(value) = value else {
            return Err(fault(format!("key field `{name}` is absent or null")));
        };
        parts.push(part(value).map_err(|why| fault(format!("key field `{name}` {why}")))?);
    }
    let key = joined(parts);
    if key.len() > KEY_BYTES {
        let reason = format!(
            "the key has {} bytes; at most {KEY_BYTES} can be stored",
            key.len()
        );
        return Err(Fault {
            key: None,
            field: definition.key.first().cloned(),
            reason,
        });
    }
    Ok(key)
}

fn part(value: &RawValue) -> Result<String, String> {
    let text = value.get();
    match decode::kind(value) {
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

fn joined(mut parts: Vec<String>) -> String {
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
