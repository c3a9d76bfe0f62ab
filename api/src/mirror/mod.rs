//! `/mirror/{source}/{path}`: the rows of a resource as its upstream answers them, for clients that know nothing of us.
//!
//! What the upstream looks like is in the definition that the syncer registered. What that does not say is not guessed:
//! a parameter that it does not know is refused, since a filter that is left out would be a lie.

/// What of it is asked for.
mod asked;
/// Which resource is asked for.
mod found;
/// What changed since.
mod mark;
/// What parameters are called.
mod names;
/// Values in texts.
mod phrase;

/// The page that is asked for.
mod page;
/// Where pages begin.
mod places;
/// The rows of a page.
mod rows;

/// The body of an answer.
mod body;
/// Records as CSV.
mod csv;
/// Where clients reach us.
mod host;
/// A record as it came.
mod record;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};
use entity::definition::face::PageWay;
use sha2::{Digest, Sha256};

pub use self::host::PublicUrl;
use self::page::{Link, Page};
pub(crate) use self::{
    body::media_type,
    names::{most, token_name, usual},
    phrase::shown,
    places::Places,
};
use crate::{
    AppState,
    answers::{About, Answer, Body},
    caching::hexadecimal,
    identity::View,
    parameters::Parameters,
    problem::Problem,
};

pub(crate) async fn mirror(
    State(state): State<AppState>,
    snapshot: View,
    uri: Uri,
    RawQuery(query): RawQuery,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let (name, path) = parts(uri.path());
    let source = snapshot.source(name)?;
    let parameters = Parameters::decode(query.as_deref())?;
    let found = found::found((&snapshot, source), (path, &parameters), &state.settings)?;
    let parent = found.parent(&snapshot);
    let mut about = About::of_rows(found.resource, parent.cloned().into_iter().collect());
    let link = Link {
        origin: host::origin(state.settings.public_url.as_ref(), &request, &uri),
        path: uri.path(),
        parameters: &parameters,
    };
    if matches!(found.shape.pages.way, PageWay::Link | PageWay::Url { .. }) {
        about.names_host = true;
        let digest = Sha256::digest(link.origin.as_bytes());
        about.tag = format!("{}.{}", about.tag, hexadecimal(&digest[..8]));
    }
    if let Some(response) = about.not_modified(&state, &request) {
        return Ok(response);
    }
    let page = Page::of(&state, found, link);
    let body = Body::Bare(page.body(parent, &mut about).await?);
    Ok(Answer { about, body }.into_response())
}

/// The source's name, and the upstream's path as it was sent.
fn parts(path: &str) -> (&str, &str) {
    let rest = path.strip_prefix("/mirror/").unwrap_or_default();
    let end = rest.find('/').unwrap_or(rest.len());
    rest.split_at(end)
}
