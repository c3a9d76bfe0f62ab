//! The fields and the key of what was seen.

use toml::Value;

use super::{
    json::Json,
    key::{self, Key},
    kind,
    members::{self, Member},
    subject::Subject,
    walk::Walked,
};
use crate::draft::{self, Field, Line, Names};

/// What all answers together had.
pub(super) struct Seen<'a> {
    /// Different records.
    pub(super) records: Vec<&'a Json>,
    /// How many came in all.
    pub(super) came: usize,
    pub(super) pages: usize,
    pub(super) requests: i64,
}

/// What the records of an object are told apart by.
pub(super) fn keyed_by(subject: &Subject, walked: &Walked) -> Option<String> {
    if !walked.found.is_keyed {
        return None;
    }
    if let Some(said) = subject.said("keyed_by").and_then(Value::as_str) {
        return Some(said.to_owned());
    }
    let records = || {
        walked
            .answers
            .iter()
            .flat_map(|answer| walked.found.records(&answer.body))
    };
    let is_free = |name: &&str| records().all(|(_, record)| record.get(name).is_none());
    let free = ["id", "key", "its_key"].into_iter().find(is_free);
    Some(free.unwrap_or("its_name").to_owned())
}

/// The records of all answers, those of an object with their names as a member.
pub(super) fn records(walked: &Walked, keyed_by: Option<&str>) -> Vec<Json> {
    let all = walked
        .answers
        .iter()
        .flat_map(|answer| walked.found.records(&answer.body));
    let records = all.filter_map(|(name, record)| match (record, keyed_by) {
        (Json::Object(members), Some(key)) => {
            let own = (key.to_owned(), Json::Text(name.to_owned()));
            Some(Json::Object([&[own], members.as_slice()].concat()))
        }
        (Json::Object(_), None) => Some(record.clone()),
        _ => None,
    });
    records.collect()
}

/// The lines of the fields, and the key.
pub(super) fn columns(
    subject: &Subject,
    seen: &Seen<'_>,
    keyed_by: Option<&str>,
) -> (Vec<Line>, Key) {
    let written = subject.said("fields").and_then(Value::as_table);
    let copied = subject.copied();
    let mut names = Names::new(&subject.source, &subject.resource);
    // A key of this name is the hash of the whole record.
    names.take("hash");
    let mut lines = Vec::new();
    let mut declared = Vec::new();
    for (name, rule) in written.into_iter().flatten() {
        names.take(name);
        let from = rule.get("from").and_then(Value::as_str);
        declared.push(from.map_or_else(|| format!("/{name}"), str::to_owned));
        lines.push(Line::entry(name, rule.to_string()));
    }
    copied.iter().for_each(|name| names.take(name));
    let is_new = |member: &Member<'_>| {
        let pointer = draft::place(&member.path);
        let is_declared = declared
            .iter()
            .any(|from| pointer == format!("body:{from}"));
        let is_copied = member.path.len() == 1 && copied.contains(&member.path[0]);
        // To a pointer it would be every item of an array.
        let is_star = member.path.iter().any(|name| name == "*");
        !(is_declared || is_copied || is_star)
    };
    let members = members::members(&seen.records).into_iter().filter(is_new);
    let mut columns: Vec<(Member<'_>, Field)> = members
        .map(|member| {
            let name = names.give(&member.wished());
            let field = kind::field(&member, name);
            (member, field)
        })
        .collect();
    let mut key = match keyed_by {
        Some(name) => named(&columns, name),
        None => key::key(&columns, &subject.resource),
    };
    if !copied.is_empty() && !key.names.is_empty() {
        key.names.splice(0..0, copied);
        key.note
            .push_str("; with what comes from the parent, as only one parent's records were seen");
    }
    let mut fields: Vec<Field> = columns.drain(..).map(|(_, field)| field).collect();
    let mut kept = key.names.clone();
    kept.extend(written.into_iter().flatten().map(|(name, _)| name.clone()));
    draft::fit(&mut fields, &kept);
    for field in fields
        .iter_mut()
        .filter(|field| key.names.contains(&field.name))
    {
        field.index = true;
    }
    lines.extend(draft::lines(&fields));
    (lines, key)
}

/// The key of records that are told apart by their names in an object.
fn named(columns: &[(Member<'_>, Field)], name: &str) -> Key {
    let field = columns.iter().find(|(member, _)| member.path == [name]);
    let name = field.map_or(name, |(_, field)| field.name.as_str());
    Key {
        names: vec![name.to_owned()],
        note: "the record's name in the object".to_owned(),
    }
}
