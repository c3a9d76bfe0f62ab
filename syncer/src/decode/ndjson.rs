//! One JSON record a line (NDJSON, JSON Lines). A line that is no JSON is a reject; the others are not its fault.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Broken, Record};

/// The records of `body`; lines without anything are none.
///
/// # Errors
/// The body ends in the middle of a record: it is cut off, and what else is missing nobody knows.
pub(super) fn records(body: &[u8]) -> Result<Vec<Record<'_>>, String> {
    let mut records = Vec::new();
    let mut lines = body.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let record = record(line);
        if let Err((error, _)) = &record
            && lines.peek().is_none()
            && error.as_ref().is_some_and(serde_json::Error::is_eof)
        {
            return Err("its last line is cut off in the middle of a record".to_owned());
        }
        records.push(record.map_err(|(_, broken)| broken));
    }
    Ok(records)
}

/// Where the last whole line of `body` ends.
pub(crate) fn end_of_last(body: &[u8]) -> usize {
    let newline = body.iter().rposition(|byte| *byte == b'\n');
    newline.map_or(0, |at| at + 1)
}

fn record(line: &[u8]) -> Result<Cow<'_, str>, (Option<serde_json::Error>, Broken)> {
    let broken = |reason: String| Broken {
        text: String::from_utf8_lossy(line).into_owned(),
        field: None,
        reason,
    };
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => return Err((None, broken(format!("the line is not UTF-8: {error}")))),
    };
    match serde_json::from_str::<&RawValue>(text) {
        Ok(record) => Ok(Cow::Borrowed(record.get())),
        Err(error) => {
            // That it is in line 1, as the error says, is true of each line.
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            let reason = format!("the line is no JSON: {said} at column {}", error.column());
            Err((Some(error), broken(reason)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{end_of_last, records};

    fn check(body: &[u8], expected: Result<&[Result<&str, &str>], ()>) {
        let read = records(body).map_err(|_| ());
        let read: Result<Vec<Result<&str, &str>>, ()> = match &read {
            Ok(records) => Ok(records
                .iter()
                .map(|record| record.as_deref().map_err(|broken| broken.reason.as_str()))
                .collect()),
            Err(()) => Err(()),
        };
        assert_eq!(read.as_deref(), expected.as_deref(), "{body:?}");
    }

    #[test]
    fn each_line_is_a_record() {
        check(b"", Ok(&[]));
        check(
            b"{\"id\": 1}\r\n\r\n \n 2.50 \n",
            Ok(&[Ok("{\"id\": 1}"), Ok("2.50")]),
        );
        check(b"{}\n{}", Ok(&[Ok("{}"), Ok("{}")]));
    }

    #[test]
    fn a_broken_line_is_a_reject_and_a_cut_off_end_an_error() {
        let wrong = "the line is no JSON: expected value at column 6";
        check(b"{\"a\":x}\n{}\n", Ok(&[Err(wrong), Ok("{}")]));
        let short = "the line is no JSON: EOF while parsing an object at column 6";
        check(b"{\"a\":1\n{}\n", Ok(&[Err(short), Ok("{}")]));
        check(b"{\"a\":1\n", Ok(&[Err(short)]));
        check(b"{}\n{\"a\":1", Err(()));
        check(
            b"{}\n{\"a\":1x",
            Ok(&[
                Ok("{}"),
                Err("the line is no JSON: expected `,` or `}` at column 7"),
            ]),
        );
        let two = "the line is no JSON: trailing characters at column 4";
        check(b"{} {}\n", Ok(&[Err(two)]));
        let no_text = "the line is not UTF-8: invalid utf-8 sequence of 1 bytes from index 1";
        check(b"\"\xff\"\n{}\n", Ok(&[Err(no_text), Ok("{}")]));
    }

    #[test]
    fn a_part_ends_with_a_line() {
        assert_eq!(end_of_last(b"{}\n{}\n{"), 6);
        assert_eq!(end_of_last(b"{"), 0);
    }
}
