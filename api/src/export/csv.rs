//! Records as CSV (RFC 4180): a header line, a column for each declared field.
//!
//! A value that is missing is an empty field, an empty text a quoted one. Data is data: nothing is put in front of what a
//! spreadsheet would take for a formula.

use chrono::SecondsFormat;
use entity::definition::{Cell, Field};

use crate::records;

/// What makes a text need quotes.
const SPECIAL: [char; 4] = [',', '"', '\r', '\n'];

/// The line with the names of the columns.
pub(super) fn head(columns: &[Field]) -> String {
    let mut text = String::new();
    for (index, field) in columns.iter().enumerate() {
        separate(&mut text, index);
        write_text(&mut text, &field.name);
    }
    text.push_str("\r\n");
    text
}

/// Writes a line of values.
pub(super) fn write_record(text: &mut String, cells: &[Cell]) {
    for (index, cell) in cells.iter().enumerate() {
        separate(text, index);
        write_cell(text, cell);
    }
    text.push_str("\r\n");
}

fn separate(text: &mut String, index: usize) {
    if index > 0 {
        text.push(',');
    }
}

fn write_cell(text: &mut String, cell: &Cell) {
    match cell {
        Cell::Null => {}
        Cell::Text(value) if value.is_empty() => text.push_str("\"\""),
        Cell::Text(value) | Cell::Json(value) => write_text(text, value),
        // Texts can always be written as JSON.
        Cell::List(items) => write_text(text, &serde_json::to_string(items).unwrap_or_default()),
        Cell::Timestamp(at) => {
            text.push_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
        other => text.push_str(&records::as_text(other).unwrap_or_default()),
    }
}

fn write_text(text: &mut String, value: &str) {
    if !value.contains(SPECIAL) {
        text.push_str(value);
        return;
    }
    text.push('"');
    text.push_str(&value.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn values_are_written_so_that_they_read_back() {
        let check = |cell: Cell, expected| {
            let mut text = String::new();
            write_cell(&mut text, &cell);
            assert_eq!(text, expected, "{cell:?}");
        };
        let text = |text: &str| Cell::Text(text.to_owned());
        check(Cell::Null, "");
        check(text(""), "\"\"");
        check(text("plain"), "plain");
        check(text(" blank "), " blank ");
        check(text("=1+1"), "=1+1");
        check(text("a,b"), "\"a,b\"");
        check(text("a\"b"), "\"a\"\"b\"");
        check(text("a\r\nb"), "\"a\r\nb\"");
        check(Cell::Integer(-7), "-7");
        check(Cell::Decimal("-0.50".to_owned()), "-0.50");
        check(Cell::Float(0.1), "0.1");
        check(Cell::Boolean(true), "true");
        check(Cell::Json("{\"a\":1}".to_owned()), "\"{\"\"a\"\":1}\"");
        check(
            Cell::List(vec!["a".to_owned(), "b".to_owned()]),
            "\"[\"\"a\"\",\"\"b\"\"]\"",
        );
        let at = DateTime::from_timestamp(0, 500_000_000).expect("a time");
        check(Cell::Timestamp(at), "1970-01-01T00:00:00.500Z");
    }

    #[test]
    fn a_line_ends_on_a_carriage_return_too() {
        let mut line = String::new();
        write_record(&mut line, &[Cell::Integer(1), Cell::Null, Cell::Null]);
        assert_eq!(line, "1,,\r\n");
    }
}
