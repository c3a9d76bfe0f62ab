//! How long an answer may be kept, and when the client's copy is still good.

use std::{borrow::Borrow, sync::LazyLock};

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

use crate::registry::{Resource, Snapshot};

/// A document is kept, but asked for anew each time.
const ASK_ANEW: [HeaderValue; 2] = [
    HeaderValue::from_static("public, no-cache"),
    HeaderValue::from_static("private, no-cache"),
];

/// Nothing of it changes, but a database may be replaced by another.
const FOR_LONG: [HeaderValue; 2] = [
    HeaderValue::from_static("public, max-age=86400, immutable"),
    HeaderValue::from_static("private, max-age=86400, immutable"),
];

/// The time, where nothing depends on it: what is asked for has no date.
pub(crate) const WHENEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// On what an answer depends beside its URL: whether it can be given at all, in which coding, and to whom.
const VARIES: [HeaderValue; 2] = [
    HeaderValue::from_static("accept, accept-encoding"),
    HeaderValue::from_static("accept, accept-encoding, authorization, x-api-key"),
];

/// No commit is told of later than so long after its time: it takes its time, and clocks differ.
const SETTLED: Duration = Duration::seconds(60);

/// Who may be given what was answered to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever asks the same.
    All,
    /// Nobody: it depends on who asks.
    Caller,
}

/// What tells a client's copy from what there is now.
#[derive(Clone, Debug)]
pub(crate) struct Caching {
    etag: HeaderValue,
    date: Option<Date>,
    audience: Audience,
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

impl Audience {
    /// Of an answer that tells of `resources`.
    pub(crate) fn of(resources: impl IntoIterator<Item = impl Borrow<Resource>>) -> Self {
        let mut resources = resources.into_iter();
        match resources.all(|resource| resource.borrow().is_public()) {
            true => Self::All,
            false => Self::Caller,
        }
    }

    /// Of a document that tells of all that `view` has: of what it has not, it tells that it is not there.
    pub(crate) fn of_view(view: &Snapshot) -> Self {
        match view.is_public() {
            true => Self::All,
            false => Self::Caller,
        }
    }

    pub(crate) fn varies(self) -> HeaderValue {
        VARIES[self as usize].clone()
    }

    /// How a document may be kept: it is asked for anew each time.
    pub(crate) fn ask_anew(self) -> HeaderValue {
        ASK_ANEW[self as usize].clone()
    }

    /// How what never changes may be kept.
    pub(crate) fn for_long(self) -> HeaderValue {
        FOR_LONG[self as usize].clone()
    }

    /// How rows may be kept: for `max_age` seconds, and served while they are asked for anew or the server is gone.
    pub(crate) fn control(self, max_age: i64) -> HeaderValue {
        /// Each second up to a minute, which is in every answer.
        static KNOWN: LazyLock<[Vec<HeaderValue>; 2]> = LazyLock::new(|| {
            [Audience::All, Audience::Caller]
                .map(|of| (0..=60).map(|age| of.written(age)).collect())
        });
        let age = usize::try_from(max_age).ok();
        let known = age.and_then(|age| KNOWN[self as usize].get(age));
        known.cloned().unwrap_or_else(|| self.written(max_age))
    }

    fn written(self, max_age: i64) -> HeaderValue {
        let by = match self {
            Self::All => "public",
            Self::Caller => "private",
        };
        ascii(&format!(
            "{by}, max-age={max_age}, stale-while-revalidate=60, stale-if-error=86400"
        ))
    }
}

impl Caching {
    /// The tag is weak: it survives what proxies do to the bytes.
    pub(crate) fn of(tag: &str, modified: Option<Modified>, audience: Audience) -> Self {
        Self {
            etag: ascii(&format!("W/\"{tag}\"")),
            date: modified.map(Date::of),
            audience,
        }
    }

    /// All but for how long it may be kept.
    pub(crate) fn headers(&self, now: DateTime<Utc>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(VARY, self.audience.varies());
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

/// A document with its type, or `304` if the client has it.
pub(crate) fn document(
    request: &HeaderMap,
    audience: Audience,
    (kind, body): (&'static str, String),
) -> Response {
    let digest = Sha256::digest(body.as_bytes());
    let caching = Caching::of(&hexadecimal(&digest[..8]), None, audience);
    if let Some(response) = caching.not_modified(request, &audience.ask_anew(), WHENEVER) {
        return response;
    }
    let own = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, audience.ask_anew()),
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
        let caching = Caching::of("breeds.3.c", None, Audience::All);
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
            let caching = Caching::of("x", Some(modified), Audience::All);
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
        let caching = Caching::of("x", Some(modified), Audience::All);
        let now = DateTime::from_timestamp(100, 0).expect("a time");
        let date = caching.last_modified(now).expect("a date").clone();
        let mut request = HeaderMap::from_iter([(IF_MODIFIED_SINCE, date)]);
        assert!(caching.is_good(&request, now));
        request.insert(IF_NONE_MATCH, ascii("W/\"other\""));
        assert!(!caching.is_good(&request, now));
    }
}
