//! The fields that full text search reads, and those that are found by their parts.

use super::{breeds, cats, check, in_resource};

/// Fields that may be searched, and some that may not.
const FIELDS: &str = "[resource.breeds.fields]
    name   = { type = 'text', index = 'contains' }
    tags   = { type = 'list', split = ',' }
    notes  = { type = 'text', index = false }
    origin = { type = 'text', index = true }
    weight = 'integer'
";

#[test]
fn texts_and_lists_are_searched_whether_they_have_an_index_or_not() {
    let definition = breeds(&cats(&format!(
        "search = ['notes', 'tags', 'id']\n{FIELDS}"
    )))
    .definition
    .clone();
    assert_eq!(definition.search, ["notes", "tags", "id"]);
    let index = |name: &str| {
        let field = definition.field(name).expect(name);
        (field.index, field.contains)
    };
    assert_eq!(index("name"), (true, true));
    assert_eq!(index("origin"), (true, false));
    assert_eq!(index("notes"), (false, false));
    assert_eq!(index("weight"), (true, false));
    let derived = definition
        .derived()
        .map(|list| definition.list_table(&list));
    let derived: Vec<String> = derived.collect();
    assert_eq!(derived, ["cats_breeds__q", "cats_breeds__name__contains"]);
    let one = breeds(&cats(&format!("search = 'notes'\n{FIELDS}")));
    assert_eq!(one.definition.search, ["notes"]);
}

#[test]
fn fields_that_have_no_words() {
    let check =
        |search: &str, said: &str| in_resource(&format!("search = ¦{search}\n{FIELDS}"), said);
    check(
        "['name', 'nots']",
        "there is no field `nots` … accepted: id, name, tags, notes, origin … did you mean `notes`",
    );
    check(
        "'weight'",
        "`weight` is of type `integer`, which has no words … accepted: fields of type text or list",
    );
    check("['name', 'tags', 'name']", "`name` is named twice");
    check(
        "[]",
        "no field is named … accepted: one field or more, or no `search`",
    );
}

#[test]
fn parts_are_of_texts() {
    let field = |rule: &str, said: &str| {
        in_resource(&format!("[resource.breeds.fields]\nsize = {rule}"), said);
    };
    field(
        "{ type = 'integer', index = ¦'contains' }",
        "a field of type `integer` has no parts … types: text; for any other: true or false",
    );
    field(
        "{ type = 'list', index = ¦'contains' }",
        "a field of type `list` has no parts",
    );
    field(
        "{ index = ¦'contain' }",
        "`contain` is none of the words for it … did you mean `contains`",
    );
    field(
        "{ index = ¦3 }",
        "wrong type: this is a whole number … true or false",
    );
    in_resource(
        "[resource.breeds.tables.lines.fields]\nsku = { index = ¦'contains' }",
        "the api does not search the rows of a table … accepted: true or false",
    );
}

#[test]
fn an_index_of_parts_has_a_longer_name() {
    let resource = "[resource.so_long_that_nothing_but_plain_indexes_fits]";
    let text = cats("").replace("[resource.breeds]", resource);
    let fields = resource.replace(']', ".fields]");
    check(
        &format!("{text}{fields}\nname = {{ index = ¦'contains' }}"),
        "the name is too long … `ix_cats_so_long_that_nothing_but_plain_indexes_fits__name__contains`",
    );
}

#[test]
fn a_table_may_not_take_the_place_of_the_words() {
    let text = cats("search = 'id'\n[resource.breeds.tables.¦q.fields]\nsku = 'text'");
    check(&text, "`cats_breeds__q` is also that of");
}
