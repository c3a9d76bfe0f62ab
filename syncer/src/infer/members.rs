//! The members of the records that were seen, nested objects taken apart one level.

use std::{collections::HashMap, slice};

use super::json::Json;

/// An object with more different members than this is no structure, but a map.
const NESTED: usize = 24;

/// A member of records, and what was seen of it.
#[derive(Clone, Debug)]
pub(crate) struct Member<'a> {
    /// The names on the way to it.
    pub(crate) path: Vec<String>,
    /// Its values that are not null, a record's number with each.
    pub(crate) values: Vec<(usize, &'a Json)>,
    pub(crate) nulls: usize,
    /// How many records there are.
    pub(crate) records: usize,
}

impl Member<'_> {
    /// Whether each record has a value.
    pub(crate) fn is_in_all(&self) -> bool {
        self.values.len() == self.records
    }

    /// The name that it would like as a field.
    pub(crate) fn wished(&self) -> String {
        self.path.join("_")
    }
}

/// The members of `records` in the order in which they are met.
pub(crate) fn members<'a>(records: &[&'a Json]) -> Vec<Member<'a>> {
    let owners: Vec<(usize, &Json)> = records.iter().copied().enumerate().collect();
    let mut all = Vec::new();
    for member in of(&owners, &[], records.len()) {
        let objects = member.values.iter().filter(|(_, value)| value.is_object());
        if member.values.is_empty() || objects.count() < member.values.len() {
            all.push(member);
            continue;
        }
        let nested = of(&member.values, &member.path, records.len());
        if nested.is_empty() || nested.len() > NESTED {
            all.push(member);
        } else {
            all.extend(nested);
        }
    }
    all
}

fn of<'a>(owners: &[(usize, &'a Json)], above: &[String], records: usize) -> Vec<Member<'a>> {
    let mut found: Vec<Member<'a>> = Vec::new();
    let mut places = HashMap::new();
    for &(number, owner) in owners {
        let Json::Object(members) = owner else {
            continue;
        };
        for (at, (name, value)) in members.iter().enumerate() {
            // Of two with one name the last counts.
            if members[at + 1..].iter().any(|(later, _)| later == name) {
                continue;
            }
            let place = *places.entry(name.as_str()).or_insert_with(|| {
                found.push(Member {
                    path: [above, slice::from_ref(name)].concat(),
                    values: Vec::new(),
                    nulls: 0,
                    records,
                });
                found.len() - 1
            });
            match value {
                Json::Null => found[place].nulls += 1,
                value => found[place].values.push((number, value)),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_taken_apart_one_level() {
        let body = Json::parse(br#"[{"id":1,"size":{"w":1,"h":null},"x":{"y":{"z":1}}},{"id":2,"size":null,"mixed":{"a":1}},{"id":3,"mixed":4,"none":{}}]"#);
        let Ok(Json::Array(records)) = &body else {
            panic!("{body:?}");
        };
        let records: Vec<&Json> = records.iter().collect();
        let seen: Vec<String> = members(&records)
            .iter()
            .map(|member| {
                format!(
                    "{} {}+{}",
                    member.path.join("/"),
                    member.values.len(),
                    member.nulls
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                "id 3+0",
                "size/w 1+0",
                "size/h 0+1",
                "x/y 1+0",
                "mixed 2+0",
                "none 1+0"
            ]
        );
    }
}
