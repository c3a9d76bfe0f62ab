//! Parents and children: what a child takes, and what is said of relations that are wrong.

use std::{collections::BTreeMap, sync::Arc};

use entity::definition::Kind;

use super::{cats, check, faults, in_resource, pointer, source};
use crate::source::plan::{Plan, Values};

/// A fault in a child of breeds.
fn in_child(lines: &str, said: &str) {
    let child = "[resource.images]\npath = '/i'\nkey = 'id'\npage.kind = 'none'";
    check(
        &cats(&format!(
            "fields.size = {{ match = '.' }}\n{child}\n{lines}"
        )),
        said,
    );
}

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
    let pattern = rule.pattern.as_ref().map(regex::Regex::as_str);
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
    let generations =
        generations("where = { state = 'in', shelter_id = 7 }, batch = 50, changed_only = true");
    let for_each = generations[2].for_each.as_ref().expect("a parent");
    let only = [
        (pointer(&["shelter_id"]), "7".to_owned()),
        (pointer(&["status", "now"]), "in".to_owned()),
    ];
    assert_eq!(for_each.only, only);
    assert_eq!((for_each.batch, for_each.changed_only), (50, true));
}

#[test]
fn parents() {
    in_child(
        "for_each.resource = ¦'breds'",
        "no resource `breds` … accepted: breeds … did you mean `breeds`?",
    );
    in_child(
        "for_each.resource = ¦'images'",
        "a circle: images -> images",
    );
    let lines = "for_each = { resource = ¦'breds', copy = { b = 'x' } }\nquery.b = '{parent.y}'";
    in_child(lines, "this source has no resource `breds`");
}

#[test]
fn copies() {
    let copy = |copy: &str, said: &str| {
        in_child(
            &format!("for_each = {{ resource = 'breeds', copy = {{ {copy} }} }}"),
            said,
        );
    };
    copy(
        "breed_id = ¦'ident'",
        "`breeds` has no field `ident` … accepted: id, size",
    );
    copy(
        "¦breedId = 'id'",
        "`breedId` cannot be a name … did you mean `breed_id`?",
    );
    let lines = "fields.¦b = 'text'\nfor_each = { resource = 'breeds', copy = { b = 'id' } }";
    in_child(lines, "fields.b: it is copied from the parent");
}

#[test]
fn placeholders() {
    let query = |value: &str, said: &str| {
        in_child(
            &format!("for_each.resource = 'breeds'\nquery.b = {value}"),
            said,
        );
    };
    query(
        "¦'{parent.idd}'",
        "`{parent.idd}` is not known here … did you mean `parent.id`?",
    );
    query(
        "¦'{parent.size}'",
        "`{parent.size}` is not known here … accepted: parent.id, run.started",
    );
    in_resource(
        "query.b = ¦'{parent.id}'",
        "needs a parent, and there is no `for_each`",
    );
}

#[test]
fn a_circle_is_told_at_each_of_its_resources() {
    let resource = |name: &str, parent: &str| {
        format!(
            "[resource.{name}]\npath = '/'\nkey = 'id'\npage.kind = 'none'\nfor_each.resource = '{parent}'\n"
        )
    };
    let source = "[source]\nname = 'a'\nbase_url = 'http://a'\n";
    let text = [
        source,
        &resource("b", "c"),
        &resource("c", "b"),
        &resource("d", "c"),
    ]
    .concat();
    let found = faults(&text);
    let told: Vec<_> = found
        .iter()
        .map(|fault| (fault.line, fault.message.split(';').next()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(8), Some("a circle: b -> c -> b")),
            (Some(13), Some("a circle: c -> b -> c"))
        ]
    );
}

/// A fault in the `for_each` of a child whose request names a value of its parent.
fn in_for_each(table: &str, said: &str) {
    let parent = "fields = { size = { match = '.' }, state = { values = ['in', 'out'] }, legs = 'integer', names = 'list' }";
    let child = "[resource.images]\npath = '/i/{parent.id}'\nkey = 'id'\npage.kind = 'none'";
    let text = format!("{parent}\n{child}\nfor_each = {{ resource = 'breeds', {table} }}");
    check(&cats(&text), said);
}

#[test]
fn parents_that_are_wanted() {
    in_for_each(
        "where = { ¦stat = 'in' }",
        "for_each.where.stat: `breeds` has no field `stat` … accepted: id, state, legs … did you mean `state`?",
    );
    in_for_each(
        "where = { ¦size = '5' }",
        "`size` is not a member of the parent's records as it stands",
    );
    in_for_each(
        "where = { ¦names = 'x' }",
        "`names` is not a member of the parent's records as it stands",
    );
    in_for_each(
        "where = { state = ¦'inn' }",
        "`state` is never `inn` … accepted: in, out … did you mean `in`?",
    );
    in_for_each(
        "where = { legs = ¦'four' }",
        "`four` is no value of `legs` … a value of the type `integer`",
    );
    in_for_each("¦wher = {}", "unknown key … did you mean `where`?");
}

#[test]
fn batches() {
    in_for_each("batch = ¦1", "1 is out of range … from 2 to 1000");
    in_for_each(
        "batch = 5, ¦copy = { breed_id = 'id' }",
        "for_each.copy: a record of a batch does not say which of its parents it is from … no `copy`, or no `batch`",
    );
    let child = "[resource.images]\npath = '/i'\nkey = 'id'\npage.kind = 'none'";
    let for_each = "for_each = { resource = 'breeds', batch = ¦5 }";
    check(
        &cats(&format!("{child}\n{for_each}")),
        "no request names a value of the parents … `{parent.<field>}`",
    );
}
