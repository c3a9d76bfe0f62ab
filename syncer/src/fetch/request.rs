//! The request for a page: its URL, what of it may be shown, and the proof of who sends it.

use reqwest::{
    RequestBuilder,
    header::{ACCEPT, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret;
use url::Url;

use super::{
    Ask,
    page::{self, At},
    secrets::{self, Secrets},
};
use crate::{
    error::SyncError,
    source::plan::{Auth, Plan, Segment, Source, Template, Values},
};

/// Where a page is asked for.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    /// The URL without secrets, for messages.
    pub(super) shown: String,
}

/// The target of the page at `at`.
///
/// # Errors
/// The upstream's link is no URL, or leads to another origin, which must not see the credentials.
pub(super) fn target(
    source: &Source,
    plan: &Plan,
    values: &Values,
    at: &At,
) -> Result<Target, SyncError> {
    match at {
        At::Url(link) => linked(source, plan, values, link),
        _ => built(source, plan, values, at),
    }
}

fn built(source: &Source, plan: &Plan, values: &Values, at: &At) -> Result<Target, SyncError> {
    let path = plan.path.fill(values, percent_encoded);
    let text = format!("{}{path}", source.base_url.as_str().trim_end_matches('/'));
    let unusable = |why: url::ParseError| SyncError::Unaskable {
        url: format!("{}{}", source.base_url, hidden(&plan.path)),
        why: format!("its path makes no URL: {why}"),
    };
    if path
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        // No escape keeps them in their place: a URL's parser takes `%2e` for a point.
        return Err(SyncError::Unaskable {
            url: format!("{}{}", source.base_url, hidden(&plan.path)),
            why: "a value in its path is `.` or `..`, which leads to another path".to_owned(),
        });
    }
    let mut url = Url::parse(&text).map_err(unusable)?;
    let mut shown = url.clone();
    let plain = |template: &Template| template.fill(values, str::to_owned);
    {
        let mut pairs = url.query_pairs_mut();
        let mut shown_pairs = shown.query_pairs_mut();
        for (name, template) in source.query.iter().chain(&plan.query) {
            let value = plain(template);
            let secret = template
                .0
                .iter()
                .any(|segment| matches!(segment, Segment::Secret(_)));
            pairs.append_pair(name, &value);
            shown_pairs.append_pair(name, if secret { "***" } else { &value });
        }
        for (name, value) in page::query(&plan.page, at) {
            pairs.append_pair(name, &value);
            shown_pairs.append_pair(name, &value);
        }
    }
    let shown = Secrets::of(source, plan).hide(without_empty_query(shown).as_str());
    Ok(Target {
        url: without_empty_query(url),
        shown,
    })
}

fn linked(source: &Source, plan: &Plan, values: &Values, link: &str) -> Result<Target, SyncError> {
    let shown = Secrets::of(source, plan).hide(link.split('?').next().unwrap_or(link));
    let base = &source.base_url;
    let mut url = base.join(link).map_err(|why| SyncError::Decode {
        url: shown.clone(),
        why: format!("the link to the next page is no URL: {why}"),
    })?;
    if url.origin() != base.origin() {
        let why = format!(
            "the link to the next page leads away from {}",
            base.origin().ascii_serialization()
        );
        return Err(SyncError::Decode { url: shown, why });
    }
    for (name, template) in secrets::parameters(source, plan) {
        let value = template.fill(values, str::to_owned);
        url.query_pairs_mut().append_pair(name, &value);
    }
    Ok(Target { shown, url })
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
        let Ok(mut url) = self.page.join(link) else {
            return link.to_owned();
        };
        if !self.hidden.is_empty() {
            let kept: Vec<_> = url
                .query_pairs()
                .filter(|(key, _)| !self.hidden.iter().any(|name| name == key))
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect();
            url.query_pairs_mut().clear().extend_pairs(kept);
            url = without_empty_query(url);
        }
        url.into()
    }
}

/// Puts the headers and the credentials on a request.
///
/// # Errors
/// A parent's value cannot stand in a header.
pub(super) fn dressed(
    request: RequestBuilder,
    source: &Source,
    plan: &Plan,
    values: &Values,
) -> Result<RequestBuilder, String> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // The definition's word goes before ours, and the resource's before its source's.
    for (name, template) in source.headers.iter().chain(&plan.headers) {
        let value = HeaderValue::try_from(template.fill(values, str::to_owned));
        match (HeaderName::try_from(name), value) {
            (Ok(name), Ok(value)) => headers.insert(name, value),
            _ => {
                return Err(format!(
                    "the value of header `{name}` has characters that no header may have"
                ));
            }
        };
    }
    let request = request.headers(headers);
    Ok(match &source.auth {
        Auth::None => request,
        Auth::Header { name, value } => request.header(name, value.expose_secret()),
        // It is part of the URL: see `with_credential`.
        Auth::Query { .. } => request,
        Auth::Basic { username, password } => {
            request.basic_auth(username, Some(password.expose_secret()))
        }
        Auth::Bearer { token } => request.bearer_auth(token.expose_secret()),
        Auth::Oauth2 { .. } | Auth::Login { .. } => request,
    })
}

/// `url` with the credential that goes into the query.
pub(super) fn with_credential(source: &Source, mut url: Url) -> Url {
    if let Auth::Query { name, value } = &source.auth {
        url.query_pairs_mut()
            .append_pair(name, value.expose_secret());
    }
    url
}

fn hidden(template: &Template) -> String {
    template
        .0
        .iter()
        .map(|segment| match segment {
            Segment::Text(text) => text.as_str(),
            _ => "…",
        })
        .collect()
}

fn without_empty_query(mut url: Url) -> Url {
    if url.query() == Some("") {
        url.set_query(None);
    }
    url
}

/// One path segment: everything but RFC 3986's unreserved characters is escaped.
fn percent_encoded(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::percent_encoded;

    #[test]
    fn a_parent_value_stays_in_its_path_segment() {
        assert_eq!(percent_encoded("a/b ?ü~"), "a%2Fb%20%3F%C3%BC~");
        assert_eq!(percent_encoded(".."), "..");
    }
}
