//! The definitions that come with Catchment, whole and with a slip of the hand.

use proptest::prelude::*;

use super::environment;
use crate::source::{Environment, File, load, shipped};

#[test]
fn the_shipped_definitions_load() {
    let none = |_: &str| Ok(None);
    let catalog = load(
        &shipped(),
        &Environment {
            secret: &none,
            ..environment()
        },
    )
    .unwrap_or_else(|faults| panic!("{faults}"));
    let source = catalog.source("thecatapi").expect("thecatapi");
    let tables: Vec<_> = source
        .resources
        .iter()
        .map(|plan| plan.definition.table.as_str())
        .collect();
    assert_eq!(
        tables,
        [
            "thecatapi_breeds",
            "thecatapi_categories",
            "thecatapi_breed_images",
            "thecatapi_category_images"
        ]
    );
}

/// What may become of a definition when a hand slips.
fn slips() -> impl Strategy<Value = String> {
    let text = shipped()[0].text.clone();
    let length = text.len();
    (0..length, 0..20usize, "[a-z0-9\"'{}\\[\\]=,./_ \n]{0,6}").prop_map(
        move |(start, cut, put)| {
            let floor = |index: usize| {
                (0..=index.min(length))
                    .rev()
                    .find(|at| text.is_char_boundary(*at))
                    .unwrap_or(0)
            };
            let (start, end) = (floor(start), floor(start + cut));
            [&text[..start], &put, &text[end..]].concat()
        },
    )
}

proptest! {
    #[test]
    fn no_definition_makes_it_panic_and_each_fault_has_a_place(text in slips()) {
        let files = [File { path: "a.toml".to_owned(), text }];
        if let Err(faults) = load(&files, &environment()) {
            prop_assert!(!faults.0.is_empty());
            for fault in faults.0 {
                prop_assert!(fault.line.is_some() && !fault.message.is_empty(), "{fault:?}");
            }
        }
    }
}
