//! Where in an answer the records are.

use super::json::Json;
use crate::draft::list_rank;

/// How deep an array of records is looked for.
const DEPTH: usize = 3;

/// The place of the records in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The members on the way to them; none: the body itself.
    pub(crate) path: Vec<String>,
    /// They are the members of an object, and their names tell them apart.
    pub(crate) is_keyed: bool,
    /// Other places that they might be at.
    pub(crate) others: Vec<Vec<String>>,
}

impl Found {
    /// The records in `body`, with their names where they are keyed.
    pub(crate) fn records<'a>(&self, body: &'a Json) -> Vec<(&'a str, &'a Json)> {
        match body.at(&self.path) {
            Some(Json::Array(items)) if !self.is_keyed => {
                items.iter().map(|item| ("", item)).collect()
            }
            Some(Json::Object(members)) if self.is_keyed => {
                let members = members.iter();
                members
                    .map(|(name, value)| (name.as_str(), value))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Finds the records in `body`; `hint` is what they may be called.
///
/// # Errors
/// There are none; says what there is.
pub(crate) fn find(body: &Json, hint: &str) -> Result<Found, String> {
    let found = |path: Vec<String>, is_keyed, others| Found {
        path,
        is_keyed,
        others,
    };
    match body {
        Json::Array(items) if items.is_empty() => {
            return Err(
                "the answer is an empty array: there is no record to infer from".to_owned(),
            );
        }
        Json::Array(items) if items.iter().all(Json::is_object) => {
            return Ok(found(Vec::new(), false, Vec::new()));
        }
        Json::Array(_) => {
            return Err(
                "the answer is an array of something else than objects; a record is an object"
                    .to_owned(),
            );
        }
        Json::Object(_) => {}
        _ => return Err("the answer is neither an array nor an object".to_owned()),
    }
    let mut arrays = Vec::new();
    collect(body, &mut Vec::new(), &mut arrays);
    let rank = |path: &[String]| list_rank(path.last().map_or("", String::as_str), hint);
    arrays.sort_by_key(|(path, length)| (rank(path), path.len(), usize::MAX - length));
    let mut paths = arrays.into_iter().map(|(path, _)| path);
    if let Some(first) = paths.next() {
        return Ok(found(first, false, paths.collect()));
    }
    keyed(body, &mut Vec::new())
        .map(|path| found(path, true, Vec::new()))
        .ok_or_else(|| {
            "the answer is one object without an array of objects in it; \
             ask for the URL of a list"
                .to_owned()
        })
}

/// The arrays of objects in `value`, with their lengths.
fn collect(value: &Json, path: &mut Vec<String>, into: &mut Vec<(Vec<String>, usize)>) {
    let Json::Object(members) = value else {
        return;
    };
    for (name, member) in members {
        path.push(name.clone());
        match member {
            Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_object) => {
                into.push((path.clone(), items.len()));
            }
            Json::Object(_) if path.len() < DEPTH => collect(member, path, into),
            _ => {}
        }
        path.pop();
    }
}

/// The path of an object of two or more objects that have most of their members in common.
fn keyed(value: &Json, path: &mut Vec<String>) -> Option<Vec<String>> {
    let Json::Object(members) = value else {
        return None;
    };
    if members.len() > 1 && are_alike(members) {
        return Some(path.clone());
    }
    for (name, member) in members {
        if path.len() + 1 < DEPTH {
            path.push(name.clone());
            let found = keyed(member, path);
            path.pop();
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

fn are_alike(members: &[(String, Json)]) -> bool {
    let Some((_, Json::Object(first))) = members.first() else {
        return false;
    };
    let is_like = |other: &Json| {
        let Json::Object(theirs) = other else {
            return false;
        };
        let shared = first.iter().filter(|(name, _)| other.get(name).is_some());
        // Half of the larger one's.
        shared.count() * 2 >= first.len().max(theirs.len()) && !theirs.is_empty()
    };
    members.iter().all(|(_, member)| is_like(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_wherever_they_are() {
        let check = |json: &str, expected: Option<(&str, bool)>| {
            let body = Json::parse(json.as_bytes()).expect("JSON");
            let found = find(&body, "products").ok();
            let found = found.map(|found| (found.path.join("."), found.is_keyed));
            let expected = expected.map(|(path, keyed)| (path.to_owned(), keyed));
            assert_eq!(found, expected, "{json}");
        };
        check(r#"[{"id":1}]"#, Some(("", false)));
        check(
            r#"{"data":[{"id":1}],"meta":{"total":1}}"#,
            Some(("data", false)),
        );
        check(
            r#"{"errors":[{"a":1},{"a":2}],"items":[{"id":1}]}"#,
            Some(("items", false)),
        );
        check(
            r#"{"data":[{"id":1}],"products":[{"id":1}]}"#,
            Some(("products", false)),
        );
        check(
            r#"{"_embedded":{"events":[{"id":1}]}}"#,
            Some(("_embedded.events", false)),
        );
        check(r#"{"a":{"x":1,"y":2},"b":{"x":3,"y":1}}"#, Some(("", true)));
        check(
            r#"{"rates":{"EUR":{"rate":1},"USD":{"rate":2}},"base":"EUR"}"#,
            Some(("rates", true)),
        );
        check(r#"{"id":1,"name":"x"}"#, None);
        check(r#"{"a":{"x":1},"b":{"y":3}}"#, None);
        check("[]", None);
        check("[1]", None);
        check("1", None);
    }
}
