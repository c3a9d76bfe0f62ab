//! A member of a record to the value of a field, by the field's rule.

/// Texts to values of a type.
mod convert;
/// What a record is identified by.
mod key;
/// What a rule narrows.
mod narrow;
/// Times as upstreams write them.
mod time;

use std::borrow::Cow;

use serde_json::value::RawValue;

use self::{
    convert::converted,
    narrow::{fits, in_range, is_listed},
};
pub use self::{
    convert::{boolean, integer},
    key::{joined, part},
    time::timestamp,
};
use crate::{
    definition::{Cell, Kind, Rule},
    raw::{self, Members},
};

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Absent or null, and required.
    Missing,
    /// It does not fit: says what it is and what would fit.
    Value(String),
}

/// The value that `rule` reads in `record`; where its pointer has a `*`, the array that the star goes through.
pub fn of<'a>(record: &Members<'a>, rule: &Rule) -> Option<&'a RawValue> {
    let tokens = &rule.from.0;
    record.below(&tokens[..star(rule).unwrap_or(tokens.len())])
}

/// Where the first `*` stands in a rule's pointer.
fn star(rule: &Rule) -> Option<usize> {
    rule.from.0.iter().position(|token| token == "*")
}

/// The value of a field of type `kind`, of at most `limit` characters, in `raw`.
///
/// # Errors
/// There is none, though one is required, or it does not fit.
pub fn cell(
    kind: Kind,
    limit: Option<usize>,
    rule: &Rule,
    raw: Option<&RawValue>,
) -> Result<Cell, Bad> {
    let found = match raw.filter(|raw| raw.get() != "null") {
        None => Cell::Null,
        Some(raw) if kind == Kind::Json => Cell::Json(raw.get().to_owned()),
        Some(raw) if kind == Kind::List => list(rule, limit, raw)?,
        Some(raw) => scalar(kind, limit, rule, raw)?,
    };
    match found {
        Cell::Null if rule.required => Err(Bad::Missing),
        found => Ok(found),
    }
}

fn bad<T>(reason: impl Into<String>) -> Result<T, Bad> {
    Err(Bad::Value(reason.into()))
}

fn scalar(kind: Kind, limit: Option<usize>, rule: &Rule, raw: &RawValue) -> Result<Cell, Bad> {
    let text = text(raw)?;
    let text = match &rule.pattern {
        Some(pattern) => match pattern
            .captures(&text)
            .and_then(|found| found.get(1).or_else(|| found.get(0)))
        {
            Some(found) => found.as_str(),
            None => return bad(format!("{} does not match `{pattern}`", shown(&text))),
        },
        None => &text,
    };
    if kind == Kind::Text {
        fits(text, limit)?;
        is_listed(text, rule)?;
        return Ok(Cell::Text(text.to_owned()));
    }
    let text = text.trim();
    // Many upstreams write "" for a number or a time that they do not have.
    if text.is_empty() {
        return Ok(Cell::Null);
    }
    in_range(text, rule)?;
    is_listed(text, rule)?;
    converted(kind, rule, text)
}

/// The plain text of a value that is not a structure.
///
/// # Errors
/// It is one, or no Unicode text.
pub fn text(raw: &RawValue) -> Result<Cow<'_, str>, Bad> {
    match raw::kind(raw) {
        "a text" => raw::plain(raw).or_else(|error| bad(format!("not Unicode text: {error}"))),
        "an object" | "an array" => bad(format!(
            "{} where a single value was expected",
            raw::kind(raw)
        )),
        _ => Ok(Cow::Borrowed(raw.get())),
    }
}

fn list(rule: &Rule, limit: Option<usize>, raw: &RawValue) -> Result<Cell, Bad> {
    let items: Vec<String> = match (raw::kind(raw), &rule.split) {
        ("an array", _) => {
            let items = match star(rule) {
                Some(star) => raw::every(raw, &rule.from.0[star..]),
                None => serde_json::from_str(raw.get()).or_else(|error| bad(error.to_string()))?,
            };
            items
                .into_iter()
                .map(|item| text(item).map(Cow::into_owned))
                .collect::<Result<_, _>>()?
        }
        ("a text", Some(separator)) if star(rule).is_none() => {
            let whole = text(raw)?;
            let parts = whole
                .split(separator.as_str())
                .map(str::trim)
                .filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        }
        ("a text", None) if star(rule).is_none() => {
            return bad("a text where a list was expected; `split` says how to cut one");
        }
        (other, _) => return bad(format!("{other} where a list was expected")),
    };
    for item in &items {
        fits(item, limit)?;
        is_listed(item, rule)?;
    }
    Ok(Cell::List(items))
}

/// A value for a message: quoted, and short.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{short}{more}`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;
    use serde_json::value::RawValue;

    use super::{Bad, cell};
    use crate::definition::{Cell, Decimal, Kind, OnBad, Pattern, Pointer, Rule, TimeFormat};

    fn rule() -> Rule {
        Rule {
            from: Pointer::default(),
            pattern: None,
            split: None,
            format: TimeFormat::Standard,
            values: Vec::new(),
            min: None,
            max: None,
            required: false,
            on_bad: OnBad::Null,
        }
    }

    fn read(kind: &str, rule: &Rule, json: &str) -> Result<Cell, Bad> {
        let kind: Kind = kind.parse().expect("a type");
        let limit = (kind == Kind::Text || kind == Kind::List).then_some(10);
        cell(
            kind,
            limit,
            rule,
            Some(serde_json::from_str::<&RawValue>(json).expect("JSON")),
        )
    }

    fn check(kind: &str, rule: &Rule, json: &str, expected: impl Into<Option<Cell>>) {
        assert_eq!(
            read(kind, rule, json).ok(),
            expected.into(),
            "{kind} of {json}"
        );
    }

    #[test]
    fn values_fit_their_types_exactly_or_not_at_all() {
        let plain = rule();
        let text = |text: &str| Some(Cell::Text(text.to_owned()));
        check("text", &plain, "\"a\\u00e9\"", text("aé"));
        check("text", &plain, "12.50", text("12.50"));
        check("text", &plain, "{}", None);
        check("text", &plain, "\"01234567890\"", None);
        check("text", &plain, "\"\\ud800\"", None);
        check(
            "integer",
            &plain,
            "9223372036854775807",
            Some(Cell::Integer(i64::MAX)),
        );
        check(
            "integer",
            &plain,
            "-9223372036854775808",
            Some(Cell::Integer(i64::MIN)),
        );
        check("integer", &plain, "9223372036854775808", None);
        check("integer", &plain, "5.0", Some(Cell::Integer(5)));
        check("integer", &plain, "5.5", None);
        check("integer", &plain, "\" 7 \"", Some(Cell::Integer(7)));
        check("integer", &plain, "\"\"", Some(Cell::Null));
        check("integer", &plain, "\"seven\"", None);
        check(
            "decimal(30,0)",
            &plain,
            "123456789012345678901234567890",
            Some(Cell::Decimal("123456789012345678901234567890".to_owned())),
        );
        check("decimal(5,2)", &plain, "1.005", None);
        check("float", &plain, "1e400", None);
        check("float", &plain, "0.1", Some(Cell::Float(0.1)));
        check("boolean", &plain, "1", Some(Cell::Boolean(true)));
        check("boolean", &plain, "\"No\"", Some(Cell::Boolean(false)));
        check("boolean", &plain, "2", None);
        check(
            "json",
            &plain,
            "{\"a\": 1.0}",
            Some(Cell::Json("{\"a\": 1.0}".to_owned())),
        );
        check("integer", &plain, "null", Some(Cell::Null));
    }

    #[test]
    fn rules_narrow_what_fits() {
        let items = |items: &[&str]| {
            Some(Cell::List(
                items.iter().map(|item| (*item).to_owned()).collect(),
            ))
        };
        let split = Rule {
            split: Some(",".to_owned()),
            ..rule()
        };
        check(
            "list",
            &split,
            "\"Active, Gentle,,\"",
            items(&["Active", "Gentle"]),
        );
        check(
            "list",
            &rule(),
            "[\"a\", 1, true]",
            items(&["a", "1", "true"]),
        );
        check("list", &rule(), "\"a,b\"", None);
        check("list", &rule(), "[[]]", None);
        let life = Rule {
            pattern: Some(Pattern(Regex::new(r"^\s*(\d+)").expect("a pattern"))),
            ..rule()
        };
        check("integer", &life, "\"14 - 15\"", Some(Cell::Integer(14)));
        check("integer", &life, "\"unknown\"", None);
        let score = Rule {
            min: Decimal::parse("1").ok(),
            max: Decimal::parse("5").ok(),
            ..rule()
        };
        check("integer", &score, "5", Some(Cell::Integer(5)));
        check("integer", &score, "6", None);
        check("integer", &score, "0.5", None);
        let listed = Rule {
            values: vec!["male".to_owned(), "female".to_owned()],
            ..rule()
        };
        check(
            "text",
            &listed,
            "\"male\"",
            Some(Cell::Text("male".to_owned())),
        );
        check("text", &listed, "\"cat\"", None);
        let required = Rule {
            required: true,
            ..rule()
        };
        assert_eq!(read("integer", &required, "\"\""), Err(Bad::Missing));
        assert_eq!(
            cell(Kind::Integer, None, &required, None),
            Err(Bad::Missing)
        );
    }

    proptest! {
        #[test]
        fn an_integer_comes_through_whole(n in any::<i64>()) {
            prop_assert_eq!(read("integer", &rule(), &n.to_string()), Ok(Cell::Integer(n)));
        }

        #[test]
        fn no_value_makes_a_field_panic(json in "(null|true|-?(0|[1-9][0-9]{0,39})(\\.[0-9]{1,40})?(e-?[0-9]{1,9})?|\"[ !#-\\[\\]-~]{0,30}\"|\\[\\]|\\{\\})") {
            for kind in ["text", "integer", "decimal(20,4)", "float", "boolean", "timestamp", "date", "list", "json"] {
                for format in [TimeFormat::Standard, TimeFormat::EpochSeconds, TimeFormat::EpochMillis, TimeFormat::Pattern("%s".to_owned())] {
                    drop(read(kind, &Rule { format, ..rule() }, &json));
                }
            }
        }
    }
}
