//! Parents and children: what a child takes.

use std::{collections::BTreeMap, sync::Arc};

use entity::definition::Kind;

use super::{cats, pointer, source};
use crate::source::plan::{Plan, Values};

/// A parent whose field is cut out of a text, and its child, written first.
fn family() -> Vec<Arc<Plan>> {
    let child = "[resource.images]
path = '/of/{parent.id}'
key = ['breed_id', 'id']
page.kind = 'none'
for_each = { resource = 'breeds', copy = { breed_id = 'id', kilos = 'kilos' } }
[resource.breeds]";
    let fields = "fields.id = 'integer'
fields.kilos = { type = 'integer', from = '/weight/kg', match = '\\d+' }";
    source(&cats(fields).replace("[resource.breeds]", child))
        .resources
        .clone()
}

#[test]
fn a_child_comes_after_its_parent_and_takes_its_types() {
    let family = family();
    let names: Vec<_> = family.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(names, ["breeds", "images"]);
    let definition = &family[1].definition;
    let fields: Vec<_> = definition
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.kind))
        .collect();
    assert_eq!(
        fields,
        [
            ("breed_id", Kind::Integer),
            ("id", Kind::Text),
            ("kilos", Kind::Integer)
        ]
    );
    let relation = definition.parent.as_ref().expect("a parent");
    assert_eq!(
        (relation.resource.as_str(), relation.copy.len()),
        ("breeds", 2)
    );
}

#[test]
fn a_copy_is_read_as_the_parent_reads_it() {
    let rule = &family()[1].rules[2];
    assert_eq!(
        rule.from,
        pointer(&["kilos"]),
        "it stands in front of the record"
    );
    let pattern = rule.pattern.as_ref().map(|pattern| pattern.as_str());
    assert_eq!(
        pattern,
        Some("\\d+"),
        "and is the parent's member as it came"
    );
}

#[test]
fn a_child_knows_where_its_parent_holds_what_it_takes() {
    let family = family();
    let for_each = family[1].for_each.as_ref().expect("a parent");
    assert_eq!(for_each.table, "cats_breeds");
    let values = [
        ("id", pointer(&["id"])),
        ("kilos", pointer(&["weight", "kg"])),
    ];
    let values: BTreeMap<_, _> = values
        .map(|(name, pointer)| (name.to_owned(), pointer))
        .into();
    assert_eq!(for_each.values, values);
    let copies: Vec<_> = for_each
        .copy
        .iter()
        .map(|(copy, field)| (copy.as_str(), field.as_str()))
        .collect();
    assert_eq!(copies, [("breed_id", "id"), ("kilos", "kilos")]);
    let values = Values {
        parent: [("id".to_owned(), "7".to_owned())].into(),
        ..Values::default()
    };
    assert_eq!(family[1].path.fill(&values, str::to_owned), "/of/7");
}

/// Three levels: shelters, their animals, the animals' visits.
fn generations(visits: &str) -> Vec<Arc<Plan>> {
    let text = format!(
        "[resource.visits]
path = '/v/{{parent.shelter_id}}/{{parent.id}}'
key = 'id'
page.kind = 'none'
for_each = {{ resource = 'animals', {visits} }}
[resource.animals]
path = '/of/{{parent.id}}'
key = ['shelter_id', 'id']
page.kind = 'none'
for_each = {{ resource = 'breeds', copy = {{ shelter_id = 'id' }} }}
fields = {{ id = 'integer', state = {{ values = ['in', 'out'], from = '/status/now' }} }}
[resource.breeds]"
    );
    source(&cats("fields.id = 'integer'").replace("[resource.breeds]", &text))
        .resources
        .clone()
}

#[test]
fn a_child_of_a_child_takes_what_that_copied() {
    let generations = generations("copy = { animal_id = 'id', shelter = 'shelter_id' }");
    let names: Vec<_> = generations.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(names, ["breeds", "animals", "visits"]);
    let visits = &generations[2];
    let shelter = visits
        .definition
        .field("shelter")
        .expect("a copy of a copy");
    assert_eq!(shelter.kind, Kind::Integer);
    let for_each = visits.for_each.as_ref().expect("a parent");
    let values = [
        ("id", pointer(&["id"])),
        ("shelter_id", pointer(&["shelter_id"])),
    ];
    let values: BTreeMap<_, _> = values
        .map(|(name, pointer)| (name.to_owned(), pointer))
        .into();
    assert_eq!(for_each.values, values);
}

#[test]
fn a_child_may_be_fetched_for_some_parents_in_batches() {
    let changed = generations("changed_only = true");
    let changed = changed[2].for_each.as_ref().expect("a parent");
    assert_eq!((changed.batch, changed.changed_only), (1, true));
    let generations = generations("where = { state = 'in', shelter_id = 7 }, batch = 50");
    let for_each = generations[2].for_each.as_ref().expect("a parent");
    let only = [
        (pointer(&["shelter_id"]), "7".to_owned()),
        (pointer(&["status", "now"]), "in".to_owned()),
    ];
    assert_eq!(for_each.only, only);
    assert_eq!((for_each.batch, for_each.changed_only), (50, false));
}
