//! The definition that requests are made with: the one at hand without what is to be found out, or one made from a URL.

use secrecy::SecretString;
use toml::{Table, Value};
use url::Url;

use super::{InferError, answer, paging::Asked, records::Found, step::Step, walk::Declared};
use crate::{
    draft::{self, Page, PageKind, Role, role},
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
    /// A subject from the URL of a list.
    ///
    /// # Errors
    /// It is no URL of http or https.
    pub(crate) fn of_url(url: &Url) -> Result<Self, InferError> {
        let (Some(host), "http" | "https") = (url.host_str(), url.scheme()) else {
            return Err(InferError::Nothing(format!(
                "`{}` is no URL with http or https",
                url.scheme()
            )));
        };
        let source = draft::source_name(&name_of(host));
        let (above, path) = split(url);
        let resource = draft::resource_name(&called(url), &[]);
        let mut subject = Self {
            path: "the URL".to_owned(),
            definition: Table::new(),
            asked: Asked::default(),
            declared: Declared::default(),
            is_written: false,
            secrets: Vec::new(),
            source,
            resource,
        };
        let mut base = url.clone();
        base.set_path(&above);
        base.set_query(None);
        base.set_fragment(None);
        let mut auth = subject.user(url);
        // The credential is not shown; these fail only for URLs without a host.
        if base.set_username("").is_err() || base.set_password(None).is_err() {
            return Err(InferError::Nothing("the URL has no host".to_owned()));
        }
        let mut own = Table::new();
        own.insert("path".to_owned(), draft::escaped(&path).into());
        let mut query = Table::new();
        for (name, value) in url.query_pairs() {
            if name.is_empty() || subject.asked.take(&name, &value) {
                continue;
            }
            if role(&name) == Some(Role::Credential) && auth.is_none() {
                auth = Some(subject.parameter(&name, &value));
                continue;
            }
            query.insert(name.into_owned(), draft::escaped(&value).into());
        }
        if !query.is_empty() {
            own.insert("query".to_owned(), query.into());
        }
        let base_url = base.as_str().trim_end_matches('/').to_owned();
        let mut source = Table::new();
        source.insert("name".to_owned(), subject.source.clone().into());
        source.insert("base_url".to_owned(), base_url.into());
        source.extend(auth.map(|auth| ("auth".to_owned(), auth.into())));
        subject.definition = table([
            ("source", source.into()),
            (
                "resource",
                table([(subject.resource.as_str(), own.into())]).into(),
            ),
        ]);
        Ok(subject)
    }

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
        ] {
            own.remove(key);
        }
        own.insert("key".to_owned(), "id".into());
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
            for key in ["fields", "records", "keyed_by", "expect", "search"] {
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

    /// The credential in the URL's user and password.
    fn user(&mut self, url: &Url) -> Option<Table> {
        let decoded = |text: &str| percent_decoded(text);
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let username = draft::escaped(&decoded(url.username()));
        let password = self.secret("PASSWORD", &decoded(url.password().unwrap_or_default()));
        Some(table([
            ("kind", "basic".into()),
            ("username", username.into()),
            ("password", password.into()),
        ]))
    }

    /// A credential in the URL's query.
    fn parameter(&mut self, name: &str, value: &str) -> Table {
        let value = self.secret("KEY", value);
        table([
            ("kind", "query".into()),
            ("name", name.into()),
            ("value", value.into()),
        ])
    }

    /// Keeps a secret, and returns how the definition refers to it.
    fn secret(&mut self, suffix: &str, value: &str) -> String {
        let variable = format!("{}_{suffix}", self.source.to_ascii_uppercase());
        let reference = format!("${{{variable}}}");
        self.secrets.push((variable, value.into()));
        reference
    }
}

fn table<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Table {
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

/// What a host is called: `api.shop.example` is `shop`.
fn name_of(host: &str) -> String {
    const SECOND: [&str; 7] = ["co", "com", "org", "net", "gov", "ac", "edu"];
    let mut labels: Vec<&str> = host.split('.').filter(|label| !label.is_empty()).collect();
    if labels
        .iter()
        .any(|label| label.starts_with(|c: char| c.is_ascii_digit() || c == '['))
    {
        return String::new();
    }
    if labels.len() > 1 {
        labels.pop();
    }
    if labels.len() > 1 && labels.last().is_some_and(|label| SECOND.contains(label)) {
        labels.pop();
    }
    labels
        .last()
        .map_or_else(String::new, |label| (*label).to_owned())
}

/// The part of a URL's path that belongs to the whole API, and the rest.
fn split(url: &Url) -> (String, String) {
    let segments: Vec<&str> = url.path().split('/').skip(1).collect();
    let general = |segment: &&str| {
        let version = segment
            .strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        version || ["api", "rest", "services", "latest"].contains(segment)
    };
    let last = segments.len().saturating_sub(1);
    let above = segments[..last].iter().take(3).rposition(general);
    let at = above.map_or(0, |at| at + 1);
    let path = |segments: &[&str]| -> String {
        segments
            .iter()
            .map(|segment| format!("/{segment}"))
            .collect()
    };
    (path(&segments[..at]), path(&segments[at..]))
}

/// What the records at a URL are called: the last part of its path that is a word.
fn called(url: &Url) -> String {
    let segments = url.path().rsplit('/').map(|segment| {
        let decoded = percent_decoded(segment);
        decoded.split('.').next().unwrap_or_default().to_owned()
    });
    let is_word = |segment: &String| {
        segment.starts_with(|c: char| c.is_ascii_alphabetic())
            && !["api", "rest", "search", "list", "all", "query"].contains(&segment.as_str())
            && !(segment.len() < 4 && segment.starts_with('v'))
    };
    segments.into_iter().find(is_word).unwrap_or_default()
}

fn percent_decoded(text: &str) -> String {
    // A form's decoding is a URL's, but for the plus.
    let pairs = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(pairs.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let check = |url: &str, expected: [&str; 4]| {
            let subject = Subject::of_url(&url.parse().expect("a URL")).expect("a subject");
            let source = &subject.definition["source"];
            let own = subject.own().expect("a resource");
            let found = [
                subject.source.as_str(),
                source["base_url"].as_str().unwrap_or_default(),
                subject.resource.as_str(),
                own["path"].as_str().unwrap_or_default(),
            ];
            assert_eq!(found, expected, "{url}");
        };
        check(
            "https://api.shop.example/v2/products?limit=5",
            [
                "shop",
                "https://api.shop.example/v2",
                "products",
                "/products",
            ],
        );
        check(
            "http://127.0.0.1:8080/users/5/repos",
            [
                "upstream",
                "http://127.0.0.1:8080",
                "repos",
                "/users/5/repos",
            ],
        );
        check(
            "https://pokeapi.co/api/v2/pokemon/",
            [
                "pokeapi",
                "https://pokeapi.co/api/v2",
                "pokemon",
                "/pokemon/",
            ],
        );
        check(
            "https://x.co.uk/feed/all_day.geojson",
            ["x", "https://x.co.uk", "all_day", "/feed/all_day.geojson"],
        );
        check(
            "https://example.org",
            ["example", "https://example.org", "records", "/"],
        );
        check(
            "https://a.example/a/%7Bx%7D",
            ["a", "https://a.example", "a", "/a/%7Bx%7D"],
        );
    }

    #[test]
    fn what_proves_who_asks_becomes_a_variable() {
        let url = "https://api.shop.example/items?api_key=s3cret&state=open&page=2";
        let subject = Subject::of_url(&url.parse().expect("a URL")).expect("a subject");
        let text = subject.definition.to_string();
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("${SHOP_KEY}"), "{text}");
        assert_eq!(subject.asked.page, Some(("page".to_owned(), 2)));
        let url = "https://me:pass@api.shop.example/items";
        let subject = Subject::of_url(&url.parse().expect("a URL")).expect("a subject");
        assert!(!subject.definition.to_string().contains("pass@"));
        assert_eq!(
            subject.definition["source"]["auth"]["username"].as_str(),
            Some("me")
        );
    }
}
