//! Lists of what many places hold, and arrays of objects in tables of their own.

use entity::definition::Kind;

use super::{breeds, cats, pointer};

#[test]
fn a_list_may_take_every_item() {
    let plan = breeds(&cats(
        "fields.categories = { type = 'list', from = '/categories/*/name' }",
    ));
    assert_eq!(plan.rules[1].from, pointer(&["categories", "*", "name"]));
}

#[test]
fn tables_are_in_the_order_of_the_file() {
    let plan = breeds(&cats(
        "[resource.breeds.tables.weights]
         fields = { unit = 'text', low = { type = 'decimal(5,2)', from = '/range/0' } }
         [resource.breeds.tables.awards]
         from = '/shows/*/awards'
         fields = { version = 'integer' }",
    ));
    let definition = &plan.definition;
    let names: Vec<_> = definition
        .tables
        .iter()
        .map(|table| definition.child_table(table))
        .collect();
    assert_eq!(names, ["cats_breeds__weights", "cats_breeds__awards"]);
    let fields: Vec<_> = definition.tables[0]
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.kind))
        .collect();
    let decimal = Kind::Decimal {
        precision: 5,
        scale: 2,
    };
    assert_eq!(fields, [("unit", Kind::Text), ("low", decimal)]);
    assert_eq!(plan.tables[0].from, pointer(&["weights"]));
    assert_eq!(plan.tables[0].rules[1].from, pointer(&["range", "0"]));
    assert_eq!(plan.tables[1].from, pointer(&["shows", "*", "awards"]));
    assert_ne!(definition.tables[0].rule, definition.tables[1].rule);
}
