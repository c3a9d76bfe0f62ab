//! The kinds of paging: what they become, and what is said of those that are wrong.

use super::{breeds, cats, check, pointer};
use crate::source::plan::{End, Page, Param, Place, Size, Way, Within};

/// The paging that the table `page` becomes, of a POST.
fn paging(page: &str) -> Page {
    let text = cats("method = 'POST'\nbody = { filter = { size = 'big' } }");
    breeds(&text.replace("{ kind = \"none\" }", page))
        .page
        .clone()
}

fn in_query(name: &str) -> Param {
    Param {
        name: name.to_owned(),
        within: Within::Query,
    }
}

fn in_body(name: &str, tokens: &[&str]) -> Param {
    Param {
        name: name.to_owned(),
        within: Within::Body(pointer(tokens)),
    }
}

#[test]
fn cursors() {
    let next = |place: &str| {
        let page = format!("{{ kind = 'cursor', param = 'after', next = '{place}' }}");
        match paging(&page).way {
            Way::Cursor { param, next } => {
                assert_eq!(param, in_query("after"));
                next
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        next("body:/meta/next"),
        Place::Body(pointer(&["meta", "next"]))
    );
    assert_eq!(next("header:X-Next"), Place::Header("x-next".to_owned()));
    assert_eq!(next("last:/id"), Place::Last(pointer(&["id"])));
}

#[test]
fn parameters_in_the_body() {
    let page = paging(
        "{ kind = 'cursor', in = 'body', param = 'start_cursor', next = 'body:/next', size_param = '/filter/count', size = 50, more = 'body:/has_more' }",
    );
    let way = Way::Cursor {
        param: in_body("start_cursor", &["start_cursor"]),
        next: Place::Body(pointer(&["next"])),
    };
    let size = Size {
        param: Some(in_body("/filter/count", &["filter", "count"])),
        records: Some(50),
    };
    assert_eq!((page.way, page.size), (way, size));
    assert_eq!(page.more, Some(Place::Body(pointer(&["has_more"]))));
}

#[test]
fn urls() {
    let page = paging(
        "{ kind = 'url', next = 'body:/links/next', origins = ['https://Files.example', 'http://f.example:8080/'] }",
    );
    let way = Way::Url {
        next: Place::Body(pointer(&["links", "next"])),
        origins: vec![
            "https://files.example".to_owned(),
            "http://f.example:8080".to_owned(),
        ],
    };
    assert_eq!(page.way, way);
}

#[test]
fn ends() {
    let end = |more: &str| paging(&format!("{{ kind = 'offset', param = 'o', {more} }}"));
    assert_eq!(end("size = 5").end, End::Empty);
    assert_eq!(end("end = 'empty'").end, End::Empty);
    let page = end("size = 5, end = 'short', more = 'header:X-More', max = 3");
    assert_eq!((page.end, page.max), (End::Short, Some(3)));
    assert_eq!(page.more, Some(Place::Header("x-more".to_owned())));
}

/// A fault in the paging of a GET.
fn in_page(page: &str, said: &str) {
    check(&cats("").replace("{ kind = \"none\" }", page), said);
}

#[test]
fn keys_of_other_kinds() {
    let means = |page: &str, key: &str, kind: &str, accepted: &str| {
        let said = format!(
            "page.{key}: `{key}` means nothing for paging of the kind `{kind}` … accepted: {accepted}"
        );
        in_page(page, &said);
    };
    means(
        "{ kind = 'none', next = ¦'body:/n' }",
        "next",
        "none",
        "total",
    );
    means(
        "{ kind = 'link', param = ¦'p' }",
        "param",
        "link",
        "size, size_param, total, max",
    );
    means(
        "{ kind = 'page', param = 'p', start = 1, next = ¦'body:/n' }",
        "next",
        "page",
        "param, in, start",
    );
    means(
        "{ kind = 'offset', param = 'p', origins = ¦[] }",
        "origins",
        "offset",
        "param, in, start",
    );
    means(
        "{ kind = 'cursor', param = 'p', next = 'body:/n', start = ¦1 }",
        "start",
        "cursor",
        "param, in, next",
    );
    means(
        "{ kind = 'url', next = 'body:/n', param = ¦'p' }",
        "param",
        "url",
        "next, origins, size",
    );
    in_page(
        "{ kind = ¦'cursors' }",
        "accepted: none, page, offset, cursor, link, url … did you mean `cursor`?",
    );
}

#[test]
fn ways_on() {
    let missing = "`page.next` is missing: where does an answer say how to go on? … body:/json/pointer, header:name";
    check(
        &cats("").replace(
            "page = { kind = \"none\" }",
            "¦page = { kind = 'cursor', param = 'p' }",
        ),
        missing,
    );
    check(
        &cats("").replace("page = { kind = \"none\" }", "¦page = { kind = 'url' }"),
        missing,
    );
    check(
        &cats("").replace(
            "page = { kind = \"none\" }",
            "¦page = { kind = 'cursor', next = 'body:/n' }",
        ),
        "`page.param` is missing",
    );
    in_page(
        "{ kind = 'url', next = ¦'last:/id' }",
        "it cannot stand in the last record … body:/json/pointer, header:name",
    );
    in_page(
        "{ kind = 'cursor', param = 'p', next = ¦'lst:/id' }",
        "`lst:` is no kind of place … body, header, last … did you mean `last`?",
    );
    in_page(
        "{ kind = 'url', next = ¦'link:next' }",
        "`page.kind = \"link\"` follows the `Link` header",
    );
    in_page(
        "{ kind = 'page', param = 'p', start = 1, more = ¦'has_more' }",
        "`has_more` is no place",
    );
}

#[test]
fn origins() {
    let origins = |origin: &str, said: &str| {
        in_page(
            &format!(
                "{{ kind = 'url', next = 'body:/n', origins = ['https://a.example', ¦'{origin}'] }}"
            ),
            said,
        );
    };
    origins(
        "https://b.example/files",
        "`https://b.example/files` is more than an origin … did you mean `https://b.example`?",
    );
    origins(
        "b.example",
        "`b.example` is no URL … https://files.example.com",
    );
    origins("file:///b", "`file:` is no scheme for it");
}

#[test]
fn ends_that_end_too_early() {
    in_page(
        "{ kind = 'cursor', param = 'p', next = 'body:/n', end = ¦'empty' }",
        "a page without records may stand in the middle … short, or no such key",
    );
    in_page(
        "{ kind = 'url', next = 'header:n', end = ¦'empty' }",
        "a page without records may stand in the middle",
    );
    in_page(
        "{ kind = 'offset', param = 'p', end = ¦'short' }",
        "`page.size` is missing: which page is a short one?",
    );
    in_page(
        "{ kind = 'offset', param = 'p', end = ¦'shrt' }",
        "accepted: empty, short … did you mean `short`?",
    );
}

#[test]
fn places_in_a_body() {
    in_page(
        "{ kind = 'page', param = 'p', in = ¦'body', start = 1 }",
        "page.in: a `GET` has no body … query, or `method = \"POST\"`",
    );
    let in_post = |page: &str, said: &str| {
        let text = cats("method = 'POST'\nbody = { filter = { size = 'big' } }");
        check(&text.replace("{ kind = \"none\" }", page), said);
    };
    in_post(
        "{ kind = 'page', in = 'body', param = ¦'filter', start = 1 }",
        "page.param: `filter` is in `body` already, and paging sends it",
    );
    in_post(
        "{ kind = 'page', in = 'body', param = ¦'/filter/size', start = 1 }",
        "`/filter/size` is in `body` already",
    );
    in_post(
        "{ kind = 'page', in = 'body', param = ¦'/filter/size/n', start = 1 }",
        "leads into what is no table of `body` … /page/size",
    );
    in_post(
        "{ kind = 'page', in = 'body', param = ¦'/a~2', start = 1 }",
        "`~` only as ~0",
    );
    in_post(
        "{ kind = 'page', in = ¦'header', param = 'p', start = 1 }",
        "accepted: query, body",
    );
}

#[test]
fn two_parameters_in_one_place() {
    in_page(
        "{ kind = 'page', param = 'p', start = 1, size = 5, size_param = ¦'p' }",
        "page.size_param: `param` goes to the same place … another parameter",
    );
    let text = cats("method = 'POST'").replace(
        "{ kind = \"none\" }",
        "{ kind = 'page', in = 'body', param = '/page', start = 1, size = 5, size_param = ¦'/page/size' }",
    );
    check(&text, "`param` goes to the same place");
}
