//! A text as a value of a field's type, exactly or not at all.

use super::{Bad, shown, time};
use crate::definition::{Cell, Decimal, Kind, Rule};

/// A text that is not blank as a value of a type other than text.
pub(super) fn converted(kind: Kind, rule: &Rule, text: &str) -> Result<Cell, Bad> {
    let unfit = |what: &str| Bad::Value(format!("{} is not {what}", shown(text)));
    match kind {
        Kind::Integer => integer(text)
            .map(Cell::Integer)
            .ok_or_else(|| unfit("an integer of 64 bits")),
        Kind::Decimal { precision, scale } => Decimal::parse(text)
            .and_then(|number| number.fixed(precision, scale))
            .map(Cell::Decimal)
            .map_err(|error| Bad::Value(format!("{}: {error}", shown(text)))),
        Kind::Float => float(text).ok_or_else(|| unfit("a number that a double can hold")),
        Kind::Boolean => boolean(text).ok_or_else(|| unfit("true or false, 1 or 0, yes or no")),
        Kind::Timestamp => time::timestamp(&rule.format, text).map_err(|form| unfit(&form)),
        _ => time::date(&rule.format, text).map_err(|form| unfit(&form)),
    }
}

/// An integer of 64 bits, however it is written.
pub fn integer(text: &str) -> Option<i64> {
    let plain = text.parse().ok();
    plain.or_else(|| {
        let whole = Decimal::parse(text).ok()?.fixed(20, 0).ok()?;
        whole.parse().ok()
    })
}

fn float(text: &str) -> Option<Cell> {
    let float = text.parse::<f64>().ok()?;
    float.is_finite().then_some(Cell::Float(float))
}

/// Yes or no, as people and programs write it.
pub fn boolean(text: &str) -> Option<Cell> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(Cell::Boolean(true)),
        "false" | "0" | "no" => Some(Cell::Boolean(false)),
        _ => None,
    }
}
