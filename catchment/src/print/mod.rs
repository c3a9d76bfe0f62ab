//! What a person reads: tables, numbers, times. Knows no command.

mod table;
mod words;

use std::io::{self, ErrorKind, Write};

use serde::Serialize;

pub(crate) use table::{Align, Table};
pub(crate) use words::{ago, count, took, until};

/// Prints a result. A reader who went away, as `head` does, is no fault.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Tells on stderr, beside the result, what goes on. Nobody may be there to read it.
pub(crate) fn note(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Prints a result as one JSON document.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    Ok(text(&format!(
        "{}\n",
        serde_json::to_string_pretty(document)?
    ))?)
}
