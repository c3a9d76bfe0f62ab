//! A subject from nothing but the URL of a list.

use toml::Table;
use url::Url;

use super::{
    InferError,
    asked::Asked,
    subject::{Subject, table},
    walk::Declared,
};
use crate::draft::{self, Role, role, unescaped};

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

    /// The credential in the URL's user and password.
    fn user(&mut self, url: &Url) -> Option<Table> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let username = draft::escaped(&unescaped(url.username()));
        let password = self.secret("PASSWORD", &unescaped(url.password().unwrap_or_default()));
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
        let decoded = unescaped(segment);
        decoded.split('.').next().unwrap_or_default().to_owned()
    });
    let is_word = |segment: &String| {
        segment.starts_with(|c: char| c.is_ascii_alphabetic())
            && !["api", "rest", "search", "list", "all", "query"].contains(&segment.as_str())
            && !(segment.len() < 4 && segment.starts_with('v'))
    };
    segments.into_iter().find(is_word).unwrap_or_default()
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
