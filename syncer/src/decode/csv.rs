//! CSV (RFC 4180) to records: a header line that names the members, then one record a line.
//!
//! Cells are texts. Those of fields that are numbers or booleans are written as such where they are plain ones,
//! so that the api serves numbers; anything else stays the text that it is, and is reported where it does not fit.

use std::{borrow::Cow, collections::BTreeMap};

use csv::{ByteRecord, Reader, ReaderBuilder};
use entity::definition::Kind;
use serde_json::{Value, value::RawValue};

use super::{Broken, Record, raw};
use crate::source::plan::Plan;

/// The records of `body`. Lines without anything are none.
///
/// # Errors
/// The header line cannot be used, or the body ends in the middle of a record.
pub(super) fn records(
    plan: &Plan,
    delimiter: u8,
    body: &[u8],
) -> Result<Vec<Record<'static>>, String> {
    let mut lines = Lines::of(body, delimiter);
    if !lines.step() {
        return Err("it has no header line that names the columns".to_owned());
    }
    let columns = columns(plan, &lines)?;
    let mut records = Vec::new();
    while lines.step() {
        if lines.is_cut_off(columns.len()) {
            return Err(format!(
                "its last record, from line {} on, is cut off, or a quote in it is never closed",
                lines.number()
            ));
        }
        records.push(record(&columns, &lines));
    }
    Ok(records)
}

/// Where the first record of `body` ends, which is its header; nothing if it may go on behind the body.
pub(crate) fn end_of_first(body: &[u8], delimiter: u8) -> Option<usize> {
    let mut lines = Lines::of(body, delimiter);
    (lines.step() && lines.end < body.len()).then_some(lines.end)
}

/// Where the last record of `body` ends that is whole, whatever follows the body.
pub(crate) fn end_of_whole(body: &[u8], delimiter: u8) -> usize {
    let mut lines = Lines::of(body, delimiter);
    let mut end = 0;
    while lines.step() && lines.end < body.len() {
        end = lines.end;
    }
    end
}

/// A column of the header line.
struct Column {
    /// As JSON.
    name: String,
    holds: Holds,
}

/// What a column's cells are written as, where they are that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
    Boolean,
}

fn columns(plan: &Plan, header: &Lines<'_>) -> Result<Vec<Column>, String> {
    let mut names = Vec::new();
    for cell in &header.cells {
        let name = std::str::from_utf8(cell)
            .map_err(|error| format!("its header line is not UTF-8: {error}"))?;
        names.push(name);
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        *times.entry(name).or_default() += 1;
    }
    let again: Vec<String> = times
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !again.is_empty() {
        return Err(format!(
            "its header line names {} more than once; each column needs a name of its own",
            again.join(", ")
        ));
    }
    if let Some(missing) = needed(plan).find(|name| !names.contains(name)) {
        return Err(format!(
            "its header line names no column `{missing}`, without which no record can be a row; \
             it names {}",
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    let column = |name: &str| Column {
        name: Value::from(name).to_string(),
        holds: holds(plan, name),
    };
    Ok(names.into_iter().map(column).collect())
}

/// The columns without which every record would be a reject.
fn needed(plan: &Plan) -> impl Iterator<Item = &str> {
    let copied = plan.for_each.iter().flat_map(|for_each| &for_each.copy);
    let copied: Vec<&str> = copied.map(|(name, _)| name.as_str()).collect();
    let fields = plan.definition.fields.iter().zip(&plan.rules);
    let needed = fields.filter(|(field, rule)| {
        rule.required || plan.definition.key.iter().any(|key| *key == field.name)
    });
    needed.filter_map(move |(_, rule)| match rule.from.0.as_slice() {
        [name] if !copied.contains(&name.as_str()) => Some(name.as_str()),
        _ => None,
    })
}

fn holds(plan: &Plan, column: &str) -> Holds {
    let fields = plan.definition.fields.iter().zip(&plan.rules);
    let mut here = fields.filter(|(_, rule)| rule.from.0 == [column]);
    here.find_map(|(field, _)| match field.kind {
        Kind::Integer | Kind::Decimal { .. } | Kind::Float => Some(Holds::Number),
        Kind::Boolean => Some(Holds::Boolean),
        _ => None,
    })
    .unwrap_or(Holds::Text)
}

fn record(columns: &[Column], line: &Lines<'_>) -> Record<'static> {
    let broken = |reason: String| Broken {
        text: String::from_utf8_lossy(line.bytes()).into_owned(),
        field: None,
        reason,
    };
    if line.cells.len() != columns.len() {
        return Err(broken(format!(
            "the line has {} values where the header names {} columns",
            line.cells.len(),
            columns.len()
        )));
    }
    let mut payload = String::with_capacity(line.bytes().len() * 2);
    for (column, cell) in columns.iter().zip(&line.cells) {
        let cell = match std::str::from_utf8(cell) {
            Ok(cell) => cell,
            Err(error) => {
                return Err(broken(format!(
                    "its value of {} is not UTF-8: {error}",
                    column.name
                )));
            }
        };
        payload.push(if payload.is_empty() { '{' } else { ',' });
        payload.push_str(&column.name);
        payload.push(':');
        payload.push_str(&written(cell, column.holds));
    }
    payload.push('}');
    Ok(Cow::Owned(payload))
}

/// A cell as JSON.
fn written(cell: &str, holds: Holds) -> Cow<'_, str> {
    if cell.is_empty() {
        return Cow::Borrowed("null");
    }
    let plain = match holds {
        Holds::Text => None,
        Holds::Number | Holds::Boolean => serde_json::from_str::<&RawValue>(cell).ok(),
    };
    match plain.map(raw::kind) {
        Some("a number") if holds != Holds::Text && is_bare(cell) => Cow::Borrowed(cell),
        Some("a boolean") if holds == Holds::Boolean && is_bare(cell) => Cow::Borrowed(cell),
        _ => Cow::Owned(Value::from(cell).to_string()),
    }
}

/// Whether there is no space around it: a space is part of a cell.
fn is_bare(cell: &str) -> bool {
    cell.trim().len() == cell.len()
}

/// The records of a body, one after the other.
struct Lines<'b> {
    reader: Reader<&'b [u8]>,
    body: &'b [u8],
    delimiter: u8,
    cells: ByteRecord,
    end: usize,
}

impl<'b> Lines<'b> {
    fn of(body: &'b [u8], delimiter: u8) -> Self {
        Self {
            reader: reader(body, delimiter),
            body,
            delimiter,
            cells: ByteRecord::new(),
            end: 0,
        }
    }

    /// Goes on to the next record, if there is one.
    fn step(&mut self) -> bool {
        // Reading from memory with any number of cells a line cannot fail.
        let read = self.reader.read_byte_record(&mut self.cells);
        self.end = usize::try_from(self.reader.position().byte()).unwrap_or(self.body.len());
        read.unwrap_or(false)
    }

    /// The record as it stands in the body.
    fn bytes(&self) -> &'b [u8] {
        let start = self.cells.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(self.end);
        let bytes = self.body.get(start..self.end).unwrap_or_default();
        let is_newline = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let first = bytes.iter().position(|byte| !is_newline(byte));
        let last = bytes.iter().rposition(|byte| !is_newline(byte));
        match (first, last) {
            (Some(first), Some(last)) => &bytes[first..=last],
            _ => &[],
        }
    }

    /// The number of the line that it begins on.
    fn number(&self) -> u64 {
        self.cells.position().map_or(0, csv::Position::line)
    }

    /// Whether it is the last record and not whole: without its last columns and the newline, or inside quotes.
    fn is_cut_off(&self, columns: usize) -> bool {
        if self.end < self.body.len() {
            return false;
        }
        let ends = matches!(self.body.last(), Some(b'\r' | b'\n'));
        (!ends && self.cells.len() < columns) || self.is_open()
    }

    /// Whether a quote is open at its end: then one more newline is one more byte of a value.
    fn is_open(&self) -> bool {
        let start = self.cells.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(self.end);
        let longer = [self.body.get(start..).unwrap_or_default(), b"\n"].concat();
        let mut again = ByteRecord::new();
        let read = reader(&longer, self.delimiter).read_byte_record(&mut again);
        read.is_ok() && again.as_slice().len() > self.cells.as_slice().len()
    }
}

fn reader(body: &[u8], delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(body)
}
