//! The `Link` header, by which an upstream names the next page (RFC 8288).

/// The URL of `rel="next"` in a `Link` header (RFC 8288).
///
/// # Errors
/// It breaks off: what it would have said is not known.
pub fn next_link(header: &str) -> Result<Option<String>, BrokenLink> {
    let mut rest = header;
    while let Some(open) = rest.find('<') {
        let close = open + rest[open..].find('>').ok_or(BrokenLink)?;
        let url = &rest[open + 1..close];
        let (parameters, after) = split_parameters(&rest[close + 1..]);
        if parameters.iter().any(|(name, value)| is_next(name, value)) {
            return Ok(Some(url.to_owned()));
        }
        rest = after;
    }
    Ok(None)
}

/// A `Link` header that breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenLink;

fn is_next(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case("rel")
        && value
            .split_ascii_whitespace()
            .any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// The parameters of one link, up to the comma that no quote protects, and what follows it.
fn split_parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut quoted = false;
    let mut end = text.len();
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                end = index;
                break;
            }
            _ => {}
        }
    }
    let parameters = text[..end].split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        Some((
            name.trim().to_owned(),
            value.trim().trim_matches('"').to_owned(),
        ))
    });
    (parameters.collect(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::{BrokenLink, next_link};

    #[test]
    fn links_are_read_as_the_rfc_writes_them() {
        let check = |header: &str, expected: Option<&str>| {
            let expected = expected.map(str::to_owned);
            assert_eq!(next_link(header), Ok(expected), "{header}");
        };
        check(
            r#"<https://a/x?page=2>; rel="next", <https://a/x?page=9>; rel="last""#,
            Some("https://a/x?page=2"),
        );
        check(r#"<https://a/x?page=9>; rel="last""#, None);
        check("</x?a=1,2>; title=\"a, b; c\"; rel=next", Some("/x?a=1,2"));
        check(r#"<b>; rel="prev next""#, Some("b"));
        check(r#"<b>; REL="NEXT""#, Some("b"));
        check("", None);
        assert_eq!(next_link("</x?page=2; rel=next"), Err(BrokenLink));
    }
}
