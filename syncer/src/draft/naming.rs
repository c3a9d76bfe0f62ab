//! Names that a definition accepts, made from those that others gave.

use std::collections::BTreeSet;

use crate::source::names;

/// Longest name of an index in MySQL, less what Catchment adds to a table's and a field's.
const ROOM: usize = 64 - "ix_".len() - "__".len();

/// Sources with one of these names could have a table that belongs to Catchment or to SQLite.
const TAKEN: [&str; 3] = ["refresh", "seaql", "sqlite"];

/// A source's name like `wished`.
pub(crate) fn source_name(wished: &str) -> String {
    let name = fallback(cut(&names::snake_case(wished), 16), "upstream");
    if names::source(&name).is_err() || TAKEN.contains(&name.as_str()) {
        return format!("api_{name}");
    }
    name
}

/// A resource's name like `wished` that is not among `taken`.
pub(crate) fn resource_name(wished: &str, taken: &[String]) -> String {
    let name = fallback(cut(&names::snake_case(wished), 24), "records");
    let name = match names::resource(&name) {
        Ok(()) => name,
        Err(_) => format!("{name}_list"),
    };
    unique(&name, 26, |name| taken.iter().any(|one| one == name))
}

/// The names of a table's fields.
#[derive(Debug)]
pub(crate) struct Names {
    room: usize,
    taken: BTreeSet<String>,
}

impl Names {
    /// The names that are free in the table of `resource`.
    pub(crate) fn new(source: &str, resource: &str) -> Self {
        let table = source.len() + resource.len() + 1;
        Self {
            room: ROOM.saturating_sub(table).max(4),
            taken: BTreeSet::new(),
        }
    }

    /// Takes `name` out of what is free.
    pub(crate) fn take(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// A free name like `wished`, which is taken then.
    pub(crate) fn give(&mut self, wished: &str) -> String {
        let name = fallback(cut(&names::snake_case(wished), self.room), "field");
        let name = match names::field(&name) {
            Ok(()) => name,
            // The api or the table has such a name: see `source/names.rs`.
            Err(_) => cut(&format!("its_{name}"), self.room),
        };
        let name = unique(&name, self.room, |name| self.taken.contains(name));
        self.taken.insert(name.clone());
        name
    }
}

/// A part of a URL without its percent signs.
pub(crate) fn unescaped(text: &str) -> String {
    // A form's decoding is a URL's, but for the plus.
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    let value = pairs.next().map(|(_, value)| value.into_owned());
    value.unwrap_or_default()
}

fn fallback(name: String, other: &str) -> String {
    if name.is_empty() {
        other.to_owned()
    } else {
        name
    }
}

fn cut(name: &str, room: usize) -> String {
    let end = room.min(name.len());
    name[..end].trim_end_matches('_').to_owned()
}

fn unique(name: &str, room: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number: u32| {
        let suffix = format!("_{number}");
        format!("{}{suffix}", cut(name, room.saturating_sub(suffix.len())))
    });
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_is_free(source in "\\PC{0,40}", resource in "\\PC{0,60}", fields in prop::collection::vec("([a-zA-Z_ 0-9é]{0,70}|count|version|id)", 0..12)) {
            let source = source_name(&source);
            prop_assert!(names::source(&source).is_ok(), "{source}");
            let resource = resource_name(&resource, &[]);
            prop_assert!(names::resource(&resource).is_ok(), "{resource}");
            let mut free = Names::new(&source, &resource);
            let mut given = BTreeSet::new();
            for field in fields {
                let name = free.give(&field);
                prop_assert!(names::field(&name).is_ok(), "{name}");
                prop_assert!(names::fits(&format!("{source}_{resource}"), &name).is_ok(), "{name}");
                prop_assert!(given.insert(name));
            }
        }
    }

    #[test]
    fn names_are_kept_as_far_as_they_are_free() {
        let mut names = Names::new("shop", "products");
        for (wished, given) in [
            ("createdAt", "created_at"),
            ("created-at", "created_at_2"),
            ("count", "its_count"),
            ("1", "field"),
        ] {
            assert_eq!(names.give(wished), given);
        }
        assert_eq!(source_name("sync"), "api_sync");
        assert_eq!(resource_name("runs", &[]), "runs_list");
        assert_eq!(resource_name("Pets", &["pets".to_owned()]), "pets_2");
    }
}
