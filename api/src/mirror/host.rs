//! Where a client reaches us, for links that name it as the upstream's do.

use std::str::FromStr;

use axum::http::{HeaderMap, Uri, header::HOST, uri::Authority};

/// Where clients reach the api, behind whatever proxies: a scheme, a host, and what the proxy puts before each path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a scheme and a host, like https://data.example.org".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_user = uri
            .authority()
            .is_some_and(|host| host.as_str().contains('@'));
        if !is_web || has_user || uri.query().is_some() || text.contains('#') {
            return Err(wrong());
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }
}

/// What the paths of links stand behind. Nothing: the client does not say where it reaches us, and resolves them itself.
pub(super) fn origin(public: Option<&PublicUrl>, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(PublicUrl(url)) = public {
        return url.clone();
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(Authority::as_str));
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let host = host.filter(|host| !host.as_str().contains('@'));
    host.map_or_else(String::new, |host| format!("http://{host}"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        let check = |host: &str, expected: &str| {
            let value = HeaderValue::from_str(host).expect("a header's value");
            let headers = HeaderMap::from_iter([(HOST, value)]);
            assert_eq!(origin(None, &headers, &Uri::from_static("/x")), expected);
        };
        check("127.0.0.1:8000", "http://127.0.0.1:8000");
        check("[::1]:80", "http://[::1]:80");
        check("a/b", "");
        check("me@a", "");
        check("a>b", "");
        check("", "");
    }

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        let check = |text: &str, good: bool| {
            assert_eq!(text.parse::<PublicUrl>().is_ok(), good, "{text}");
        };
        check("https://data.example.org", true);
        check("https://data.example.org/prefix/", true);
        check("data.example.org", false);
        check("ftp://data.example.org", false);
        check("https://me@data.example.org", false);
        check("https://data.example.org?x", false);
        let url: PublicUrl = "https://a/b/".parse().expect("a URL");
        let said = origin(Some(&url), &HeaderMap::new(), &Uri::from_static("/x"));
        assert_eq!(said, "https://a/b");
    }
}
