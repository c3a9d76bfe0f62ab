//! Unknown keys, wrong types, wrong words, missing keys.

use super::{check, in_resource, in_source};

#[test]
fn what_is_no_toml() {
    check("a = ¦", "a.toml:1:5: this is no TOML");
    check("[source]\nname = 'cats'\n¦name = 'cats'", "duplicate key");
    check("[source¦\n", "this is no TOML");
}

#[test]
fn unknown_keys() {
    in_resource(
        "¦pag = 1",
        "a.toml:8:1: resource.breeds.pag: unknown key … accepted: bad_max, body, … did you mean `page`?",
    );
    in_resource(
        "fields.name = { ¦typ = 'text' }",
        "fields.name.typ: unknown key … did you mean `type`?",
    );
    in_source(
        "¦zzz = 1",
        "source.zzz: unknown key … accepted: auth, base_url",
    );
    in_source(
        "auth = { kind = 'bearer', token = 'x', ¦value = 'y' }",
        "unknown key … accepted: kind, optional, token",
    );
}

#[test]
fn wrong_types() {
    in_resource(
        "search = ¦5",
        "wrong type: this is a whole number … accepted: a text, an array",
    );
    in_resource(
        "description = ¦2026-11-21",
        "this is a date or time; put it in quotes",
    );
    in_resource(
        "deletes.max = ¦1.5",
        "this is a number … accepted: a text, a whole number, at least 0",
    );
    in_resource("deletes.max = ¦-1", "-1 is out of range … at least 0");
    in_resource(
        "deletes.max = ¦99999999999999999999",
        "the number is too large",
    );
    in_resource(
        "fields.name.¦from.x = 1",
        "from: wrong type: this is a table … accepted: a text",
    );
    in_source("retry = { on = [500, ¦'x'] }", "wrong type: this is a text");
    in_source(
        "retry = { on = [500, ¦70000] }",
        "70000 is out of range … from 0 to 65535",
    );
}

#[test]
fn wrong_words() {
    in_resource(
        "mode = ¦'mirrors'",
        "`mirrors` is none of the words … mirror, upsert, append … did you mean `mirror`?",
    );
    in_resource(
        "status = { 404 = ¦'gone' }",
        "`gone` is none of the words for it … accepted: empty",
    );
    in_source(
        "auth = { kind = ¦'headers' }",
        "`headers` is no kind of it … did you mean `header`?",
    );
}

#[test]
fn missing_keys() {
    in_resource("¦for_each = {}", "for_each: `resource` is missing");
    in_source(
        "¦auth = { name = 'x' }",
        "`kind` is missing or no text … none, header, query, basic, bearer",
    );
    in_source(
        "¦auth = { kind = 'header', name = 'x-key' }",
        "source.auth: `value` is missing",
    );
    check(
        "¦[resource.a]\npath = '/'\nkey = 'id'\npage.kind = 'none'",
        "`source` is missing",
    );
    check(
        "¦[source]\nname = 'cats'\nbase_url = 'http://x'",
        "there is no resource in it",
    );
    let text = "[¦source]\nname = 'cats'\n[resource.a]\npath = '/'\nkey = 'id'\npage.kind = 'none'";
    check(text, "source: `base_url` is missing");
}

#[test]
fn a_mistyped_key_is_not_missing_too() {
    let text = super::cats("").replace("path =", "¦pth =");
    check(
        &text,
        "resource.breeds.pth: unknown key … did you mean `path`?",
    );
}
