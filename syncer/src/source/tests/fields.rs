//! Faults of fields and of the tables that they would make.

use super::{cats, check, environment, faults, faults_of, file, in_resource};

/// A fault in the field `name`, whose table `table` is.
fn in_field(table: &str, said: &str) {
    in_resource(&format!("fields.name = {table}"), said);
}

/// A fault in the key's field.
fn in_key(table: &str, said: &str) {
    in_resource(&format!("fields.id = {table}"), said);
}

#[test]
fn types() {
    in_field(
        "¦'txt'",
        "fields.name: `txt` is no type … accepted: text, integer, … did you mean `text`?",
    );
    in_field(
        "{ type = ¦'decimal(5,6)' }",
        "fields.name.type: … p is 1 to 65",
    );
}

#[test]
fn rules() {
    in_field(
        "{ from = ¦'weight' }",
        "is no JSON Pointer … did you mean `/weight`?",
    );
    in_field("{ from = ¦'/a~2' }", "`~` only as ~0");
    in_field(
        "{ match = ¦'(' }",
        "`(` is no regular expression: unclosed group",
    );
    in_field("{ type = 'list', split = ¦'' }", "it is empty");
    in_field(
        "{ type = 'integer', min = ¦'x' }",
        "`x`: expected a decimal number",
    );
    in_field(
        "{ type = 'integer', min = 5, max = ¦1 }",
        "it is below `min`",
    );
    in_field("{ values = ¦[] }", "no value would fit");
    in_field(
        "{ type = 'date', format = ¦'epoch' }",
        "is no format of a time … standard, epoch_s, epoch_ms, a pattern",
    );
    in_field(
        "{ type = 'date', format = ¦'%Q' }",
        "is no format of a time",
    );
    in_field("{ on_bad = ¦'drop' }", "accepted: null, reject");
}

#[test]
fn keys_that_do_not_go_with_the_type() {
    in_field(
        "{ split = ¦',' }",
        "`split` means nothing for the type `text` … types: list",
    );
    in_field(
        "{ type = 'list', match = ¦'x' }",
        "`match` means nothing for the type `list`",
    );
    in_field("{ min = ¦1 }", "`min` means nothing for the type `text`");
    in_field(
        "{ type = 'boolean', values = ¦['a'] }",
        "`values` means nothing for the type `boolean`",
    );
    in_field(
        "{ format = ¦'epoch_s' }",
        "`format` means nothing for the type `text` … timestamp, date",
    );
    in_field(
        "{ type = 'json', index = ¦true }",
        "`index` means nothing for the type `json`",
    );
}

#[test]
fn fields_of_the_key() {
    in_key(
        "¦'list'",
        "a field of type `list` cannot be part of the key",
    );
    in_key(
        "{ match = ¦'.' }",
        "a field of the key is taken as it stands",
    );
    in_key("{ required = ¦false }", "always a reject … accepted: true");
    in_key("{ on_bad = ¦'null' }", "always a reject … accepted: reject");
}

#[test]
fn names() {
    in_resource(
        "fields.¦countryCode = 'text'",
        "`countryCode` cannot be a name … did you mean `country_code`?",
    );
    in_resource("fields.¦a__b = 'text'", "`a__b` cannot be a name");
    in_resource(
        "fields.¦payload = 'text'",
        "`payload` is a reserved name: each table has such a column",
    );
    in_resource(
        "fields.¦sort = 'text'",
        "`sort` is a reserved name: the api has such a parameter",
    );
    let long = "x".repeat(50);
    in_resource(
        &format!("fields.¦{long} = 'text'"),
        "the name is too long … 66 characters … at most 64",
    );
}

#[test]
fn sizes_that_databases_do_not_take() {
    let fields = |count: usize, kind: &str| {
        let lines = (0..count).map(|n| format!("f{n} = '{kind}'\n"));
        format!("[resource.breeds.¦fields]\n{}", lines.collect::<String>())
    };
    in_resource(
        &fields(58, "text"),
        "a row would take 63376 bytes in MySQL … `index = false`",
    );
    in_resource(
        &fields(60, "integer"),
        "61 fields would be indexed; MySQL takes 60",
    );
}

#[test]
fn tables_that_two_would_make() {
    let one = cats("").replace("resource.breeds", "resource.big_x");
    let other = cats("")
        .replace("\"cats\"", "'cats_big'")
        .replace("resource.breeds", "resource.x");
    let found = faults_of(
        &[file("a.toml", &one), file("b.toml", &other)],
        &environment(),
    );
    let said = "b.toml:4:11: resource.x: its table `cats_big_x` is also that of cats.big_x; rename one of them";
    assert_eq!(found.to_string(), said);
}

#[test]
fn tables_that_belong_to_others() {
    let named = |source: &str, resource: &str| {
        cats("")
            .replace("\"cats\"", &format!("'{source}'"))
            .replace("breeds]", &format!("¦{resource}]"))
    };
    check(
        &named("refresh", "token"),
        "its table `refresh_token` would be one of Catchment's own",
    );
    check(
        &named("sqlite", "breeds"),
        "its table `sqlite_breeds` would be one of SQLite's own",
    );
    assert_eq!(
        faults(&named("api", "key").replace('¦', "")).len(),
        2,
        "the source's name is reserved too"
    );
}
