//! Records as CSV (RFC 4180): the texts of the cells that the syncer made them from.

use std::borrow::Cow;

use entity::Members;
use serde_json::value::RawValue;

use super::record::plain;

/// A header line, then a line a record. The columns are those of the records, in their order; of none, `columns`.
pub(super) fn csv(delimiter: char, columns: &[String], records: &[Cow<'_, str>]) -> String {
    let records: Vec<_> = records.iter().map(|record| cells(record)).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in records.iter().flatten() {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.extend(columns.iter().map(String::as_str));
    }
    let mut text = String::new();
    line(&mut text, delimiter, names.iter().copied());
    for record in &records {
        let cells = names.iter().map(|name| {
            let mut members = record.iter();
            let found = members.find(|(own, _)| own == name);
            found.map_or("", |(_, cell)| cell.as_str())
        });
        line(&mut text, delimiter, cells);
    }
    text
}

/// The members of a record, each as the text of a cell.
fn cells(record: &str) -> Vec<(String, String)> {
    let members = serde_json::from_str(record).unwrap_or(Members(Vec::new()));
    let cell = |value: &RawValue| match value.get() {
        "null" => String::new(),
        _ => plain(value),
    };
    let members = members.0.into_iter();
    members.map(|(name, value)| (name, cell(value))).collect()
}

fn line<'a>(text: &mut String, delimiter: char, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            text.push(delimiter);
        }
        // An empty line is no record: a single empty cell is written with its quotes.
        let needs_quotes = cell.is_empty() || cell.contains([delimiter, '"', '\n', '\r']);
        if needs_quotes {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_record_is_a_line() {
        let check = |records: &[&str], expected: &str| {
            let records: Vec<_> = records.iter().map(|&record| record.into()).collect();
            assert_eq!(csv(';', &["id".to_owned()], &records), expected);
        };
        check(&[], "id\r\n");
        check(
            &[r#"{"id":1.50,"name":"a;\"b\"","on":true,"no":null}"#],
            "id;name;on;no\r\n1.50;\"a;\"\"b\"\"\";true;\"\"\r\n",
        );
        check(
            &[r#"{"id":1}"#, r#"{"id":2,"b":"x"}"#],
            "id;b\r\n1;\"\"\r\n2;x\r\n",
        );
    }
}
