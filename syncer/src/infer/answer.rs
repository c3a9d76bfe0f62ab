//! An answer as deciding sees it, and where in it is what.

use super::{json::Json, records::Found};
use crate::draft;

/// How deep what is said beside the records is looked for.
const DEPTH: usize = 3;

/// An answer of the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Where it came from, without secrets.
    pub(crate) url: String,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The URL of `rel="next"`.
    pub(crate) link: Option<String>,
    pub(crate) body: Json,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(header, _)| header == name)?;
        Some(value)
    }

    /// The single values beside the records, with the members on the way to each.
    pub(crate) fn beside(&self, found: &Found) -> Vec<(Vec<String>, &Json)> {
        let mut all = Vec::new();
        let root_is_records = found.path.is_empty();
        if !root_is_records {
            collect(&self.body, &mut Vec::new(), found, &mut all);
        }
        all
    }

    /// What the place `body:/…` or `header:…` holds.
    pub(crate) fn count_at(&self, place: &Place) -> Option<u64> {
        match place {
            Place::Body(path) => self.body.at(path)?.count(),
            Place::Header(name) => self.header(name)?.trim().parse().ok(),
        }
    }
}

/// A place as a definition writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Body(Vec<String>),
    Header(String),
}

impl Place {
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Body(path) => draft::place(path),
            Self::Header(name) => format!("header:{name}"),
        }
    }
}

/// The members on the way to the place `body:/…`.
pub(crate) fn path(place: &str) -> Option<Vec<String>> {
    place.strip_prefix("body:").map(tokens)
}

/// The members that a JSON Pointer names.
pub(crate) fn tokens(pointer: &str) -> Vec<String> {
    let tokens = pointer.split('/').skip(1);
    tokens
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn collect<'a>(
    value: &'a Json,
    path: &mut Vec<String>,
    found: &Found,
    into: &mut Vec<(Vec<String>, &'a Json)>,
) {
    let Json::Object(members) = value else {
        return;
    };
    for (name, member) in members {
        path.push(name.clone());
        match member {
            _ if *path == found.path || found.others.contains(path) => {}
            Json::Object(_) if path.len() < DEPTH => collect(member, path, found, into),
            Json::Object(_) | Json::Array(_) | Json::Deep => {}
            scalar => into.push((path.clone(), scalar)),
        }
        path.pop();
    }
}
