//! What is wrong with the definitions: every fault with its file, line, column, what is accepted and the nearest match.

use std::fmt;

use entity::nearest;
use serde::Serialize;

use super::tree::At;

/// One mistake in a definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The file; `None`: a setting.
    pub path: Option<String>,
    pub line: Option<usize>,
    /// In characters, from 1.
    pub column: Option<usize>,
    /// The key's path in the file, or the name of the setting; empty for the file as a whole.
    pub key: String,
    pub message: String,
    /// What may stand there.
    pub accepted: Option<String>,
    /// What was probably meant.
    pub nearest: Option<String>,
}

/// Every mistake in a set of definitions, by file and line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Faults(pub Vec<Fault>);

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line, self.column) {
            (Some(path), Some(line), Some(column)) => write!(f, "{path}:{line}:{column}: ")?,
            (Some(path), ..) => write!(f, "{path}: ")?,
            (None, ..) => f.write_str("setting ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if let Some(accepted) = &self.accepted {
            write!(f, "\n  accepted: {accepted}")?;
        }
        if let Some(nearest) = &self.nearest {
            write!(f, "\n  did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}

/// A mistake whose place is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) accepted: Option<String>,
    pub(crate) nearest: Option<String>,
}

impl Wrong {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            accepted: None,
            nearest: None,
        }
    }

    /// `message`, and what may stand there instead.
    pub(crate) fn accepts(message: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self {
            accepted: Some(accepted.into()),
            ..Self::new(message)
        }
    }

    /// `message` about `word`, which is none of `accepted`.
    pub(crate) fn choice<'a>(
        message: impl Into<String>,
        word: &str,
        accepted: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let accepted: Vec<&str> = accepted.into_iter().collect();
        Self {
            message: message.into(),
            nearest: nearest(word, accepted.iter().copied()).map(str::to_owned),
            accepted: Some(if accepted.is_empty() {
                "nothing".to_owned()
            } else {
                accepted.join(", ")
            }),
        }
    }

    pub(crate) fn meant(self, nearest: impl Into<String>) -> Self {
        Self {
            nearest: Some(nearest.into()),
            ..self
        }
    }

    pub(crate) fn at(self, file: &str, at: &At) -> Fault {
        let Self {
            message,
            accepted,
            nearest,
        } = self;
        let (path, line, column) = match at.position {
            Some((line, column)) => (Some(file.to_owned()), Some(line), Some(column)),
            None => (None, None, None),
        };
        Fault {
            path,
            line,
            column,
            key: at.key.clone(),
            message,
            accepted,
            nearest,
        }
    }
}
