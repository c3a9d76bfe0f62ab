//! An answer as it is sent: its body with what is said of freshness, its headers, and the codings that clients asked for.

use std::sync::Arc;

use axum::{
    body::{Body as Sent, Bytes},
    extract::MatchedPath,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LAST_MODIFIED, LINK,
            VARY,
        },
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};

use super::{
    About, Answer, Body,
    coding::{Coded, Coding},
    meta::Meta,
};
use crate::{
    caching::Caching,
    freshness,
    problem::Problem,
    registry::{Resource, Snapshot},
};

pub(crate) const VERSION: HeaderName = HeaderName::from_static("catchment-version");
pub(crate) const SYNCED_AT: HeaderName = HeaderName::from_static("catchment-synced-at");
const STALE: HeaderName = HeaderName::from_static("catchment-stale");
const TOTAL: HeaderName = HeaderName::from_static("x-total-count");
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");

/// An answer, ready to be sent any number of times.
#[derive(Debug)]
pub(super) struct Rendered {
    /// What its requests are told by.
    route: MatchedPath,
    about: About,
    is_stale: bool,
    caching: Caching,
    plain: Bytes,
    /// Where in it stands what is said of freshness; `None`: nothing is.
    meta_at: Option<usize>,
    coded: Coded,
    /// Those of every answer with a body, but for how long it may be kept.
    headers: HeaderMap,
}

/// What has become of a kept answer.
pub(super) enum Held {
    AsItIs,
    /// Something else is to be said of the same rows.
    Restated(Arc<Rendered>),
    /// The rows are others, or may be.
    Gone,
}

impl Rendered {
    /// # Errors
    /// What is said of freshness cannot be written as JSON.
    pub(super) fn of(
        (route, answer): (MatchedPath, Answer),
        is_in_touch: bool,
        now: DateTime<Utc>,
    ) -> Result<Self, serde_json::Error> {
        let Answer { about, body } = answer;
        let is_stale = freshness::is_stale(&about.resource.model, is_in_touch, now);
        let (mut plain, meta_at) = match body {
            Body::Envelope(data) => {
                let meta_at = data.len();
                (data, Some(meta_at))
            }
            Body::Bare(data) => (data, None),
        };
        if meta_at.is_some() {
            plain.push_str(&meta(&about.resource, is_stale)?);
        }
        let caching = about.caching(is_stale);
        Ok(Self {
            route,
            headers: headers((&about, is_stale), &caching, now),
            caching,
            about,
            is_stale,
            plain: Bytes::from(plain),
            meta_at,
            coded: Coded::default(),
        })
    }

    /// What has become of it, now that `snapshot` is what is known.
    pub(super) fn held(&self, snapshot: &Snapshot, is_in_touch: bool, now: DateTime<Utc>) -> Held {
        let is_known = |old: &Arc<Resource>| {
            let new = snapshot.by_id(old.model.id);
            new.is_some_and(|new| Arc::ptr_eq(old, new))
        };
        let model = &self.about.resource.model;
        if self.about.resources().all(is_known)
            && freshness::is_stale(model, is_in_touch, now) == self.is_stale
        {
            return Held::AsItIs;
        }
        let renewed = self.renewed(snapshot);
        let restated = renewed
            .and_then(|answer| Self::of((self.route.clone(), answer), is_in_touch, now).ok());
        restated.map_or(Held::Gone, |restated| Held::Restated(Arc::new(restated)))
    }

    /// The same rows of resources as they are now; `None`: they may be others.
    fn renewed(&self, snapshot: &Snapshot) -> Option<Answer> {
        let renew = |old: &Arc<Resource>| {
            let new = snapshot.by_id(old.model.id);
            new.filter(|new| new.has_rows_of(old)).cloned()
        };
        let others = self.about.others.iter().map(renew);
        let about = About {
            resource: renew(&self.about.resource)?,
            others: others.collect::<Option<_>>()?,
            ..self.about.clone()
        };
        let data = |end: usize| String::from_utf8(self.plain[..end].to_vec()).ok();
        let body = match self.meta_at {
            Some(meta_at) => Body::Envelope(data(meta_at)?),
            None => Body::Bare(data(self.plain.len())?),
        };
        Some(Answer { about, body })
    }

    pub(super) fn route(&self) -> &MatchedPath {
        &self.route
    }

    pub(super) fn is_kept(&self) -> bool {
        self.about.is_kept && !self.about.names_host
    }

    /// Bytes of its body.
    pub(super) fn size(&self) -> usize {
        self.plain.len()
    }

    /// What is sent to whoever asks with `method` and `headers`.
    pub(super) async fn respond(
        &self,
        method: &Method,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) -> Response {
        if let Err(problem) = self.about.is_fresh_enough(now) {
            return problem.into_response();
        }
        let control = match self.about.is_kept {
            true => self.about.control(now),
            false => NOT_KEPT,
        };
        if self.about.is_kept
            && let Some(response) = self.caching.not_modified(headers, &control, now)
        {
            return response;
        }
        let coding = Coding::wanted(headers, self.plain.len());
        let body = match self.coded.body(coding, &self.plain).await {
            Ok(body) => body,
            Err(error) => return Problem::internal(error).into_response(),
        };
        let mut headers = self.headers.clone();
        headers.insert(CACHE_CONTROL, control);
        if let Some(date) = self.caching.last_modified(now)
            && self.about.is_kept
        {
            headers.insert(LAST_MODIFIED, date.clone());
        }
        if let Some(name) = coding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        headers.insert(CONTENT_LENGTH, body.len().into());
        let body = match *method {
            Method::HEAD => Sent::empty(),
            _ => Sent::from(body),
        };
        (headers, body).into_response()
    }
}

/// The last member of an envelope, with the brace that closes it.
fn meta(resource: &Resource, is_stale: bool) -> Result<String, serde_json::Error> {
    let meta = serde_json::to_string(&Meta::of(resource, is_stale))?;
    Ok(format!(r#","meta":{meta}}}"#))
}

fn headers((about, is_stale): (&About, bool), caching: &Caching, now: DateTime<Utc>) -> HeaderMap {
    let model = &about.resource.model;
    let mut headers = match about.is_kept {
        true => caching.headers(now),
        false => HeaderMap::from_iter([(VARY, about.audience().varies())]),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(VERSION, model.version.into());
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let synced_at = model.synced_at.map(text);
    let others = [
        (SYNCED_AT, synced_at.as_deref()),
        (LINK, Some(about.links.as_str())),
    ];
    for (name, value) in others {
        let value = value.filter(|text| !text.is_empty());
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    if let Some(total) = about.total {
        headers.insert(TOTAL, total.into());
    }
    if is_stale {
        headers.insert(STALE, HeaderValue::from_static("true"));
    }
    headers.extend(about.headers.clone());
    headers
}
