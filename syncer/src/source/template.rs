//! Templates and secrets: `{parent.id}`, `{run.started}`, `${NAME}`, `${file:/run/secrets/x}`.
//!
//! `{{` and `}}` stand for the braces themselves. A secret is looked up by the function that the caller
//! gives: nothing here reads the environment or a file.

use secrecy::{ExposeSecret, SecretString};

use super::{
    fault::Wrong,
    plan::{Segment, Template},
};

/// Finds the secret that `${…}` names: its value, `None` if there is none, or why it cannot be read.
pub type Secrets<'a> = dyn Fn(&str) -> Result<Option<SecretString>, String> + 'a;

/// What a template is made of, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(String),
    Secret(&'a str),
    Placeholder(&'a str),
}

/// A text with secrets.
pub(crate) enum Resolved {
    Known(SecretString),
    /// A secret that it needs is not there: the fault to report unless the text is optional.
    Missing(Wrong),
}

/// Reads a template; `parent` are the fields that `{parent.…}` may name, if there is a parent.
pub(crate) fn template(
    text: &str,
    secrets: &Secrets<'_>,
    parent: Option<&[String]>,
) -> Result<Template, Wrong> {
    let mut segments = Vec::new();
    for piece in pieces(text)? {
        segments.push(match piece {
            Piece::Text(text) => Segment::Text(text),
            Piece::Secret(name) => {
                Segment::Secret(secret(name, secrets)?.ok_or_else(|| missing(name))?)
            }
            Piece::Placeholder(name) => placeholder(name, parent)?,
        });
    }
    Ok(Template(segments))
}

/// Reads a text that may hold secrets and nothing else.
pub(crate) fn secret_text(text: &str, secrets: &Secrets<'_>) -> Result<Resolved, Wrong> {
    let mut value = String::new();
    for piece in pieces(text)? {
        match piece {
            Piece::Text(text) => value.push_str(&text),
            Piece::Secret(name) => match secret(name, secrets)? {
                Some(secret) => value.push_str(secret.expose_secret()),
                None => return Ok(Resolved::Missing(missing(name))),
            },
            Piece::Placeholder(name) => {
                return Err(Wrong::accepts(
                    format!("`{{{name}}}` cannot be used here"),
                    "a text, `${NAME}`, `${file:/path}`",
                ));
            }
        }
    }
    Ok(Resolved::Known(value.into()))
}

/// Whether `text` names a secret.
pub(crate) fn has_secret(text: &str) -> bool {
    pieces(text).is_ok_and(|pieces| pieces.iter().any(|piece| matches!(piece, Piece::Secret(_))))
}

fn placeholder(name: &str, parent: Option<&[String]>) -> Result<Segment, Wrong> {
    let written = format!("`{{{name}}}`");
    let known: Vec<String> = parent
        .unwrap_or(&[])
        .iter()
        .map(|field| format!("parent.{field}"))
        .collect();
    match (name, name.strip_prefix("parent.")) {
        ("run.started", _) => Ok(Segment::RunStarted),
        (_, Some(_)) if parent.is_none() => Err(Wrong::accepts(
            format!("{written} needs a parent, and there is no `for_each`"),
            "{run.started}",
        )),
        (_, Some(field)) if known.iter().any(|one| one == name) => {
            Ok(Segment::Parent(field.to_owned()))
        }
        ("cursor" | "cursor.until", _) => Err(Wrong::accepts(
            format!("{written} is not supported yet"),
            "{run.started}, {parent.<field>} with a `for_each`",
        )),
        _ => {
            let candidates = known.iter().map(String::as_str).chain(["run.started"]);
            Err(Wrong::choice(
                format!("{written} is not known here"),
                name,
                candidates,
            ))
        }
    }
}

fn secret(name: &str, secrets: &Secrets<'_>) -> Result<Option<SecretString>, Wrong> {
    let found = secrets(name).map_err(|reason| {
        Wrong::new(format!("the secret `${{{name}}}` cannot be read: {reason}"))
    })?;
    // An empty variable is what compose files make of one that is not set.
    Ok(found.filter(|secret| !secret.expose_secret().is_empty()))
}

fn missing(name: &str) -> Wrong {
    match name.strip_prefix("file:") {
        Some(path) => Wrong::new(format!(
            "the secret file `{path}` is missing or empty; write the secret into it"
        )),
        None => Wrong::new(format!(
            "the variable `{name}` is missing or empty; set it to the secret"
        )),
    }
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Wrong> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::plan::Values;

    fn secrets(name: &str) -> Result<Option<SecretString>, String> {
        match name {
            "KEY" => Ok(Some("s3cret".into())),
            "EMPTY" => Ok(Some("".into())),
            "file:/locked" => Err("permission denied".to_owned()),
            _ => Ok(None),
        }
    }

    #[test]
    fn a_template_is_filled() {
        let check = |text: &str, expected: &str| {
            let fields = ["id".to_owned()];
            let template = template(text, &secrets, Some(&fields)).expect(text);
            let values = Values {
                parent: [("id".to_owned(), "a b".to_owned())].into(),
                run_started: "now".to_owned(),
                ..Values::default()
            };
            assert_eq!(
                template.fill(&values, |value| value.replace(' ', "%20")),
                expected
            );
        };
        check("", "");
        check("/x", "/x");
        check("/x/{parent.id}/y", "/x/a%20b/y");
        check("Token ${KEY}", "Token s3cret");
        check("{run.started}", "now");
        check("{{x}} ${{KEY}}", "{x} ${KEY}");
        check("100$", "100$");
    }

    #[test]
    fn a_wrong_template_says_what_is_right() {
        let check = |text: &str, parent: Option<&[String]>, part: &str| {
            let wrong = template(text, &secrets, parent).expect_err(text);
            assert!(wrong.message.contains(part), "{text}: {}", wrong.message);
            wrong
        };
        let fields = ["id".to_owned(), "name".to_owned()];
        assert_eq!(
            check("{parent.names}", Some(&fields), "not known here")
                .nearest
                .as_deref(),
            Some("parent.name")
        );
        assert_eq!(
            check("{x}", Some(&fields), "not known here")
                .accepted
                .as_deref(),
            Some("parent.id, parent.name, run.started")
        );
        check("{parent.id}", None, "needs a parent");
        check("{cursor}", None, "not supported yet");
        check("a}b", None, "single brace");
        check("{a", None, "single brace");
        check("${a-b}", None, "is no secret");
        check("${file:relative}", None, "is no secret");
        check("${NONE}", None, "the variable `NONE` is missing");
        check("${EMPTY}", None, "the variable `EMPTY` is missing");
        check("${file:/none}", None, "the secret file `/none` is missing");
        check("${file:/locked}", None, "permission denied");
    }

    #[test]
    fn a_secret_shows_in_no_debug_output() {
        let template = template("Token ${KEY}", &secrets, None).expect("a template");
        assert_eq!(format!("{template:?}"), r#"Template(["Token ", [secret]])"#);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a${}.é:/]{0,12}") {
            prop_assert!(template(&text, &secrets, None).is_ok() || !text.is_empty());
        }
    }
}
