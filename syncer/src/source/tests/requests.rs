//! Faults of a resource's request, pages and demands.

use super::{cats, check, in_resource, with_source};

fn instead_of(line: &str, other: &str, said: &str) {
    check(&cats("").replace(line, other), said);
}

#[test]
fn paths() {
    let path = |path: &str, said: &str| instead_of("\"/breeds\"", path, said);
    path(
        "¦'breeds'",
        "resource.breeds.path: `breeds` does not start with `/` … did you mean `/breeds`?",
    );
    path(
        "¦'/breeds?a=1'",
        "a blank, `?` or `#` … parameters in `query`",
    );
    path("¦'https://cats.example/breeds'", "does not start with `/`");
    let text = cats("")
        .replace("path = \"/breeds\"\n", "")
        .replace("breeds]", "¦breeds]");
    check(&text, "resource.breeds: `path` is missing");
}

#[test]
fn keys() {
    let key = |key: &str, said: &str| instead_of("\"id\"", key, said);
    key("¦[]", "`key` is missing");
    key("¦['id', 'id']", "`id` is in it twice");
    key(
        "¦'count'",
        "`count` is a reserved name: the api has such a parameter; … `from`",
    );
    let text = cats("")
        .replace("key = \"id\"\n", "")
        .replace("breeds]", "¦breeds]");
    check(&text, "`key` is missing … that identify a record");
}

#[test]
fn pages() {
    let page = |page: &str, said: &str| instead_of("page = { kind = \"none\" }", page, said);
    page(
        "page = { kind = 'none', size = ¦5 }",
        "`size` means nothing for paging of the kind `none` … total",
    );
    page(
        "¦page = { kind = 'page', param = 'p' }",
        "`page.start` is missing: which number has the first page?",
    );
    page(
        "¦page = { kind = 'page', start = 1 }",
        "`page.param` is missing",
    );
    page(
        "¦page = { kind = 'offset', param = 'o', size_param = 'n' }",
        "`page.size` is missing beside `size_param`",
    );
    page(
        "page = { kind = 'offset', param = 'o', size = ¦0 }",
        "a page would have no records",
    );
    page(
        "page = { kind = 'link', max = ¦0 }",
        "no page could be read",
    );
    page(
        "page = { kind = 'link', total = ¦'/total' }",
        "does not say where it is … did you mean `body:/total`?",
    );
    page(
        "page = { kind = 'link', total = ¦'body:total' }",
        "is no JSON Pointer … did you mean `/total`?",
    );
    let text = cats("")
        .replace("page = { kind = \"none\" }\n", "")
        .replace("breeds]", "¦breeds]");
    check(
        &text,
        "`page.kind` is missing: how does the upstream hand out its records? … none",
    );
}

#[test]
fn places_and_templates() {
    in_resource(
        "records = ¦'data'",
        "`data` is no place … body:/json/pointer",
    );
    in_resource(
        "error_when = ¦'bdy:/error'",
        "`bdy:` is no kind of place … did you mean `body`?",
    );
    in_resource(
        "query = { a = ¦'{pages}' }",
        "`{pages}` is not known here … accepted: run.started",
    );
    in_resource("query = { a = ¦'x}' }", "single brace");
    in_resource(
        "headers = { a = ¦'${NONE}' }",
        "the variable `NONE` is missing",
    );
}

#[test]
fn demands() {
    in_resource(
        "status = { ¦200 = 'empty' }",
        "`200` cannot stand for an empty page",
    );
    in_resource(
        "status = { ¦429 = 'empty' }",
        "`429` cannot stand for an empty page",
    );
    in_resource(
        "expect.total = ¦'exact'",
        "there is no total to compare with … `page.total`",
    );
    in_resource(
        "expect.total = ¦'about 3'",
        "is no demand on the total … within N",
    );
    in_resource("expect.max_drop = ¦'30'", "`30` is no share");
    in_resource("deletes.max = ¦'120%'", "`120%` is no share");
}

#[test]
fn the_same_parameter_twice() {
    let paged = "{ kind = 'page', param = 'p', start = 1 }";
    let text = cats("query = { ¦p = 1 }").replace("{ kind = \"none\" }", paged);
    check(&text, "paging sends `p` already");
    let text = with_source("query = { a = 1 }") + "query = { ¦a = 2 }";
    check(&text, "`a` is in the source's `query` already");
}
