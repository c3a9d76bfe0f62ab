//! What identifies a record: an id that never was null and never came twice, two of them together, or nothing.

use std::collections::HashSet;

use entity::definition::{KEY_BYTES, Kind};

use super::{json::Json, members::Member};
use crate::draft::{Field, UNLIKE, id_rank};

/// The key that is proposed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Names of fields; none: no member identifies a record, and its hash must do.
    pub(crate) names: Vec<String>,
    pub(crate) note: String,
}

/// The key of records that have `seen`; `resource` is what they are called.
pub(crate) fn key(seen: &[(Member<'_>, Field)], resource: &str) -> Key {
    let records = seen
        .iter()
        .map(|(member, _)| member.records)
        .max()
        .unwrap_or(0);
    let mut usable: Vec<(usize, &Member<'_>, &Field)> = seen
        .iter()
        .filter(|(member, field)| is_usable(member, field))
        .map(|(member, field)| (id_rank(name(member), resource), member, field))
        .collect();
    usable.sort_by_key(|(rank, member, _)| (member.path.len(), *rank));
    let likely = || usable.iter().filter(|(rank, ..)| *rank < UNLIKE);
    if let Some((_, _, field)) = likely().find(|(_, member, _)| are_unique(&[member])) {
        let note = match records {
            1 => "only one record was seen".to_owned(),
            _ => format!("in all of {records} seen, each time another"),
        };
        return Key {
            names: vec![field.name.clone()],
            note,
        };
    }
    for (at, (_, one, first)) in usable
        .iter()
        .enumerate()
        .filter(|(_, (rank, ..))| *rank < UNLIKE)
    {
        let others = usable.iter().enumerate().filter(|(other, (_, _, field))| {
            *other != at && (is_position(field) || usable[*other].0 < UNLIKE)
        });
        for (_, (_, other, second)) in others {
            if are_unique(&[one, other]) {
                let names = vec![first.name.clone(), second.name.clone()];
                let note = format!(
                    "no member alone; together in all of {records} seen, each time another"
                );
                return Key { names, note };
            }
        }
    }
    hash(&usable)
}

fn name<'a>(member: &'a Member<'_>) -> &'a str {
    member.path.last().map_or("", String::as_str)
}

/// What is said where nothing looks like an id.
fn hash(usable: &[(usize, &Member<'_>, &Field)]) -> Key {
    let unique = usable.iter().filter(|(_, member, _)| are_unique(&[member]));
    let unique: Vec<String> = unique
        .map(|(_, _, field)| format!("`{}`", field.name))
        .take(5)
        .collect();
    let mut note = "no member that looks like an id is in all records and each time another; \
                    a record that changes is then another record"
        .to_owned();
    if !unique.is_empty() {
        note.push_str(&format!(
            "; a better key, if it always identifies a record: {}",
            unique.join(", ")
        ));
    }
    Key {
        names: Vec::new(),
        note,
    }
}

/// Whether a field can tell records of one id apart: a place in an order, or a time.
fn is_position(field: &Field) -> bool {
    const WORDS: [&str; 7] = [
        "position", "index", "line", "seq", "sequence", "rank", "version",
    ];
    let timely = matches!(field.kind, Kind::Date | Kind::Timestamp);
    timely || field.name.split('_').any(|word| WORDS.contains(&word))
}

/// Whether the field could be part of a key at all.
fn is_usable(member: &Member<'_>, field: &Field) -> bool {
    let kind = !matches!(
        field.kind,
        Kind::List | Kind::Json | Kind::Float | Kind::Boolean
    );
    let mut values = member.values.iter();
    // Room for other parts of the key, and for longer ones.
    let fits = |text: &str| !text.trim().is_empty() && text.len() <= KEY_BYTES / 4;
    let scalar = |value: &Json| match value {
        Json::Text(text) => fits(text),
        Json::Number(number) => fits(number) && !number.contains(['e', 'E', '.']),
        _ => false,
    };
    !field.is_unknown && kind && member.is_in_all() && values.all(|(_, value)| scalar(value))
}

/// Whether no two records have the same values of `parts`, which all of them have.
fn are_unique(parts: &[&Member<'_>]) -> bool {
    let records = parts.first().map_or(0, |member| member.records);
    let mut seen = HashSet::new();
    // All members are in all records, so that their values stand in the same order.
    (0..records).all(|at| {
        let values: Vec<Option<&str>> = parts
            .iter()
            .map(|member| member.values.get(at).and_then(|(_, value)| value.plain()))
            .collect();
        seen.insert(values)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{kind, members::members};

    #[test]
    fn an_id_is_never_null_and_never_comes_twice() {
        let check = |json: &str, expected: &[&str]| {
            let body = Json::parse(json.as_bytes()).expect("JSON");
            let Json::Array(records) = &body else {
                panic!("no array: {json}");
            };
            let records: Vec<&Json> = records.iter().collect();
            let members = members(&records).into_iter();
            let seen: Vec<_> = members
                .map(|member| {
                    let field = kind::field(&member, member.wished());
                    (member, field)
                })
                .collect();
            assert_eq!(key(&seen, "orders").names, expected, "{json}");
        };
        check(r#"[{"name":"a","id":1},{"name":"b","id":2}]"#, &["id"]);
        check(r#"[{"id":1,"uuid":"x"},{"id":1,"uuid":"y"}]"#, &["uuid"]);
        check(r#"[{"id":1,"code":"x"},{"code":"y"}]"#, &["code"]);
        check(
            r#"[{"order_id":1,"shop_id":1},{"order_id":2,"shop_id":1}]"#,
            &["order_id"],
        );
        check(
            r#"[{"order_id":1,"line":1},{"order_id":1,"line":2}]"#,
            &["order_id", "line"],
        );
        check(
            r#"[{"a_id":1,"b_id":1},{"a_id":1,"b_id":2},{"a_id":2,"b_id":1}]"#,
            &["a_id", "b_id"],
        );
        check(r#"[{"name":"a"},{"name":"b"}]"#, &[]);
        check(r#"[{"id":1.5},{"id":2.5}]"#, &[]);
        check(r#"[{"id":""},{"id":"x"}]"#, &[]);
        check(r#"[{"id":{"a":1}},{"id":{"a":1}}]"#, &[]);
    }

    #[test]
    fn a_hash_says_what_else_might_do() {
        let body = Json::parse(br#"[{"name":"a","x":1},{"name":"b","x":1}]"#);
        let Ok(Json::Array(records)) = &body else {
            panic!("{body:?}");
        };
        let records: Vec<&Json> = records.iter().collect();
        let seen: Vec<_> = members(&records)
            .into_iter()
            .map(|member| {
                let field = kind::field(&member, member.wished());
                (member, field)
            })
            .collect();
        assert!(
            key(&seen, "x")
                .note
                .ends_with("if it always identifies a record: `name`")
        );
    }
}
