//! CSV (RFC 4180): a header line that names the columns, then one record a line.
//!
//! A column is a field's, by the name that the definition gives it there (`from`) or by the field's own. A cell is written
//! as the JSON that a caller would write for its field; one with nothing in it is no value.

use std::io::Read;

use ::csv::{ByteRecord, ReaderBuilder};
use entity::{
    definition::{Cell, Decimal, Definition, Field, Kind, Rule, TimeFormat},
    local::{Unfit, Why},
    nearest, value,
};
use serde_json::{Value, value::RawValue};

use super::read::{Bounded, Came, Item, Stop};

/// A field, and how its values are read.
type Column<'d> = (&'d Field, &'d Rule);

/// Gives each record of `file`, until nobody wants more.
///
/// # Errors
/// The header line cannot be used, or the file cannot be read.
pub(super) fn read(
    file: impl Read,
    definition: &Definition,
    give: &mut dyn FnMut(Came) -> bool,
) -> Result<(), Stop> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(Bounded::new(file));
    let mut cells = ByteRecord::new();
    let mut columns: Option<Vec<Column<'_>>> = None;
    loop {
        let line = reader.position().line();
        reader.get_mut().begin();
        let more = reader.read_byte_record(&mut cells);
        if !more.map_err(|error| Stop::at(line, error.to_string()))? {
            break;
        }
        let line = cells.position().map_or(line, ::csv::Position::line);
        let Some(columns) = &columns else {
            let named = header(definition, &cells);
            columns = Some(named.map_err(|unfit| Stop { line, unfit })?);
            continue;
        };
        let record = record(columns, &cells);
        if !give(Ok(Item { line, record })) {
            return Ok(());
        }
    }
    match columns {
        Some(_) => Ok(()),
        None => Err(Stop::at(
            1,
            "there is no header line that names the columns",
        )),
    }
}

/// The field of each column, or all that is wrong with their names.
fn header<'d>(
    definition: &'d Definition,
    cells: &ByteRecord,
) -> Result<Vec<Column<'d>>, Vec<Unfit>> {
    let mut unfit = Vec::new();
    let mut columns: Vec<Column<'_>> = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let cell = match index {
            0 => cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell),
            _ => cell,
        };
        let name = String::from_utf8_lossy(cell);
        let name = name.trim();
        match column(definition, name) {
            Some(column) if columns.iter().any(|(of, _)| of.name == column.0.name) => {
                let reason = format!("the column `{name}` is there more than once");
                unfit.push(Unfit::new(name, Why::Repeated, reason));
            }
            Some(column) => columns.push(column),
            None => unfit.push(unknown(definition, name)),
        }
    }
    for (field, header, rule) in named(definition) {
        let is_given = columns.iter().any(|(of, _)| of.name == field.name);
        let is_counted = entity::local::counted(definition).is_some_and(|of| of.name == field.name);
        if rule.required && !is_given && !is_counted {
            let name = header.unwrap_or(&field.name);
            let reason = format!("there is no column `{name}`, without which no record fits");
            unfit.push(Unfit::new(name, Why::Missing, reason));
        }
    }
    match unfit.is_empty() {
        true => Ok(columns),
        false => Err(unfit),
    }
}

/// Each field, with what its column is called if not by its name, and its rule.
fn named(definition: &Definition) -> impl Iterator<Item = (&Field, Option<&str>, &Rule)> {
    let local = definition.local.iter();
    let rules = local.flat_map(|local| local.headers.iter().zip(&local.rules));
    let fields = definition.fields.iter().zip(rules);
    fields.map(|(field, (header, rule))| (field, header.as_deref(), rule))
}

fn column<'d>(definition: &'d Definition, name: &str) -> Option<Column<'d>> {
    let by_header = named(definition).find(|(_, header, _)| *header == Some(name));
    let found = by_header.or_else(|| named(definition).find(|(field, ..)| field.name == name));
    found.map(|(field, _, rule)| (field, rule))
}

fn unknown(definition: &Definition, name: &str) -> Unfit {
    let names = named(definition).map(|(field, header, _)| header.unwrap_or(&field.name));
    let names: Vec<&str> = names.collect();
    let reason = format!("there is no field for the column `{name}`");
    Unfit {
        nearest: nearest(name, names.iter().copied()).map(str::to_owned),
        accepted: names.into_iter().map(str::to_owned).collect(),
        ..Unfit::new(name, Why::Unknown, reason)
    }
}

/// The record of a line, as JSON.
fn record(columns: &[Column<'_>], cells: &ByteRecord) -> Result<String, Vec<Unfit>> {
    if cells.len() != columns.len() {
        let reason = format!(
            "the line has {} values, and the header {} columns",
            cells.len(),
            columns.len()
        );
        return Err(vec![Unfit::new("", Why::Value, reason)]);
    }
    let (mut members, mut unfit) = (Vec::new(), Vec::new());
    for ((field, rule), cell) in columns.iter().zip(cells) {
        let Ok(text) = std::str::from_utf8(cell) else {
            unfit.push(Unfit::new(&field.name, Why::Value, "it is not UTF-8"));
            continue;
        };
        if !text.trim().is_empty() {
            let name = Value::from(field.name.as_str());
            members.push(format!("{name}:{}", json(field.kind, rule, text)));
        }
    }
    match unfit.is_empty() {
        true => Ok(format!("{{{}}}", members.join(","))),
        false => Err(unfit),
    }
}

/// What a caller would write for `text`. What is no such value stays a text, which is then told not to fit.
fn json(kind: Kind, rule: &Rule, text: &str) -> String {
    let quoted = || Value::from(text).to_string();
    let plain = text.trim();
    let is_epoch = matches!(
        rule.format,
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis
    );
    let found = match kind {
        Kind::Integer => value::integer(plain).map(|integer| integer.to_string()),
        Kind::Decimal { .. } | Kind::Float => number(plain),
        Kind::Timestamp | Kind::Date if is_epoch => number(plain),
        Kind::Timestamp | Kind::Date => Some(Value::from(plain).to_string()),
        Kind::Boolean => match value::boolean(plain) {
            Some(Cell::Boolean(boolean)) => Some(boolean.to_string()),
            _ => None,
        },
        Kind::List => list(rule, plain),
        Kind::Json => {
            let is_json = serde_json::from_str::<&RawValue>(plain).is_ok();
            is_json.then(|| plain.to_owned())
        }
        Kind::Text => None,
    };
    found.unwrap_or_else(quoted)
}

/// A number as JSON writes one: as it stands, if it is that.
fn number(text: &str) -> Option<String> {
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
    let number = Decimal::parse(text).ok()?;
    match is_json {
        true => Some(text.to_owned()),
        false => number.canonical(),
    }
}

fn list(rule: &Rule, text: &str) -> Option<String> {
    if text.starts_with('[') && serde_json::from_str::<&RawValue>(text).is_ok() {
        return Some(text.to_owned());
    }
    let items: Vec<&str> = match &rule.split {
        Some(separator) => text.split(separator.as_str()).map(str::trim).collect(),
        None => vec![text],
    };
    let items: Vec<&str> = items.into_iter().filter(|item| !item.is_empty()).collect();
    serde_json::to_string(&items).ok()
}
