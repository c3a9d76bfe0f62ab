//! What the engine cannot do yet is refused by name.

use super::{cats, check};

fn not_yet(text: &str, what: &str) {
    check(text, &format!("{what} is not supported yet … accepted:"));
}

#[test]
fn of_sources() {
    let source = |line: &str, what: &str| not_yet(&super::with_source(line), what);
    source("proxy = ¦'http://p'", "`proxy`");
    source(
        "auth = { kind = ¦'login', path = '/login', token = 'body:/token' }",
        "auth of the kind `login`",
    );
    let oauth2 =
        "auth = { kind = ¦'oauth2', token_url = 'x', client_id = 'x', client_secret = '${KEY}' }";
    source(oauth2, "auth of the kind `oauth2`");
    source("limits.reset = ¦'link:next'", "the place `link:next`");
    source("limits.reset = ¦'body:/reset'", "a place in the body");
    not_yet(
        &cats("").replace("\"https://cats.example/v1\"", "¦'file:/data.json'"),
        "reading a local file",
    );
}

#[test]
fn of_resources() {
    let resource = |line: &str, what: &str| not_yet(&cats(line), what);
    resource("method = ¦'POST'", "the method `POST`");
    resource("¦body = { a = 1 }", "a request with a body");
    resource("format = ¦'csv'", "the format `csv`");
    resource("format = ¦'ndjson'", "the format `ndjson`");
    resource("mode = ¦'append'", "the mode `append`");
    resource("search = ¦['name']", "full text search");
    resource("deletes.flag = ¦'/gone'", "`deletes.flag`");
    resource("¦cursor = { field = '/updated_at' }", "incremental reading");
    resource("full_every = ¦'1d'", "incremental reading");
    resource("records = ¦'last:/x'", "the place `last:/x`");
    resource("records = ¦'header:x'", "a place in a header");
    resource("query.a = ¦'{cursor}'", "`{cursor}`");
}

#[test]
fn of_pages() {
    let page = |line: &str, what: &str| {
        not_yet(&cats("").replace("page = { kind = \"none\" }", line), what);
    };
    page(
        "page = { kind = ¦'cursor', param = 'c', next = 'body:/next' }",
        "paging of the kind `cursor`",
    );
    page(
        "page = { kind = ¦'url', next = 'body:/next' }",
        "paging of the kind `url`",
    );
    page(
        "page = { kind = 'offset', param = 'p', in = ¦'body' }",
        "paging in the request's body",
    );
    page(
        "page = { kind = 'offset', param = 'p', more = ¦'body:/more' }",
        "`page.more`",
    );
    page(
        "page = { kind = 'link', next = ¦'link:next' }",
        "`page.next`",
    );
}

#[test]
fn of_children() {
    let child = |key: &str, what: &str| {
        let images = "[resource.images]\npath = '/i'\nkey = 'id'\npage.kind = 'none'";
        not_yet(
            &cats(&format!(
                "{images}\nfor_each.resource = 'breeds'\nfor_each.{key}"
            )),
            what,
        );
    };
    child("¦where = { a = 1 }", "`for_each.where`");
    child("batch = ¦5", "`for_each.batch`");
    child("changed_only = ¦true", "`for_each.changed_only`");
}
