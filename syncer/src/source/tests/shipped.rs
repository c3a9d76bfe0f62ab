//! The definitions that come with Catchment, whole and with a slip of the hand.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::environment;
use crate::source::{Environment, File, load, shipped};

#[test]
fn the_shipped_definitions_load() {
    let variable = |_: &str| Ok(Some("value".into()));
    let catalog = load(
        &shipped(),
        &Environment {
            secret: &variable,
            ..environment()
        },
    )
    .unwrap_or_else(|faults| panic!("{faults}"));
    let sources: Vec<_> = (catalog.sources.iter())
        .map(|source| format!("{}.toml", source.name))
        .collect();
    let files: Vec<_> = shipped().into_iter().map(|file| file.path).collect();
    assert_eq!(sources, files, "each file has its source's name");
}

#[test]
fn each_says_which_variables_it_cannot_do_without() {
    let none = |_: &str| Ok(None);
    for file in shipped() {
        let environment = Environment {
            secret: &none,
            ..environment()
        };
        let faults = match load(&[file.clone()], &environment) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.0,
        };
        let mut missing: Vec<&str> = faults
            .iter()
            .filter_map(|fault| fault.message.split('`').nth(1))
            .collect();
        missing.dedup();
        let expected: &[&str] = match file.path.as_str() {
            "github.toml" => &["GITHUB_REPOSITORY"],
            "notion.toml" => &["NOTION_TOKEN", "NOTION_DATABASE"],
            "stripe.toml" => &["STRIPE_API_KEY"],
            _ => &[],
        };
        assert_eq!(missing, expected, "{}", file.path);
    }
}

/// The manual of what is shipped.
const MANUAL: &str = include_str!("../../../../doc/sources.md");

#[test]
fn the_manual_tells_of_each_source_its_resources_and_its_variables() {
    let spans: BTreeSet<&str> = MANUAL.split('`').skip(1).step_by(2).collect();
    for file in shipped() {
        let source: toml::Table = toml::from_str(&file.text).expect("TOML");
        let name = file.path.trim_end_matches(".toml");
        let resources = source["resource"].as_table().expect("resources").keys();
        let variables = file.text.split("${").skip(1);
        let variables = variables.filter_map(|rest| rest.split('}').next());
        for word in [name]
            .into_iter()
            .chain(resources.map(String::as_str))
            .chain(variables)
        {
            assert!(
                spans.contains(word),
                "`{word}` of {name} is not in doc/sources.md"
            );
        }
    }
}

/// What may become of a definition when a hand slips.
fn slips() -> impl Strategy<Value = String> {
    let files = shipped().into_iter();
    let text = files.map(|file| file.text).max_by_key(String::len);
    let text = text.expect("some are shipped");
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
