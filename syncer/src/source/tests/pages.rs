//! The kinds of paging: what they become, and what is said of those that are wrong.

use super::{breeds, cats, pointer};
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
