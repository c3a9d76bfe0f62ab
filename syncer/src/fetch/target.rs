//! Where a request goes: its URL, what of it may be shown, and whether it may see what is secret.

use url::Url;

use super::{
    Ask,
    page::{self, At},
    secrets::{self, Secrets},
};
use crate::{
    error::SyncError,
    source::plan::{Auth, Method, Plan, Segment, Template, Way},
};

/// Where a request goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Without the credential.
    pub(super) url: Url,
    /// The URL without secrets, for messages.
    pub(super) shown: String,
    /// It is the source's own: it gets the definition's headers and credentials. What leads away never leads back.
    pub(super) is_own: bool,
}

/// Where the page at `ask.at` is asked for.
///
/// # Errors
/// The upstream's link is no URL, or leads to another origin that the plan does not name.
pub(super) fn target(ask: Ask<'_>, secrets: &Secrets) -> Result<Target, SyncError> {
    match ask.at {
        At::Url(link) => linked(ask, link, secrets),
        _ => built(ask, secrets),
    }
}

/// Where `from` sends on to.
///
/// # Errors
/// It is no place that a request may be sent on to.
pub(super) fn redirected(
    ask: Ask<'_>,
    (from, location): (&Target, &str),
    method: Method,
    secrets: &Secrets,
) -> Result<Target, SyncError> {
    let refused = |why: &str| SyncError::Unaskable {
        url: from.shown.clone(),
        why: format!("it redirects {why}"),
    };
    let url = from
        .url
        .join(location)
        .map_err(|why| refused(&format!("to what is no URL: {why}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("to a URL that is not of HTTP"));
    }
    let is_own = from.is_own && url.origin() == ask.source.base_url.origin();
    if from.url.scheme() == "https" && url.scheme() == "http" {
        return Err(refused("from https to http"));
    }
    if !is_own && method == Method::Post {
        let origin = secrets.hide(&url.origin().ascii_serialization());
        return Err(refused(&format!(
            "a POST to {origin}; if that is the upstream's, write it as base_url"
        )));
    }
    arrived(ask, url, is_own, secrets)
        .ok_or_else(|| refused("to another origin with a secret in the URL"))
}

fn built(ask: Ask<'_>, secrets: &Secrets) -> Result<Target, SyncError> {
    let Ask { source, plan, .. } = ask;
    let base = source.base_url.as_str().trim_end_matches('/');
    let path = plan.path.fill(ask.values, percent_encoded);
    let unaskable = |why: String| SyncError::Unaskable {
        url: format!("{base}{}", hidden(&plan.path)),
        why,
    };
    if path
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        // No escape keeps them in their place: a URL's parser takes `%2e` for a point.
        let why = "a value in its path is `.` or `..`, which leads to another path";
        return Err(unaskable(why.to_owned()));
    }
    let mut url = Url::parse(&format!("{base}{path}"))
        .map_err(|why| unaskable(format!("its path makes no URL: {why}")))?;
    let own = source.query.iter().chain(&plan.query);
    let own = own.map(|(name, template)| (name.as_str(), template.fill(ask.values, str::to_owned)));
    let paging = page::query(&plan.page, ask.at);
    url.query_pairs_mut().extend_pairs(own.chain(paging));
    let url = without_empty_query(url);
    Ok(Target {
        shown: secrets.hide(url.as_str()),
        url,
        is_own: true,
    })
}

fn linked(ask: Ask<'_>, link: &str, secrets: &Secrets) -> Result<Target, SyncError> {
    let base = &ask.source.base_url;
    let refused = |why: String| SyncError::Decode {
        url: secrets.hide(link.split('?').next().unwrap_or(link)),
        why: format!("the link to the next page {why}"),
    };
    let url = base
        .join(link)
        .map_err(|why| refused(format!("is no URL: {why}")))?;
    let origin = url.origin();
    let is_own = origin == base.origin();
    if !is_own && !is_named(ask.plan, &url) {
        let base = base.origin().ascii_serialization();
        return Err(refused(format!("leads away from {base}")));
    }
    if !is_own && ask.plan.method == Method::Post {
        return Err(refused("leads a POST to another origin".to_owned()));
    }
    arrived(ask, url, is_own, secrets)
        .ok_or_else(|| refused("leads to another origin with a secret in the URL".to_owned()))
}

/// Whether the plan names the origin of `url` as one that its pages may lead to.
fn is_named(plan: &Plan, url: &Url) -> bool {
    let Way::Url { origins, .. } = &plan.page.way else {
        return false;
    };
    let mut named = origins.iter().filter_map(|origin| Url::parse(origin).ok());
    url.host().is_some() && named.any(|named| named.origin() == url.origin())
}

/// The target at a URL that the upstream gave. It may echo secrets: they go, and come back where they belong.
/// `None`: one stays in it that another origin must not see.
fn arrived(ask: Ask<'_>, url: Url, is_own: bool, secrets: &Secrets) -> Option<Target> {
    let mut url = Links::of(ask, &url).bare(url);
    url.set_fragment(None);
    if !is_own && secrets.are_in(&decoded(&url)) {
        return None;
    }
    let shown = secrets.hide(url.as_str().split('?').next().unwrap_or_default());
    if is_own {
        for (name, template) in secrets::parameters(ask.source, ask.plan) {
            let value = template.fill(ask.values, str::to_owned);
            url.query_pairs_mut().append_pair(name, &value);
        }
    }
    Some(Target { url, shown, is_own })
}

/// A URL as it was written and, escapes undone, as it is read: a secret may stand in it either way.
fn decoded(url: &Url) -> String {
    let pairs = url
        .query_pairs()
        .map(|(name, value)| format!("{name}={value}"));
    let read = pairs.collect::<Vec<_>>().join("&");
    format!("{url} {} {read}", percent_decoded(url.path()))
}

/// What a page's links are resolved against.
#[derive(Clone, Debug)]
pub struct Links {
    page: Url,
    /// Parameters that hold a secret, which the upstream may echo in its links.
    hidden: Vec<String>,
}

impl Links {
    pub(super) fn of(ask: Ask<'_>, page: &Url) -> Self {
        let credential = match &ask.source.auth {
            Auth::Query { name, .. } => Some(name),
            _ => None,
        };
        let named = secrets::parameters(ask.source, ask.plan).map(|(name, _)| name);
        Self {
            page: page.clone(),
            hidden: named.chain(credential).cloned().collect(),
        }
    }

    /// `link` as an absolute URL, without the secrets that the upstream may have echoed in it.
    pub fn resolve(&self, link: &str) -> String {
        let url = self.page.join(link);
        url.map_or_else(|_| link.to_owned(), |url| self.bare(url).into())
    }

    fn bare(&self, mut url: Url) -> Url {
        let is_hidden = |key: &str| self.hidden.iter().any(|name| name == key);
        if url.query_pairs().any(|(key, _)| is_hidden(&key)) {
            let kept: Vec<_> = url
                .query_pairs()
                .filter(|(key, _)| !is_hidden(key))
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect();
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
        without_empty_query(url)
    }
}

fn hidden(template: &Template) -> String {
    let text = |segment: &Segment| match segment {
        Segment::Text(text) => text.clone(),
        _ => "…".to_owned(),
    };
    template.0.iter().map(text).collect()
}

fn without_empty_query(mut url: Url) -> Url {
    if url.query() == Some("") {
        url.set_query(None);
    }
    url
}

/// One path segment: everything but RFC 3986's unreserved characters is escaped.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn percent_decoded(path: &str) -> String {
    // A form's reader undoes the same escapes; its one difference is the plus, which stands for itself in a path.
    let pair = format!("={}", path.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{percent_decoded, percent_encoded};

    #[test]
    fn a_parent_value_stays_in_its_path_segment() {
        assert_eq!(percent_encoded("a/b ?ü~"), "a%2Fb%20%3F%C3%BC~");
        assert_eq!(percent_encoded(".."), "..");
        assert_eq!(percent_decoded("/a%2Fb%20%3F%C3%BC~+&="), "/a/b ?ü~+&=");
    }
}
