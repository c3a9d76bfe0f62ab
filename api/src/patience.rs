//! `timeout_ms`: how long a caller waits, where that is less than any request may take.
//!
//! It decides whether there is an answer, not which: an answer is kept without it, and one that is kept is sent at once.

use std::time::Duration;

use axum::http::Uri;
use tokio::time::Instant;

use crate::{fault::Fault, parameters::Parameters, records, routes, settings::Settings};

/// Says how many milliseconds a request may take.
pub(crate) const TIMEOUT: &str = "timeout_ms";

/// What a caller's patience makes of its request.
#[derive(Debug)]
pub(crate) struct Patience {
    /// When its time is over.
    pub(crate) until: Instant,
    /// The URL without the parameter; `None`: it has none.
    pub(crate) kept_as: Option<String>,
}

impl Patience {
    /// Of a request of `route` that begins now and may take `longest`. One that asks for it wrongly is refused by its
    /// handler.
    pub(crate) fn of(settings: &Settings, (route, uri): (&str, &Uri), longest: Duration) -> Self {
        let now = Instant::now();
        let url = uri.path_and_query().map(|url| url.as_str());
        let asked = url.filter(|_| routes::takes_timeout(route));
        match asked.and_then(|url| taken_out(url, settings)) {
            Some((limit, url)) => Self {
                until: now + limit,
                kept_as: Some(url),
            },
            None => Self {
                until: now + longest,
                kept_as: None,
            },
        }
    }
}

/// What `timeout_ms` asks for; more than any request may take is as long as that.
///
/// # Errors
/// It is no number, or nought.
pub(crate) fn limit(value: &str, settings: &Settings) -> Result<Duration, Vec<Fault>> {
    let most = u64::try_from(settings.query_timeout.as_millis()).unwrap_or(u64::MAX);
    records::number(TIMEOUT, value, most.max(1)).map(Duration::from_millis)
}

/// The limit that stands in `url`, and `url` without it.
fn taken_out(url: &str, settings: &Settings) -> Option<(Duration, String)> {
    let (path, query) = url.split_once('?')?;
    if !query.contains(TIMEOUT) {
        return None;
    }
    let parameters = Parameters::decode(Some(query)).ok()?;
    let value = parameters.single(TIMEOUT).ok()??;
    let limit = limit(value, settings).ok()?;
    let is_other = |pair: &&str| pair.split('=').next() != Some(TIMEOUT);
    let others: Vec<&str> = query.split('&').filter(is_other).collect();
    let url = match others.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", others.join("&")),
    };
    Some((limit, url))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::taken_out;
    use crate::Settings;

    #[test]
    fn an_answer_is_kept_without_it() {
        let check = |url, expected: Option<(u64, &str)>| {
            let found = taken_out(url, &Settings::new("secret"));
            let expected =
                expected.map(|(limit, url)| (Duration::from_millis(limit), url.to_owned()));
            assert_eq!(found, expected, "{url}");
        };
        check("/x", None);
        check("/x?a=1", None);
        check("/x?timeout_ms=20", Some((20, "/x")));
        check("/x?a=1&timeout_ms=20&b=%20", Some((20, "/x?a=1&b=%20")));
        check("/x?timeout_ms=99999999999999999999999", Some((5000, "/x")));
        check("/x?my_timeout_ms=1", None);
        check("/x?timeout_ms", None);
        check("/x?timeout_ms=0", None);
        check("/x?timeout_ms=5s", None);
        check("/x?timeout_ms=5&timeout_ms=6", None);
        check("/x?timeout_ms=5&timeout%5Fms=6", None);
    }
}
