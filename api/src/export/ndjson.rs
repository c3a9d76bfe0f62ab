//! Records a line each, and a last line that says that they are all.

use crate::{line::write_line, records};

/// Writes a record, or the `members` of it that are wanted.
///
/// # Errors
/// The record of which part is wanted is not an object.
pub(super) fn write_record(
    text: &mut String,
    payload: &str,
    members: Option<&[String]>,
) -> Result<(), serde_json::Error> {
    match members {
        None => write_line(text, payload),
        Some(members) => {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            let mut part = String::new();
            records::write_some(&mut part, payload, &members)?;
            write_line(text, &part);
        }
    }
    text.push('\n');
    Ok(())
}

/// Writes the last line: an array, which no record is.
pub(super) fn write_end(text: &mut String, rows: u64, version: i64) {
    let end = format!(
        "[\"catchment-export\",{{\"rows\":{rows},\"complete\":true,\"version\":{version}}}]\n"
    );
    text.push_str(&end);
}
