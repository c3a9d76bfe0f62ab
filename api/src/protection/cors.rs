//! Which pages of other origins may ask in a browser, and read what is answered.

use std::{str::FromStr, time::Duration};

use axum::http::{
    HeaderName, HeaderValue, Method, Uri,
    header::{
        ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING,
        CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, LINK, LOCATION,
        RETRY_AFTER, VARY,
    },
};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may keep what it was told of other origins.
const KEPT: Duration = Duration::from_hours(1);

/// All that any route takes; which of them one takes, and from whom, is decided there.
const METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// Scheme, host and port of pages; or all pages there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}`: write a scheme and a host, like https://app.example.org, or * for all"
            )
        };
        let value = HeaderValue::from_str(text).map_err(|_| wrong())?;
        let is_origin = |uri: &Uri| {
            let port = uri
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let parts = (uri.scheme_str(), uri.host());
            // As a browser sends it: without user, path, query or a slash at the end.
            let (Some(scheme @ ("http" | "https")), Some(host)) = parts else {
                return false;
            };
            format!("{scheme}://{host}{port}") == text && !text.contains(char::is_uppercase)
        };
        if text == "*" || text.parse().is_ok_and(|uri| is_origin(&uri)) {
            Ok(Self(value))
        } else {
            Err(wrong())
        }
    }
}

/// Answers preflights, and tells browsers who may read; `None` if nobody may.
pub(crate) fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let all = origins.iter().any(|Origin(value)| value == "*");
    let allowed = if all {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().map(|Origin(value)| value.clone()))
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(METHODS)
        .allow_headers(asked())
        .expose_headers(told())
        .max_age(KEPT);
    Some(layer)
}

/// What a page may send.
fn asked() -> Vec<HeaderName> {
    let plain = [ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE];
    let conditional = [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH];
    let others = [
        "idempotency-key",
        "last-event-id",
        "traceparent",
        "x-api-key",
        "x-request-id",
    ];
    let others = others.map(HeaderName::from_static);
    plain.into_iter().chain(conditional).chain(others).collect()
}

/// What a page may read beyond what each may.
fn told() -> Vec<HeaderName> {
    let plain = [
        ALLOW,
        CONTENT_DISPOSITION,
        CONTENT_ENCODING,
        ETAG,
        LINK,
        LOCATION,
        RETRY_AFTER,
        VARY,
    ];
    let ours = [
        "catchment-stale",
        "catchment-synced-at",
        "catchment-version",
        "ratelimit",
        "ratelimit-policy",
        "x-request-id",
        "x-total-count",
    ];
    let ours = ours.map(HeaderName::from_static);
    plain.into_iter().chain(ours).collect()
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn an_origin_is_written_as_browsers_send_it() {
        let check = |text: &str, good: bool| {
            assert_eq!(text.parse::<Origin>().is_ok(), good, "{text}");
        };
        check("*", true);
        check("https://app.example.org", true);
        check("http://localhost:3000", true);
        check("http://[::1]:3000", true);
        check("https://app.example.org/", false);
        check("https://App.example.org", false);
        check("https://app.example.org/x", false);
        check("https://me@app.example.org", false);
        check("app.example.org", false);
        check("ftp://app.example.org", false);
        check("null", false);
        check("", false);
    }
}
