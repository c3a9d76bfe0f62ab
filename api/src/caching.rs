//! How long an answer may be kept, and when the client's copy is still good.

use std::sync::LazyLock;

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LAST_MODIFIED, VARY},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// A document is kept, but asked for anew each time.
pub(crate) const ASK_ANEW: HeaderValue = HeaderValue::from_static("public, no-cache");

/// What tells a client's copy from what there is now.
#[derive(Clone, Debug)]
pub(crate) struct Caching {
    etag: HeaderValue,
    modified: Option<HeaderValue>,
}

impl Caching {
    /// The tag is weak: it survives what proxies do to the bytes.
    pub(crate) fn of(tag: &str, modified: Option<DateTime<Utc>>) -> Self {
        let date = modified.map(|at| at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        Self {
            etag: ascii(&format!("W/\"{tag}\"")),
            modified: date.map(|date| ascii(&date)),
        }
    }

    /// All but for how long it may be kept.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(modified) = &self.modified {
            headers.insert(LAST_MODIFIED, modified.clone());
        }
        headers
    }

    /// The answer `304 Not Modified`, to be kept as `control` says, if the client's copy is still good.
    ///
    /// `If-Modified-Since` is not looked at: a list's claims change without its rows.
    pub(crate) fn not_modified(
        &self,
        request: &HeaderMap,
        control: &HeaderValue,
    ) -> Option<Response> {
        let ours = opaque(self.etag.to_str().ok()?);
        let tags = request.get_all(IF_NONE_MATCH).iter();
        let tags = tags.filter_map(|value| value.to_str().ok());
        let is_good = tags
            .flat_map(|value| value.split(','))
            .any(|tag| tag.trim() == "*" || opaque(tag) == ours);
        is_good.then(|| {
            let mut headers = self.headers();
            headers.insert(CACHE_CONTROL, control.clone());
            (StatusCode::NOT_MODIFIED, headers).into_response()
        })
    }
}

/// How rows may be kept: for `max_age` seconds, and served while they are asked for anew or the server is gone.
pub(crate) fn control(max_age: i64) -> HeaderValue {
    /// Each second up to a minute, which is in every answer.
    static KNOWN: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| (0..=60).map(written).collect());
    let known = usize::try_from(max_age).ok().and_then(|age| KNOWN.get(age));
    known.cloned().unwrap_or_else(|| written(max_age))
}

fn written(max_age: i64) -> HeaderValue {
    ascii(&format!(
        "public, max-age={max_age}, stale-while-revalidate=60, stale-if-error=86400"
    ))
}

/// A document with its type, or `304` if the client has it.
pub(crate) fn document(request: &HeaderMap, kind: &'static str, body: String) -> Response {
    let digest = Sha256::digest(body.as_bytes());
    let caching = Caching::of(&hexadecimal(&digest[..8]), None);
    if let Some(response) = caching.not_modified(request, &ASK_ANEW) {
        return response;
    }
    let own = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, ASK_ANEW),
    ];
    (caching.headers(), own, body).into_response()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The part of a tag that is compared: weak or strong, it is the same row.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
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
        let caching = Caching::of("breeds.3.c", None);
        let check = |sent: &str, good: bool| {
            let mut request = HeaderMap::new();
            request.insert(IF_NONE_MATCH, ascii(sent));
            assert_eq!(
                caching.not_modified(&request, &ASK_ANEW).is_some(),
                good,
                "{sent}"
            );
        };
        check(r#"W/"breeds.3.c""#, true);
        check(r#""breeds.3.c""#, true);
        check(r#""x", W/"breeds.3.c" "#, true);
        check("*", true);
        check(r#"W/"breeds.2.c""#, false);
        check("breeds.3.c", false);
        check("", false);
        assert!(caching.not_modified(&HeaderMap::new(), &ASK_ANEW).is_none());
    }
}
