//! Texts with secrets: `${NAME}`, `${file:/run/secrets/x}`.
//!
//! A secret is looked up by the function that the caller gives: nothing here reads the environment or a file.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::piece::{Piece, pieces};
use crate::source::fault::Wrong;

/// Finds the secret that `${…}` names: its value, `None` if there is none, or why it cannot be read.
pub type Secrets<'a> = dyn Fn(&str) -> Result<Option<SecretString>, String> + 'a;

/// A text with secrets.
pub(crate) enum Resolved {
    Known(SecretString),
    /// A secret that it needs is not there: the fault to report unless the text is optional.
    Missing(Wrong),
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

/// Whether `text` needs a secret that is not there.
pub(crate) fn lacks_secret(text: &str, secrets: &Secrets<'_>) -> bool {
    let is_missing = |piece: &Piece<'_>| match piece {
        Piece::Secret(name) => matches!(secret(name, secrets), Ok(None)),
        Piece::Text(_) | Piece::Placeholder(_) => false,
    };
    pieces(text).is_ok_and(|pieces| pieces.iter().any(is_missing))
}

/// The secrets that `text` names, in order. One that is not there is reported where the template is read.
pub(crate) fn secrets_in(text: &str, secrets: &Secrets<'_>) -> Vec<SecretString> {
    let found = |piece: &Piece<'_>| match piece {
        Piece::Secret(name) => secret(name, secrets).ok().flatten(),
        Piece::Text(_) | Piece::Placeholder(_) => None,
    };
    pieces(text).map_or_else(
        |_| Vec::new(),
        |pieces| pieces.iter().filter_map(found).collect(),
    )
}

/// The file that `text` is the secret of, and nothing else.
pub(crate) fn secret_file(text: &str) -> Option<PathBuf> {
    match pieces(text).ok()?.as_slice() {
        [Piece::Secret(name)] => name.strip_prefix("file:").map(PathBuf::from),
        _ => None,
    }
}

/// The secret `name`, if there is one.
pub(super) fn secret(name: &str, secrets: &Secrets<'_>) -> Result<Option<SecretString>, Wrong> {
    let found = secrets(name).map_err(|reason| {
        Wrong::new(format!("the secret `${{{name}}}` cannot be read: {reason}"))
    })?;
    // An empty variable is what compose files make of one that is not set.
    Ok(found.filter(|secret| !secret.expose_secret().is_empty()))
}

/// The fault of a secret that is not there.
pub(super) fn missing(name: &str) -> Wrong {
    match name.strip_prefix("file:") {
        Some(path) => Wrong::new(format!(
            "the secret file `{path}` is missing or empty; write the secret into it"
        )),
        None => Wrong::new(format!(
            "the variable `{name}` is missing or empty; set it to the secret"
        )),
    }
}
