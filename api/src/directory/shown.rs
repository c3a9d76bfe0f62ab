//! A user as it is served, with the tag by which callers say what they know of it.

use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, IF_MATCH, LOCATION},
    },
    response::{IntoResponse, Response},
};
use entity::user;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    caching::{Audience, Caching, WHENEVER, hexadecimal},
    fault::{Code, Fault},
    problem::{Kind, Problem},
    tables::Row,
};

/// Whoever got it may keep it, and asks anew each time.
const OWN: HeaderValue = HeaderValue::from_static("private, no-cache");

/// A user, all but its password.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    json: String,
    tag: String,
}

impl Shown {
    /// The user of that id.
    ///
    /// # Errors
    /// There is none, or the database does not answer.
    pub(super) async fn of(db: &impl ConnectionTrait, id: i64) -> Result<Self, Problem> {
        let listing = user::Entity::listing();
        let cells = listing.one(db, id).await?.ok_or_else(|| no_user(id))?;
        let row = Row {
            fields: listing.fields(),
            cells: &cells,
            wanted: None,
        };
        let json = serde_json::to_string(&row).map_err(Problem::internal)?;
        let tag = hexadecimal(&Sha256::digest(&json)[..8]);
        Ok(Self { json, tag })
    }

    /// Checks that it is the user as the caller knows it, if the caller says what it knows.
    ///
    /// # Errors
    /// It is another by now.
    pub(super) fn is_expected(&self, request: &HeaderMap) -> Result<(), Problem> {
        let lists = request.get_all(IF_MATCH).iter();
        let tags = lists.flat_map(|list| list.to_str().unwrap_or_default().split(','));
        let mut tags = tags.map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
        if !request.contains_key(IF_MATCH) || tags.any(|tag| tag == "*" || tag == self.tag) {
            return Ok(());
        }
        let detail = "the user is another by now: read it again, and decide anew";
        Err(Problem::new(Kind::PreconditionFailed, detail))
    }

    /// The answer to whoever reads it: that it has it already, or all of it.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let known = self.caching().not_modified(request, &OWN, WHENEVER);
        known.unwrap_or_else(|| self.whole().into_response())
    }

    /// The answer to whoever changed it.
    pub(super) fn whole(&self) -> impl IntoResponse + use<> {
        let mut headers = self.caching().headers(WHENEVER);
        let json = HeaderValue::from_static("application/json");
        headers.extend([(CACHE_CONTROL, OWN), (CONTENT_TYPE, json)]);
        (headers, format!(r#"{{"data":{}}}"#, self.json))
    }

    /// The answer to whoever made it.
    pub(super) fn made(&self, id: i64) -> Response {
        let location = [(LOCATION, format!("/api/v1/users/{id}"))];
        (StatusCode::CREATED, location, self.whole()).into_response()
    }

    fn caching(&self) -> Caching {
        Caching::of(&self.tag, None, Audience::Caller)
    }
}

/// There is no such user, or none for whoever asks.
pub(super) fn no_user(id: impl std::fmt::Display) -> Problem {
    let detail = format!("there is no user `{id}`");
    Problem::not_found(Fault::new("id", Code::UnknownRecord, detail))
}
