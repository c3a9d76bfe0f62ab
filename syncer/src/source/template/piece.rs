//! What a template is made of, as written: `{{` and `}}` stand for the braces themselves.

use crate::source::fault::Wrong;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(String),
    Secret(&'a str),
    Placeholder(&'a str),
}

/// The pieces of `text`, of which no two in a row are texts.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Wrong> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(brace);
        if from.starts_with("{{") || from.starts_with("}}") {
            plain.push_str(before);
            plain.push_str(&from[..1]);
            rest = &from[2..];
            continue;
        }
        let inside = from
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        let Some((name, after)) = inside else {
            return Err(Wrong::accepts(
                format!("`{text}` has a single brace"),
                "`{{` or `}}` for the brace itself",
            ));
        };
        let piece = match before.strip_suffix('$') {
            Some(before) => {
                plain.push_str(before);
                Piece::Secret(secret_name(name)?)
            }
            None => {
                plain.push_str(before);
                Piece::Placeholder(name)
            }
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(piece);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

fn secret_name(name: &str) -> Result<&str, Wrong> {
    let variable = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let file = name
        .strip_prefix("file:")
        .is_some_and(|path| path.starts_with('/'));
    if file
        || (!name.is_empty()
            && name.bytes().all(variable)
            && !name.starts_with(|c: char| c.is_ascii_digit()))
    {
        return Ok(name);
    }
    Err(Wrong::accepts(
        format!("`${{{name}}}` is no secret"),
        "`${NAME}` for a variable, `${file:/path}` for a file",
    ))
}
