//! The definitions that come with Catchment.

use super::environment;
use crate::source::{Environment, load, shipped};

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
