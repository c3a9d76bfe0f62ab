//! Signs in an answer that there is more, and of where it is.

use super::{answer::Answer, json::Json, records::Found, total};
use crate::draft::{Sign, place, sign};

/// What an answer says of there being more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// Why there must be more pages, in words.
    pub(crate) promise: Option<String>,
    /// Member with the URL of the next page.
    pub(crate) url: Option<Vec<String>>,
    /// Members with what may be a cursor.
    pub(crate) cursors: Vec<Vec<String>>,
    /// Member that says whether there is more.
    pub(crate) more: Option<Vec<String>>,
    /// Whether it says that there is more.
    pub(crate) has_more: bool,
}

/// Reads the signs in `answer`, which brought so many records.
pub(crate) fn read(answer: &Answer, found: &Found, records: usize) -> Signs {
    let mut signs = Signs::default();
    for (path, value) in answer.beside(found) {
        note(&mut signs, path, value);
    }
    let more = total::places(answer, found)
        .into_iter()
        .filter_map(|place| {
            let total = answer.count_at(&place)?;
            (total > records as u64)
                .then(|| format!("`{}` is {total}, and {records} came", place.to_text()))
        });
    let total = more.into_iter().next();
    let link = answer
        .link
        .as_ref()
        .map(|_| "the Link header names a next page".to_owned());
    signs.promise = link.or(signs.promise).or(total);
    signs
}

fn note(signs: &mut Signs, path: Vec<String>, value: &Json) {
    let at = place(&path);
    let Some(text) = value
        .plain()
        .or(matches!(value, Json::Boolean(_)).then_some(""))
    else {
        return;
    };
    match sign(&path) {
        Some(Sign::Next) if is_url(text) => {
            signs
                .promise
                .get_or_insert(format!("`{at}` names a next page"));
            signs.url.get_or_insert(path);
        }
        Some(Sign::Next) if !text.is_empty() => {
            if path.last().is_some_and(|name| name.starts_with("next")) {
                signs
                    .promise
                    .get_or_insert(format!("`{at}` names a next page"));
            }
            signs.cursors.push(path);
        }
        Some(Sign::More) if text.is_empty() => {
            signs.has_more = *value == Json::Boolean(true);
            if signs.has_more {
                signs.promise.get_or_insert(format!("`{at}` is true"));
            }
            signs.more.get_or_insert(path);
        }
        Some(Sign::Pages) if value.count().is_some_and(|pages| pages > 1) => {
            signs.promise.get_or_insert(format!("`{at}` is {text}"));
        }
        _ => {}
    }
}

fn is_url(text: &str) -> bool {
    ["http://", "https://", "/", "?"]
        .iter()
        .any(|start| text.starts_with(start))
}
