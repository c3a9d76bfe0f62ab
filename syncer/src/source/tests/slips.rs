//! Definitions with a slip of the hand: nothing makes the checks panic, and each fault has its line.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{environment, file, manual};
use crate::source::{Environment, load, shipped};

/// The definitions that come with Catchment and those of the manual: together they have every key.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let shipped = shipped().into_iter().map(|file| file.text);
    shipped.chain(manual::examples()).collect()
});

/// What may become of a definition when a hand slips.
fn slips() -> impl Strategy<Value = String> {
    let words = prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned);
    let put = prop_oneof!["[a-z0-9\"'{}\\[\\]=,./_ \n]{0,6}", words];
    let text = prop::sample::select(TEXTS.clone());
    (text, any::<prop::sample::Index>(), 0..20usize, put).prop_map(|(text, start, cut, put)| {
        let start = start.index(text.len());
        let (start, end) = (floor(&text, start), floor(&text, start + cut));
        [&text[..start], &put, &text[end..]].concat()
    })
}

/// What turns a definition into another one more often than a few letters do.
const WORDS: [&str; 24] = [
    "true",
    "-1",
    "0.5",
    "nan",
    "99999999999999999999",
    "2026-11-21",
    "[]",
    "{}",
    "[{}]",
    "\"\"",
    "\"¦\"",
    "'{cursor}'",
    "'{cursor.until}'",
    "'{parent.id}'",
    "'${KEY}'",
    "'${file:/x}'",
    "'/a/*/b'",
    "'last:/id'",
    "'body:'",
    "'hash'",
    "'line'",
    "'integer'",
    "'desc'",
    "'file:x'",
];

/// The end of a character at or before `index`.
fn floor(text: &str, index: usize) -> usize {
    let mut before = (0..=index.min(text.len())).rev();
    before.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Checks `text`; if it is faulty, each fault must say where and what.
fn checked(text: &str) -> Result<(), TestCaseError> {
    let secret = |_: &str| Ok(Some("secret".into()));
    let environment = Environment {
        secret: &secret,
        ..environment()
    };
    let Err(faults) = load(&[file("a.toml", text)], &environment) else {
        return Ok(());
    };
    prop_assert!(!faults.0.is_empty());
    for fault in faults.0 {
        prop_assert!(
            fault.line.is_some() && !fault.message.is_empty(),
            "{fault:?}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_slip_makes_it_panic_and_each_fault_has_a_place(text in slips()) {
        checked(&text)?;
    }

    /// One value for another, whatever their types: what no slip of a few letters reaches.
    #[test]
    fn no_value_makes_it_panic_and_each_fault_has_a_place(
        text in prop::sample::select(TEXTS.clone()),
        value in any::<prop::sample::Index>(),
        word in prop::sample::select(WORDS.to_vec()),
    ) {
        let values: Vec<usize> = text.match_indices("= ").map(|(at, _)| at + 2).collect();
        let start = values[value.index(values.len())];
        let rest = &text[start..];
        let end = rest.find([',', '\n', '}', ']']).unwrap_or(rest.len());
        checked(&[&text[..start], word, &rest[end..]].concat())?;
    }
}
