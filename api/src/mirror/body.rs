//! The body of an answer in the shape of the upstream's.

use std::fmt::Write as _;

use entity::definition::face::{Format, Shape, Spot};
use serde_json::Value;

use super::record;

/// What is told of a page beside its records, each with its place, as JSON.
pub(super) type Told<'a> = [(&'a Spot, String)];

/// The body of `payloads`, whose leading members `copied` are not the upstream's.
pub(super) fn body(
    shape: &Shape,
    payloads: &[String],
    (copied, told): (&[&str], &Told<'_>),
) -> String {
    let bare = payloads.iter().map(|payload| record::bare(payload, copied));
    let records = match &shape.format {
        Format::Array => format!("[{}]", joined(bare, ",")),
        Format::Members(key) => members(bare, key),
        Format::Single => joined(bare.take(1), ""),
        Format::Lines => return bare.fold(String::new(), |lines, record| lines + &record + "\n"),
        Format::Csv { delimiter, columns } => {
            let bare: Vec<_> = bare.collect();
            return super::csv::csv(*delimiter, columns, &bare);
        }
    };
    let mut tree = Tree::default();
    for (spot, value) in told {
        if let Spot::Body(tokens) = spot {
            tree.put(tokens, value.clone());
        }
    }
    tree.put(&shape.records, records);
    tree.written()
}

/// What a body of that format is.
pub(crate) fn media_type(format: &Format) -> &'static str {
    match format {
        Format::Array | Format::Members(_) | Format::Single => "application/json",
        Format::Lines => "application/x-ndjson",
        Format::Csv { .. } => "text/csv; charset=utf-8",
    }
}

fn joined(records: impl Iterator<Item = impl AsRef<str>>, by: &str) -> String {
    let mut joined = String::new();
    for (at, record) in records.enumerate() {
        if at > 0 {
            joined.push_str(by);
        }
        joined.push_str(record.as_ref());
    }
    joined
}

/// An object of records, each under the name that its member `key` has, which the syncer put in front of it.
fn members(records: impl Iterator<Item = impl AsRef<str>>, key: &str) -> String {
    let members = records.map(|record| {
        let name = record::member(record.as_ref(), key).unwrap_or_default();
        let record = record::bare(record.as_ref(), &[key]);
        format!("{}:{record}", Value::from(name))
    });
    format!("{{{}}}", joined(members, ","))
}

/// A JSON document by the places in it.
#[derive(Debug, Default)]
struct Tree {
    value: Option<String>,
    members: Vec<(String, Self)>,
}

impl Tree {
    fn put(&mut self, tokens: &[String], value: String) {
        let Some((token, rest)) = tokens.split_first() else {
            self.value = Some(value);
            return;
        };
        let known = self.members.iter().position(|(name, _)| name == token);
        let at = known.unwrap_or_else(|| {
            self.members.push((token.clone(), Self::default()));
            self.members.len() - 1
        });
        self.members[at].1.put(rest, value);
    }

    /// An object; or, where all its names are places in one, an array.
    fn written(&self) -> String {
        if let Some(value) = &self.value {
            return value.clone();
        }
        let places: Option<Vec<usize>> = self.members.iter().map(|(name, _)| place(name)).collect();
        let mut text = String::new();
        match places.filter(|places| !places.is_empty()) {
            Some(places) => {
                let length = places.iter().max().map_or(0, |last| last + 1);
                let items = (0..length).map(|at| {
                    let own = places.iter().position(|place| *place == at);
                    own.map_or_else(|| "null".to_owned(), |own| self.members[own].1.written())
                });
                let _infallible = write!(text, "[{}]", joined(items, ","));
            }
            None => {
                let members = self.members.iter();
                let members = members.map(|(name, tree)| {
                    format!("{}:{}", Value::from(name.as_str()), tree.written())
                });
                let _infallible = write!(text, "{{{}}}", joined(members, ","));
            }
        }
        text
    }
}

/// A place in an array that is short enough to be written out.
fn place(name: &str) -> Option<usize> {
    let is_number = name == "0" || !name.starts_with('0');
    let place = name.parse().ok().filter(|place| *place < 16);
    place.filter(|_| is_number && !name.starts_with('+'))
}

/// A text as JSON; an absent one is null.
pub(super) fn text(text: Option<&str>) -> String {
    text.map_or(Value::Null, Value::from).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(pointer: &str) -> Vec<String> {
        pointer.split('/').skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn a_document_has_its_values_where_they_belong() {
        let check = |places: &[(&str, &str)], expected: &str| {
            let mut tree = Tree::default();
            for (pointer, value) in places {
                tree.put(&tokens(pointer), (*value).to_owned());
            }
            assert_eq!(tree.written(), expected);
        };
        check(&[("", "[1]")], "[1]");
        check(
            &[("/meta/total", "2"), ("/data", "[]")],
            r#"{"meta":{"total":2},"data":[]}"#,
        );
        check(&[("/0/total", "2"), ("/1", "[]")], r#"[{"total":2},[]]"#);
        check(&[("/1", "[]")], "[null,[]]");
        check(&[("/a\"b", "1")], r#"{"a\"b":1}"#);
    }
}
