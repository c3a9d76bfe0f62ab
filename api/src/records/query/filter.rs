//! One filter: `field=value` or `field__operator=value`, its values checked by the field's type.

use entity::{
    definition::{Cell, Definition, Field, Kind},
    record::{Filter, Test},
    search,
};
use serde_json::value::RawValue;

use super::operator::{self, Meant, Operator, filter_names, is_filterable};
use crate::{
    fault::{Code, Fault},
    parameters::unknown_parameter,
    records::cursor::as_text,
};

/// Most values of one filter.
pub(crate) const MOST_VALUES: usize = 200;

/// Reads one filter.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn filter(
    definition: &Definition,
    (name, value): (&str, &str),
    known: impl FnOnce() -> Vec<String>,
) -> Result<Filter, Vec<Fault>> {
    let (field, operator) = match operator::meant(definition, name) {
        Meant::Filter(field, operator) => (field, operator),
        Meant::Unclear(field) if is_filterable(field) => {
            return Err(vec![unknown_operator(definition, field, name)]);
        }
        Meant::Unclear(field) => return Err(vec![not_filterable(field, name)]),
        Meant::Unknown => return Err(vec![unknown_parameter(name, known())]),
    };
    if !is_filterable(field) {
        return Err(vec![not_filterable(field, name)]);
    }
    let reading = Reading {
        name,
        field,
        operator,
    };
    let test = reading.test(value)?;
    // What is a part of a text stands among its ends.
    let ends = definition.ends(field).filter(|_| operator.is_of_parts());
    let field = ends.unwrap_or_else(|| field.clone());
    Ok(Filter { field, test })
}

/// A filter's value about to be read.
struct Reading<'a> {
    name: &'a str,
    field: &'a Field,
    operator: Operator,
}

impl Reading<'_> {
    fn test(&self, value: &str) -> Result<Test, Vec<Fault>> {
        let cell = || self.cell(value).map_err(|fault| vec![fault]);
        Ok(match self.operator {
            Operator::Eq => Test::Equals(cell()?),
            Operator::Ne => Test::NotAmong(vec![cell()?]),
            Operator::In => Test::Among(self.cells(value)?),
            Operator::NotIn => Test::NotAmong(self.cells(value)?),
            Operator::Gt => Test::Above(cell()?),
            Operator::Gte => Test::AtLeast(cell()?),
            Operator::Lt => Test::Below(cell()?),
            Operator::Lte => Test::AtMost(cell()?),
            Operator::StartsWith => Test::StartsWith(value.to_owned()),
            Operator::Contains => Test::StartsWith(self.part(value)?),
            Operator::EndsWith => Test::Has(self.part(value)?),
            Operator::Has => {
                cell()?;
                Test::Has(value.to_owned())
            }
            Operator::HasAny => {
                self.cells(value)?;
                Test::HasAny(self.several(value)?)
            }
            Operator::IsNull => {
                let is = Kind::Boolean.parse(value);
                Test::IsNull(is.map_err(|error| vec![self.wrong(error)])? == Cell::Boolean(true))
            }
        })
    }

    fn cell(&self, value: &str) -> Result<Cell, Fault> {
        let cell = self.field.kind.parse(value);
        let cell = cell.map_err(|error| self.wrong(error))?;
        let values = &self.field.values;
        if self.operator.is_of_values() && !is_among(values, value, &cell) {
            let detail = format!("`{}` never has this value", self.field.name);
            let fault = Fault::new(self.name, Code::InvalidValue, detail);
            return Err(fault.or_one_of(value, values.clone()));
        }
        Ok(cell)
    }

    fn cells(&self, value: &str) -> Result<Vec<Cell>, Vec<Fault>> {
        let mut cells = Vec::new();
        let mut faults = Vec::new();
        for value in self.several(value)? {
            match self.cell(&value) {
                Ok(cell) => cells.push(cell),
                // One of them says what is right.
                Err(fault) if faults.is_empty() => faults.push(fault),
                Err(_) => {}
            }
        }
        if faults.is_empty() {
            Ok(cells)
        } else {
            Err(faults)
        }
    }

    /// A part of a text, in small letters.
    fn part(&self, value: &str) -> Result<String, Vec<Fault>> {
        let part = search::part(value);
        match part.chars().count() {
            1..=search::PART_CHARS => Ok(part),
            _ => {
                let most = search::PART_CHARS;
                Err(vec![
                    self.wrong(format_args!("expected 1 to {most} characters")),
                ])
            }
        }
    }

    /// The values between commas, or those of a JSON array, whose texts may have commas.
    fn several(&self, value: &str) -> Result<Vec<String>, Vec<Fault>> {
        let wrong = |detail: String| vec![Fault::new(self.name, Code::InvalidValue, detail)];
        let values = match value.strip_prefix('[') {
            None => value.split(',').map(str::to_owned).collect(),
            Some(_) => json_array(value).ok_or_else(|| {
                let name = self.name;
                wrong(format!(
                    "what begins with `[` must be a JSON array of texts, numbers or booleans for `{name}`"
                ))
            })?,
        };
        match values.len() {
            0 => Err(wrong(format!(
                "expected at least one value for `{}`",
                self.name
            ))),
            1..=MOST_VALUES => Ok(values),
            many => Err(wrong(format!(
                "expected at most {MOST_VALUES} values for `{}`, not {many}",
                self.name
            ))),
        }
    }

    fn wrong(&self, error: impl std::fmt::Display) -> Fault {
        let detail = format!("{error} for `{}`", self.name);
        Fault::new(self.name, Code::InvalidValue, detail)
    }
}

/// The array's texts as they are, and its numbers digit by digit.
fn json_array(value: &str) -> Option<Vec<String>> {
    let items: Vec<Box<RawValue>> = serde_json::from_str(value).ok()?;
    let items = items.iter().map(|item| match item.get() {
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        "null" => None,
        nested if nested.starts_with(['[', '{']) => None,
        plain => Some(plain.to_owned()),
    });
    items.collect()
}

/// Whether `values`, if it names any, has the value as given or in its plain form.
fn is_among(values: &[String], given: &str, cell: &Cell) -> bool {
    let plain = as_text(cell);
    let same = |allowed: &String| allowed == given || Some(allowed) == plain.as_ref();
    values.is_empty() || values.iter().any(same)
}

fn unknown_operator(definition: &Definition, field: &Field, name: &str) -> Fault {
    let names = filter_names(definition, field).into_iter();
    let names: Vec<String> = names.map(|(name, _)| name).collect();
    let kind = field.kind;
    let detail = format!(
        "`{}` is of type {kind}, and has no parameter `{name}`; it has `{}`",
        field.name,
        names.join("`, `")
    );
    let hint = lacks_parts(field, name).then_some(HOW_TO_CONTAIN);
    let detail = detail + hint.unwrap_or_default();
    let mut fault = Fault::new(name, Code::UnknownOperator, detail);
    fault.did_you_mean = operator::likely(definition, field, name);
    fault.allowed = names;
    fault
}

const HOW_TO_CONTAIN: &str =
    "; its definition can give it `contains` and `endswith` by `index = \"contains\"`";

/// Whether `name` asks for parts of a text that has no index of them.
fn lacks_parts(field: &Field, name: &str) -> bool {
    let operator = name.rsplit_once("__").map(|(_, operator)| operator);
    let mut parts = Operator::PARTS.iter().map(|part| part.name());
    field.kind == Kind::Text && !field.contains && parts.any(|part| operator == Some(part))
}

fn not_filterable(field: &Field, name: &str) -> Fault {
    let why = why_not_filterable(field);
    let detail = format!("`{}` cannot be filtered by: {why}", field.name);
    Fault::new(name, Code::NotFilterable, detail)
}

/// What keeps rows from being filtered by `field`.
pub(crate) fn why_not_filterable(field: &Field) -> &'static str {
    if field.kind.filterable() {
        "it has no index, and without one each request would read every row"
    } else {
        "a field of type `json` cannot be compared"
    }
}

#[cfg(test)]
mod tests {
    use super::json_array;

    #[test]
    fn an_array_keeps_every_digit() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|all| all.iter().map(|&one| one.to_owned()).collect());
            assert_eq!(json_array(text), expected, "{text}");
        };
        check(
            r#"["a,b", "\"", 12345678901234567890.10, true]"#,
            Some(&["a,b", "\"", "12345678901234567890.10", "true"]),
        );
        check("[]", Some(&[]));
        for wrong in ["[", "[1", "[null]", "[[1]]", r#"[{"a":1}]"#, "[1] x"] {
            check(wrong, None);
        }
    }
}
