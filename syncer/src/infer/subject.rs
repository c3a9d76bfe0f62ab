//! The definition that requests are made with: the one at hand without what is to be found out, or one made from a URL.

use secrecy::SecretString;
use toml::{Table, Value};

use super::{InferError, answer, asked::Asked, records::Found, step::Step, walk::Declared};
use crate::{
    draft::{self, Page, PageKind},
    source::File,
};

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Subject {
    /// For messages.
    pub(crate) path: String,
    pub(crate) source: String,
    pub(crate) resource: String,
    /// The definition as it is, or as it would be.
    pub(crate) definition: Table,
    pub(crate) asked: Asked,
    pub(crate) declared: Declared,
    /// Whether there is a file with it already.
    pub(crate) is_written: bool,
    /// What the URL gave away, by the variable that it is to stand in.
    pub(crate) secrets: Vec<(String, SecretString)>,
}

impl Subject {
    /// A subject from `resource` in `file`.
    ///
    /// # Errors
    /// The file is no TOML, or has no such resource.
    pub(crate) fn of_file(file: &File, source: &str, resource: &str) -> Result<Self, InferError> {
        let definition: Table = file.text.parse().map_err(|error: toml::de::Error| {
            InferError::Nothing(format!("{}: {}", file.path, error.message()))
        })?;
        let resources = definition.get("resource").and_then(Value::as_table);
        let Some(own) = resources
            .and_then(|all| all.get(resource))
            .and_then(Value::as_table)
        else {
            let known = resources
                .into_iter()
                .flat_map(Table::keys)
                .map(String::as_str);
            let known: Vec<&str> = known.collect();
            return Err(InferError::Nothing(format!(
                "{} has no resource `{resource}`; {}",
                file.path,
                match entity::nearest(resource, known.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!(
                        "write [resource.{resource}] with its path into it first; there is {}",
                        known.join(", ")
                    ),
                }
            )));
        };
        let mut asked = Asked::default();
        let query = own.get("query").and_then(Value::as_table);
        for (name, value) in query.into_iter().flatten() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            asked.take(name, &text);
        }
        let mut subject = Self {
            path: file.path.clone(),
            source: source.to_owned(),
            resource: resource.to_owned(),
            definition,
            asked,
            declared: Declared::default(),
            is_written: true,
            secrets: Vec::new(),
        };
        subject.declared = Declared {
            page: subject
                .said("page")
                .and_then(Value::as_table)
                .and_then(page),
            records: subject.records(),
        };
        if subject.declared.page.is_some() {
            subject.asked = Asked::default();
        }
        Ok(subject)
    }

    /// The resource's own table.
    pub(crate) fn own(&self) -> Option<&Table> {
        self.definition
            .get("resource")?
            .as_table()?
            .get(&self.resource)?
            .as_table()
    }

    /// What the definition says under `key`, for this resource or for all.
    pub(crate) fn said(&self, key: &str) -> Option<&Value> {
        let defaults = self.definition.get("defaults").and_then(Value::as_table);
        self.own()?.get(key).or_else(|| defaults?.get(key))
    }

    /// The members that records take from their parent.
    pub(crate) fn copied(&self) -> Vec<String> {
        let copy = self
            .said("for_each")
            .and_then(|for_each| for_each.get("copy"));
        let copy = copy.and_then(Value::as_table);
        copy.into_iter().flat_map(Table::keys).cloned().collect()
    }

    fn records(&self) -> Option<Found> {
        let path = answer::path(self.said("records")?.as_str()?)?;
        let is_keyed = self.said("keyed_by").is_some();
        Some(Found {
            path,
            is_keyed,
            others: Vec::new(),
        })
    }

    /// The definition that `step` is asked with: this resource and its parents, each page on its own.
    pub(crate) fn asking(&self, step: &Step) -> Table {
        let mut resources = Table::new();
        let mut own = self.own().cloned().unwrap_or_default();
        for key in [
            "fields", "records", "keyed_by", "key", "page", "expect", "mode", "cursor", "search",
            "orders",
        ] {
            own.remove(key);
        }
        // Of a table, each column that a key names must be there.
        let is_table = self.said("format").and_then(Value::as_str) == Some("csv");
        let key = if is_table { "hash" } else { "id" };
        own.insert("key".to_owned(), key.into());
        own.insert("page".to_owned(), table([("kind", "none".into())]).into());
        let mut query = own
            .get("query")
            .and_then(Value::as_table)
            .cloned()
            .unwrap_or_default();
        for name in self.lifted() {
            query.remove(&name);
        }
        if let Step::Query(parameters) = step {
            let parameters = parameters.iter();
            query.extend(
                parameters.map(|(name, value)| (name.clone(), draft::escaped(value).into())),
            );
        }
        own.insert("query".to_owned(), query.into());
        self.parents(&own, &mut resources);
        resources.insert(self.resource.clone(), own.into());
        let mut whole = self.definition.clone();
        whole.insert("resource".to_owned(), resources.into());
        let defaults = whole.get_mut("defaults").and_then(Value::as_table_mut);
        if let Some(defaults) = defaults.filter(|_| !self.is_child()) {
            for key in [
                "fields", "records", "keyed_by", "expect", "search", "orders",
            ] {
                defaults.remove(key);
            }
        }
        whole
    }

    /// The names of the query's parameters that paging takes over.
    pub(crate) fn lifted(&self) -> Vec<String> {
        let Asked {
            page,
            offset,
            size,
            cursor,
        } = &self.asked;
        let numbered = [page, offset, size]
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone());
        numbered.chain(cursor.clone()).collect()
    }

    fn is_child(&self) -> bool {
        self.said("for_each").is_some()
    }

    fn parents(&self, child: &Table, into: &mut Table) {
        let all = self.definition.get("resource").and_then(Value::as_table);
        let parent = |child: &Table| -> Option<(String, Table)> {
            let name = child.get("for_each")?.get("resource")?.as_str()?;
            Some((name.to_owned(), all?.get(name)?.as_table()?.clone()))
        };
        let mut above = parent(child);
        while let Some((name, table)) = above.filter(|(name, _)| !into.contains_key(name)) {
            above = parent(&table);
            into.insert(name, table.into());
        }
    }
}

pub(super) fn table<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Table {
    let entries = entries.into_iter();
    entries
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// A `page` as it is written, if it is one that can be walked.
fn page(written: &Table) -> Option<Page> {
    let text = |key: &str| written.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| {
        written
            .get(key)
            .and_then(Value::as_integer)
            .and_then(|n| u64::try_from(n).ok())
    };
    let kind = match text("kind")?.as_str() {
        "none" => PageKind::None,
        "page" => PageKind::Page,
        "offset" => PageKind::Offset,
        "cursor" => PageKind::Cursor,
        "link" => PageKind::Link,
        "url" => PageKind::Url,
        _ => return None,
    };
    Some(Page {
        kind,
        param: text("param"),
        start: number("start").or((kind == PageKind::Offset).then_some(0)),
        size_param: text("size_param"),
        size: number("size"),
        next: text("next"),
        more: text("more"),
        total: text("total"),
    })
}
