//! Where a value stands, as a definition writes it: pointers into records, places in answers, names of headers.

use super::{
    fault::Wrong,
    plan::{Place, Pointer},
};

/// A JSON Pointer (RFC 6901) to one value: `/weight/metric`; empty: all of it.
pub(crate) fn pointer(text: &str) -> Result<Pointer, Wrong> {
    let pointer = pointer_to_each(text)?;
    if pointer.0.iter().any(|token| token == "*") {
        return Err(Wrong::accepts(
            format!("`{text}` points to many values"),
            "`*` only for a field of the type `list`, and for a table",
        ));
    }
    Ok(pointer)
}

/// A JSON Pointer that may hold `*`, every item of an array: `/categories/*/name`.
pub(crate) fn pointer_to_each(text: &str) -> Result<Pointer, Wrong> {
    if text.is_empty() {
        return Ok(Pointer::default());
    }
    let Some(tokens) = text.strip_prefix('/') else {
        return Err(Wrong::accepts(
            format!("`{text}` is no JSON Pointer"),
            "a path that starts with `/`: /weight/metric",
        )
        .meant(format!("/{text}")));
    };
    let escaped = text
        .split('~')
        .skip(1)
        .all(|after| after.starts_with(['0', '1']));
    if !escaped {
        return Err(Wrong::accepts(
            format!("`{text}` is no JSON Pointer"),
            "`~` only as ~0 (for ~) or ~1 (for /)",
        ));
    }
    Ok(Pointer(
        tokens
            .split('/')
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect(),
    ))
}

/// `body:/json/pointer` or `header:name`.
pub(crate) fn place(text: &str) -> Result<Place, Wrong> {
    place_of(text, &["body", "header"])
}

/// A place, or `last:/json/pointer` in the page's last record.
pub(crate) fn place_or_last(text: &str) -> Result<Place, Wrong> {
    place_of(text, &["body", "header", "last"])
}

/// `body:/json/pointer` alone.
pub(crate) fn body_place(text: &str) -> Result<Pointer, Wrong> {
    match place_of(text, &["body"])? {
        Place::Body(pointer) | Place::Last(pointer) => Ok(pointer),
        Place::Header(_) => Err(Wrong::accepts(
            format!("`{text}` is not in the body"),
            "body:/json/pointer",
        )),
    }
}

/// A place of one of `kinds`.
fn place_of(text: &str, kinds: &[&str]) -> Result<Place, Wrong> {
    let accepted = kinds.iter().map(|kind| match *kind {
        "header" => "header:name".to_owned(),
        kind => format!("{kind}:/json/pointer"),
    });
    let accepted = accepted.collect::<Vec<_>>().join(", ");
    let wrong = |message: String| Wrong::accepts(message, &*accepted);
    match text.split_once(':') {
        Some(("link", _)) => Err(wrong(format!(
            "`{text}` is no place: `page.kind = \"link\"` follows the `Link` header"
        ))),
        Some((kind @ ("body" | "header" | "last"), _)) if !kinds.contains(&kind) => {
            let of = match kind {
                "header" => "a header",
                "last" => "the last record",
                _ => "the body",
            };
            Err(wrong(format!("it cannot stand in {of}")))
        }
        Some(("body", path)) => pointer(path).map(Place::Body),
        Some(("header", name)) => header_name(name).map(Place::Header),
        Some(("last", path)) => pointer(path).map(Place::Last),
        Some((kind, _)) => Err(Wrong::choice(
            format!("`{kind}:` is no kind of place"),
            kind,
            kinds.iter().copied(),
        )),
        None if text.starts_with('/') => {
            Err(wrong(format!("`{text}` does not say where it is")).meant(format!("body:{text}")))
        }
        None => Err(wrong(format!("`{text}` is no place"))),
    }
}

/// The name of an HTTP header, in small letters.
pub(crate) fn header_name(name: &str) -> Result<String, Wrong> {
    // RFC 9110, 5.6.2: token.
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Wrong::accepts(
            format!("`{name}` is no name of a header"),
            "letters, digits and - without blanks: x-api-key",
        ));
    }
    Ok(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_say_where_they_may_be() {
        assert_eq!(
            place("header:Pagination-Count").ok(),
            Some(Place::Header("pagination-count".into()))
        );
        assert_eq!(
            place("body:/meta/total").ok(),
            Some(Place::Body(Pointer(vec!["meta".into(), "total".into()])))
        );
        let message = |text: &str| place(text).expect_err(text);
        assert!(message("link:next").message.contains("page.kind"));
        assert!(message("last:/id").message.contains("the last record"));
        assert!(place_or_last("last:/id").is_ok());
        assert!(body_place("header:x").is_err());
        assert_eq!(message("/total").nearest.as_deref(), Some("body:/total"));
        assert_eq!(message("bdy:/total").nearest.as_deref(), Some("body"));
        assert!(
            message("header:a b")
                .message
                .contains("no name of a header")
        );
        assert!(message("total").message.contains("no place"));
    }

    proptest! {
        #[test]
        fn a_pointer_reads_back_as_it_is_written(tokens in prop::collection::vec("[a~/ é0]{0,4}", 0..4)) {
            let written = Pointer(tokens);
            prop_assert_eq!(pointer(&written.to_string()).expect("a pointer"), written);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}") {
            let _ = (pointer(&text).is_ok(), pointer_to_each(&text).is_ok(), header_name(&text).is_ok());
            let _ = (place(&text).is_ok(), place_or_last(&text).is_ok(), body_place(&text).is_ok());
        }
    }
}
