//! The definitions that come with Catchment.

use std::collections::BTreeSet;

use super::environment;
use crate::source::{Environment, load, shipped};

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
        let faults = match load(std::slice::from_ref(&file), &environment) {
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
