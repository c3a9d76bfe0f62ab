//! How long an answer may be kept, and when the client's copy is still good.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, LAST_MODIFIED, VARY},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// What the caching headers of an answer say.
#[derive(Clone, Debug)]
pub(crate) struct Caching {
    etag: HeaderValue,
    control: HeaderValue,
    modified: Option<DateTime<Utc>>,
}

impl Caching {
    /// For rows: kept for `max_age` seconds, and served while they are asked for anew or the server is gone.
    ///
    /// The tag is weak: it survives what proxies do to the bytes.
    pub(crate) fn of_rows(tag: &str, max_age: i64, modified: Option<DateTime<Utc>>) -> Self {
        let control =
            format!("public, max-age={max_age}, stale-while-revalidate=60, stale-if-error=86400");
        Self {
            control: ascii(&control),
            modified,
            etag: weak(tag),
        }
    }

    /// For a document: kept, but asked for anew each time.
    pub(crate) fn of_document(tag: &str) -> Self {
        Self {
            etag: weak(tag),
            control: HeaderValue::from_static("public, no-cache"),
            modified: None,
        }
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(CACHE_CONTROL, self.control.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(at) = self.modified {
            let date = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            headers.insert(LAST_MODIFIED, ascii(&date));
        }
        headers
    }

    /// The answer `304 Not Modified`, if the client's copy is still good.
    ///
    /// `If-Modified-Since` is not looked at: a list's claims change without its rows.
    pub(crate) fn not_modified(&self, request: &HeaderMap) -> Option<Response> {
        let ours = opaque(self.etag.to_str().ok()?);
        let tags = request.get_all(IF_NONE_MATCH).iter();
        let tags = tags.filter_map(|value| value.to_str().ok());
        let is_good = tags
            .flat_map(|value| value.split(','))
            .any(|tag| tag.trim() == "*" || opaque(tag) == ours);
        is_good.then(|| (StatusCode::NOT_MODIFIED, self.headers()).into_response())
    }
}

/// A document with its type, or `304` if the client has it.
pub(crate) fn document(request: &HeaderMap, kind: &'static str, body: String) -> Response {
    let digest = Sha256::digest(body.as_bytes());
    let caching = Caching::of_document(&hexadecimal(&digest[..8]));
    if let Some(response) = caching.not_modified(request) {
        return response;
    }
    let content_type = [(axum::http::header::CONTENT_TYPE, kind)];
    (caching.headers(), content_type, body).into_response()
}

/// Has nobody keep an answer that another request would not get.
pub(crate) fn do_not_keep(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(ETAG);
    headers.remove(LAST_MODIFIED);
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The part of a tag that is compared: weak or strong, it is the same row.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn weak(tag: &str) -> HeaderValue {
    ascii(&format!("W/\"{tag}\""))
}

/// Names, numbers and dates of ours: visible ASCII, always a header's value.
fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("W/\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_good_if_any_of_its_tags_is_ours() {
        let caching = Caching::of_rows("breeds.3.c", 60, None);
        let check = |sent: &str, good: bool| {
            let mut request = HeaderMap::new();
            request.insert(IF_NONE_MATCH, ascii(sent));
            assert_eq!(caching.not_modified(&request).is_some(), good, "{sent}");
        };
        check(r#"W/"breeds.3.c""#, true);
        check(r#""breeds.3.c""#, true);
        check(r#""x", W/"breeds.3.c" "#, true);
        check("*", true);
        check(r#"W/"breeds.2.c""#, false);
        check("breeds.3.c", false);
        check("", false);
        assert!(caching.not_modified(&HeaderMap::new()).is_none());
    }
}
