//! The type of a member, from the values that were seen of it. What rests on little is noted.

use std::collections::BTreeMap;

use entity::definition::{Decimal, Kind, TEXT_CHARS};

use super::{json::Json, list, members::Member, number, text};
use crate::draft::Field;

/// Most different values that are told in a note.
const VALUES: usize = 6;
/// Fewest values before few different ones mean something.
const MANY: usize = 20;

/// The field for `member`, under `name`.
pub(crate) fn field(member: &Member<'_>, name: String) -> Field {
    let values: Vec<&Json> = member.values.iter().map(|(_, value)| *value).collect();
    let mut field = Field::new(name, member.path.clone(), Kind::Text);
    if values.is_empty() {
        field.is_unknown = true;
        field.note(format!(
            "null in all {} of {}",
            member.nulls,
            records(member)
        ));
        return field;
    }
    let texts = |of: fn(&Json) -> Option<&str>| values.iter().map(|value| of(value)).collect();
    let all_texts: Option<Vec<&str>> = texts(as_text);
    let all_numbers: Option<Vec<&str>> = texts(as_number);
    let scalars = values.iter().filter(|value| !value.is_structure()).count();
    if values.iter().all(|value| matches!(value, Json::Boolean(_))) {
        field.kind = Kind::Boolean;
    } else if let Some(numbers) = all_numbers {
        number::decide(&mut field, &numbers);
    } else if let Some(texts) = all_texts {
        text::decide(&mut field, &texts);
    } else if scalars == values.len() {
        mixed(&mut field, &values);
    } else {
        list::decide(&mut field, &values);
    }
    few_values(&mut field, &values);
    occurrence(&mut field, member);
    field
}

fn as_text(value: &Json) -> Option<&str> {
    match value {
        Json::Text(text) => Some(text),
        _ => None,
    }
}

fn as_number(value: &Json) -> Option<&str> {
    match value {
        Json::Number(number) => Some(number),
        _ => None,
    }
}

/// Texts, numbers and booleans under one name: as texts nothing of them is lost.
fn mixed(field: &mut Field, values: &[&Json]) {
    let texts = values.iter().map(|value| match value {
        Json::Text(text) | Json::Number(text) => text.len(),
        _ => "false".len(),
    });
    field.index = texts.max().unwrap_or(0) <= TEXT_CHARS;
    let kinds = [
        ("texts", values.iter().any(|value| as_text(value).is_some())),
        (
            "numbers",
            values.iter().any(|value| as_number(value).is_some()),
        ),
        (
            "booleans",
            values.iter().any(|value| matches!(value, Json::Boolean(_))),
        ),
    ];
    let seen: Vec<&str> = kinds
        .iter()
        .filter(|(_, any)| *any)
        .map(|(kind, _)| *kind)
        .collect();
    field.note(format!("{} were seen", seen.join(" and ")));
}

/// A handful of different texts: told, and never made a rule of.
fn few_values(field: &mut Field, values: &[&Json]) {
    if field.kind != Kind::Text || values.len() < MANY {
        return;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        let Some(text) = value.plain().filter(|text| text.chars().count() <= 30) else {
            return;
        };
        *counts.entry(text).or_default() += 1;
    }
    if counts.len() <= VALUES {
        let told: Vec<String> = counts.keys().map(|value| format!("\"{value}\"")).collect();
        field.note(format!("values seen: {}", told.join(", ")));
    }
}

fn occurrence(field: &mut Field, member: &Member<'_>) {
    if member.is_in_all() {
        return;
    }
    let values = member.values.len();
    let records = records(member);
    field.note(
        match (member.nulls, values + member.nulls == member.records) {
            (nulls, true) => format!("null in {nulls} of {records}"),
            (0, false) => format!("seen in {values} of {records}"),
            (nulls, false) => format!("seen in {values} of {records}, null in {nulls}"),
        },
    );
}

fn records(member: &Member<'_>) -> String {
    let plural = if member.records == 1 { "" } else { "s" };
    format!("{} record{plural}", member.records)
}

/// A decimal that has room for all of `numbers`, and some more; `None` if they have too many digits.
pub(crate) fn decimal(numbers: &[&str], more: (u8, u8)) -> Option<Kind> {
    let mut whole = 1;
    let mut scale = 0;
    for number in numbers {
        Decimal::parse(number).ok()?;
        // An exponent is how floats are written.
        if number.contains(['e', 'E']) {
            return None;
        }
        let digits = number.trim_start_matches(['-', '+']);
        let (left, right) = digits.split_once('.').unwrap_or((digits, ""));
        whole = whole.max(left.len());
        scale = scale.max(right.len());
    }
    let whole = u8::try_from(whole).ok()?.checked_add(more.0)?;
    let scale = u8::try_from(scale).ok()?.checked_add(more.1)?;
    let precision = whole.checked_add(scale)?;
    (precision <= 65 && scale <= 30).then_some(Kind::Decimal { precision, scale })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::members::members;

    /// The fields of records, each as `type, what else is said`.
    fn said(json: &str) -> Vec<String> {
        let body = Json::parse(json.as_bytes()).expect("JSON");
        let Json::Array(records) = &body else {
            panic!("no array: {json}");
        };
        let records: Vec<&Json> = records.iter().collect();
        let fields = members(&records).into_iter().map(|member| {
            let field = field(&member, member.wished());
            let mut said = field.kind.to_string();
            for (key, value) in [("format", &field.format), ("split", &field.split)] {
                said.extend(value.iter().map(|value| format!(" {key} {value}")));
            }
            if field.is_unknown {
                said.push_str(" unknown");
            } else if field.kind.filterable() && !field.index {
                said.push_str(" unindexed");
            }
            said
        });
        fields.collect()
    }

    /// The type of `a` in records that have these values of it.
    #[track_caller]
    fn check(name: &str, values: &[&str], expected: &str) {
        let records = values.iter().map(|value| format!("{{\"{name}\":{value}}}"));
        let records = records.collect::<Vec<_>>().join(",");
        assert_eq!(
            said(&format!("[{records}]")),
            [expected],
            "{name} {values:?}"
        );
    }

    #[test]
    fn numbers_have_the_type_that_holds_them() {
        check("a", &["1", "-9223372036854775808"], "integer");
        check("a", &["9223372036854775808"], "decimal(23,0)");
        check("price", &["12.5", "3.25"], "decimal(8,2)");
        check("ratio", &["0.1", "12.123"], "decimal(11,5)");
        check("lat", &["52.520006599999"], "float");
        check("a", &["1e3"], "float");
        check("created_at", &["1700000000"], "timestamp format epoch_s");
        check("a", &["1", "0"], "integer");
        let flags = ["0", "1", "0", "1", "1", "0", "0", "1", "0", "1"];
        check("hairless", &flags, "boolean");
        check("rank", &flags, "integer");
    }

    #[test]
    fn texts_have_the_type_that_they_clearly_write() {
        check("a", &["\"x\""], "text");
        check("a", &["\"2026-11-21T08:00:00Z\"", "\"\""], "timestamp");
        check("a", &["\"2026-11-21\"", "null"], "date");
        check("a", &["\"21.11.2026\""], "date format %d.%m.%Y");
        check("a", &["\"yes\"", "\"no\"", "\"Yes\""], "boolean");
        check("a", &["\"yes\""], "text");
        check("price", &["\"12.50\"", "\"3.00\""], "decimal(8,2)");
        check("stock", &["\"12\"", "\"3\""], "integer");
        check("zip", &["\"12345\""], "text");
        check("phone", &["\"0123\"", "\"12\""], "text");
        check(
            "a",
            &[&format!("\"{}\"", "x".repeat(256))],
            "text unindexed",
        );
        check("a", &["\"\"", "\"\""], "text");
        check("a", &["null"], "text unknown");
    }

    #[test]
    fn structures_are_lists_or_json() {
        check("a", &[r#"["x","y"]"#, "[]"], "list");
        check("a", &[r#"[1,2]"#], "list");
        check("a", &["[]"], "list unknown");
        check("a", &[r#"[{"b":1}]"#], "json");
        check("a", &[r#"["x",{"b":1}]"#], "json");
        check("a", &["[[1]]"], "json");
        check("a", &["1", "{}"], "json");
        check("a", &["1", "\"x\""], "text");
        let tags = [
            r#""Active, Gentle""#,
            r#""Gentle, Loyal, Active""#,
            r#""Loyal, Active""#,
            r#""Active""#,
        ];
        check("a", &tags, "list split ,");
        check(
            "a",
            &[
                r#""Berlin, Germany""#,
                r#""Bonn, Germany""#,
                r#""Paris, France""#,
            ],
            "text",
        );
    }
}
