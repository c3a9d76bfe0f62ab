//! Lists of what many places hold, and arrays of objects in tables of their own.

use entity::definition::Kind;

use super::{breeds, cats, check, in_resource, pointer};

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

/// A fault in the child table `weights`.
fn in_table(lines: &str, said: &str) {
    in_resource(&format!("[resource.breeds.tables.weights]\n{lines}"), said);
}

#[test]
fn lists_of_many_places() {
    in_resource(
        "fields.name = { from = ¦'/a/*/b' }",
        "`/a/*/b` points to many values … only for a field of the type `list`",
    );
    in_resource(
        "fields.name = { type = 'list', from = '/a/*', split = ¦',' }",
        "each value at `from` is an item by itself",
    );
}

#[test]
fn child_tables() {
    in_table(
        "from = ¦'weights'\nfields = { low = 'integer' }",
        "tables.weights.from: `weights` is no JSON Pointer … did you mean `/weights`?",
    );
    in_table(
        "fields = { low = ¦'list' }",
        "a table's rows hold no lists … types: any but list",
    );
    in_table(
        "fields = { ¦rowno = 'integer' }",
        "`rowno` is a reserved name: each child table has such a column … `from`",
    );
    in_table(
        "fields = { ¦Low = 'integer' }",
        "`Low` cannot be a name … did you mean `low`?",
    );
    in_table(
        "fields = { low = ¦'intger' }",
        "tables.weights.fields.low: `intger` is no type … did you mean `integer`?",
    );
    in_table(
        "fields = { low = { min = ¦1 } }",
        "`min` means nothing for the type `text`",
    );
    in_resource(
        "tables.¦weights = {}",
        "there is no field in it … [resource.<name>.tables.<name>.fields]",
    );
    in_resource(
        "tables.¦Weights.fields.low = 'integer'",
        "`Weights` cannot be a name … did you mean `weights`?",
    );
}

#[test]
fn sizes_of_child_tables() {
    let fields = |count: usize, kind: &str| {
        let fields = (0..count).map(|n| format!("f{n} = '{kind}', "));
        format!("¦fields = {{ {} }}", fields.collect::<String>())
    };
    in_table(
        &fields(61, "integer"),
        "61 fields would be indexed; MySQL takes 60",
    );
    in_table(&fields(60, "text"), "a row would take 61320 bytes in MySQL");
    let long = "x".repeat(44);
    in_table(
        &format!("fields = {{ ¦{long} = 'text' }}"),
        "the name is too long … at most 64",
    );
}

#[test]
fn a_list_and_a_table_of_one_name() {
    check(
        &cats("fields.a = 'list'\n[resource.breeds.tables.¦a]\nfields = { b = 'text' }"),
        "is also that of",
    );
}
