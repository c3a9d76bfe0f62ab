//! How long an answer may be kept, and when the client's copy is still good.

use std::sync::LazyLock;

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
            VARY,
        },
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, SubsecRound, Utc};
use sha2::{Digest, Sha256};

/// A document is kept, but asked for anew each time.
pub(crate) const ASK_ANEW: HeaderValue = HeaderValue::from_static("public, no-cache");

/// The time, where nothing depends on it: what is asked for has no date.
pub(crate) const WHENEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// On what an answer depends beside its URL: whether it can be given at all, and in which coding.
pub(crate) const VARIES: HeaderValue = HeaderValue::from_static("accept, accept-encoding");

/// No commit is told of later than so long after its time: it takes its time, and clocks differ.
const SETTLED: Duration = Duration::seconds(60);

/// What tells a client's copy from what there is now.
#[derive(Clone, Debug)]
pub(crate) struct Caching {
    etag: HeaderValue,
    date: Option<Date>,
}

/// When what is answered changed last, in the whole seconds that `Last-Modified` has.
///
/// Rows may change twice in a second. So the second is rounded down as long as another change in it may still be told of,
/// and up from then on: the latter date has been given to nothing but what there is now.
#[derive(Clone, Debug)]
struct Date {
    down: HeaderValue,
    up: HeaderValue,
    /// From when on it is rounded up; `None`: never, for more than commits may change the answer.
    settled: Option<DateTime<Utc>>,
}

/// When what is answered changed last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Modified {
    pub(crate) at: DateTime<Utc>,
    /// Whether nothing but a commit changes the answer.
    pub(crate) by_commits_only: bool,
}

impl Caching {
    /// The tag is weak: it survives what proxies do to the bytes.
    pub(crate) fn of(tag: &str, modified: Option<Modified>) -> Self {
        Self {
            etag: ascii(&format!("W/\"{tag}\"")),
            date: modified.map(Date::of),
        }
    }

    /// All but for how long it may be kept.
    pub(crate) fn headers(&self, now: DateTime<Utc>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(VARY, VARIES);
        if let Some(date) = self.last_modified(now) {
            headers.insert(LAST_MODIFIED, date.clone());
        }
        headers
    }

    /// What `Last-Modified` says.
    pub(crate) fn last_modified(&self, now: DateTime<Utc>) -> Option<&HeaderValue> {
        let date = self.date.as_ref()?;
        Some(date.exact(now).unwrap_or(&date.down))
    }

    /// The answer `304 Not Modified`, to be kept as `control` says, if the client's copy is still good.
    pub(crate) fn not_modified(
        &self,
        request: &HeaderMap,
        control: &HeaderValue,
        now: DateTime<Utc>,
    ) -> Option<Response> {
        self.is_good(request, now).then(|| {
            let mut headers = self.headers(now);
            headers.insert(CACHE_CONTROL, control.clone());
            (StatusCode::NOT_MODIFIED, headers).into_response()
        })
    }

    /// `If-Modified-Since` is looked at only if there is no tag (RFC 9110, section 13.1.3), and has to be the very date
    /// that we gave: of one between two changes nobody knows which of them the client has seen.
    fn is_good(&self, request: &HeaderMap, now: DateTime<Utc>) -> bool {
        if !request.contains_key(IF_NONE_MATCH) {
            let exact = self.date.as_ref().and_then(|date| date.exact(now));
            return exact.is_some() && request.get(IF_MODIFIED_SINCE) == exact;
        }
        let ours = opaque(self.etag.to_str().unwrap_or_default());
        let tags = request.get_all(IF_NONE_MATCH).iter();
        let tags = tags.filter_map(|value| value.to_str().ok());
        tags.flat_map(|value| value.split(','))
            .any(|tag| tag.trim() == "*" || opaque(tag) == ours)
    }
}

impl Date {
    fn of(modified: Modified) -> Self {
        let second = modified.at.trunc_subsecs(0);
        let written =
            |at: DateTime<Utc>| ascii(&at.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        Self {
            down: written(second),
            up: written(second + Duration::seconds(1)),
            settled: modified.by_commits_only.then(|| second + SETTLED),
        }
    }

    /// The date that only what there is now has.
    fn exact(&self, now: DateTime<Utc>) -> Option<&HeaderValue> {
        let is_settled = self.settled.is_some_and(|settled| now > settled);
        is_settled.then_some(&self.up)
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
    if let Some(response) = caching.not_modified(request, &ASK_ANEW, WHENEVER) {
        return response;
    }
    let own = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, ASK_ANEW),
    ];
    (caching.headers(WHENEVER), own, body).into_response()
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
            assert_eq!(caching.is_good(&request, WHENEVER), good, "{sent}");
        };
        check(r#"W/"breeds.3.c""#, true);
        check(r#""breeds.3.c""#, true);
        check(r#""x", W/"breeds.3.c" "#, true);
        check("*", true);
        check(r#"W/"breeds.2.c""#, false);
        check("breeds.3.c", false);
        check("", false);
        assert!(!caching.is_good(&HeaderMap::new(), WHENEVER));
    }

    #[test]
    fn a_date_is_given_to_one_state_only() {
        let at = |millis: i64| {
            DateTime::from_timestamp_millis(1_800_000_000_000 + millis).expect("a time")
        };
        let date = |modified, now| {
            let modified = Modified {
                at: modified,
                by_commits_only: true,
            };
            let caching = Caching::of("x", Some(modified));
            let mut request = HeaderMap::new();
            let date = caching.last_modified(now).expect("a date").clone();
            request.insert(IF_MODIFIED_SINCE, date.clone());
            (date, caching.is_good(&request, now))
        };
        let (early, early_is_good) = date(at(100), at(200));
        let (late, late_is_good) = date(at(100), at(61_000));
        assert_eq!(early, "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(late, "Fri, 15 Jan 2027 08:00:01 GMT");
        assert!(!early_is_good && late_is_good);
        // Another change in the same second, told of a little later.
        let (other, other_is_good) = date(at(900), at(2_000));
        assert!(!other_is_good && other != late);
    }

    #[test]
    fn a_tag_goes_before_a_date() {
        let modified = Modified {
            at: DateTime::UNIX_EPOCH,
            by_commits_only: true,
        };
        let caching = Caching::of("x", Some(modified));
        let now = DateTime::from_timestamp(100, 0).expect("a time");
        let date = caching.last_modified(now).expect("a date").clone();
        let mut request = HeaderMap::from_iter([(IF_MODIFIED_SINCE, date)]);
        assert!(caching.is_good(&request, now));
        request.insert(IF_NONE_MATCH, ascii("W/\"other\""));
        assert!(!caching.is_good(&request, now));
    }
}
