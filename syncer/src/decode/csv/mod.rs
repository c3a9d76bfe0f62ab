//! CSV (RFC 4180) to records: a header line that names the members, then one record a line.
//!
//! Cells are texts. Those of fields that are numbers or booleans are written as such where they are plain ones,
//! so that the api serves numbers; anything else stays the text that it is, and is reported where it does not fit.

/// The records of a body as they stand.
mod lines;

use std::{borrow::Cow, collections::BTreeMap};

use entity::{definition::Kind, raw};
use serde_json::{Value, value::RawValue};

use self::lines::Lines;
pub(crate) use self::lines::{end_of_first, end_of_whole};
use super::{Broken, Record};
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
    for cell in header.cells() {
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
    let needed =
        fields.filter(|(field, rule)| rule.required || plan.definition.key.contains(&field.name));
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
    if line.cells().len() != columns.len() {
        return Err(broken(format!(
            "the line has {} values where the header names {} columns",
            line.cells().len(),
            columns.len()
        )));
    }
    let mut payload = String::with_capacity(line.bytes().len() * 2);
    for (column, cell) in columns.iter().zip(line.cells()) {
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

#[cfg(test)]
mod tests {
    use super::{Holds, written};

    #[test]
    fn a_cell_is_a_text_unless_it_is_plainly_what_its_field_holds() {
        let check = |holds: Holds, cell: &str, expected: &str| {
            assert_eq!(written(cell, holds), expected, "{cell}");
        };
        for holds in [Holds::Text, Holds::Number, Holds::Boolean] {
            check(holds, "", "null");
            check(holds, "a \"b\"\n\0", r#""a \"b\"\n\u0000""#);
            check(holds, "null", "\"null\"");
            check(holds, "007", "\"007\"");
            check(holds, " 7", "\" 7\"");
            check(holds, "+7", "\"+7\"");
            check(holds, ".5", "\".5\"");
            check(holds, "[1]", "\"[1]\"");
        }
        check(Holds::Text, "7", "\"7\"");
        check(Holds::Number, "7", "7");
        check(Holds::Number, "-7.250", "-7.250");
        check(
            Holds::Number,
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        );
        check(Holds::Number, "1e400", "1e400");
        check(Holds::Number, "true", "\"true\"");
        check(Holds::Number, "NaN", "\"NaN\"");
        check(Holds::Boolean, "true", "true");
        check(Holds::Boolean, "0", "0");
        check(Holds::Boolean, "True", "\"True\"");
    }
}
