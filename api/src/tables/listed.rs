//! A list of a platform table: asked for, read, and answered.

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, LINK},
    },
    response::{IntoResponse, Response},
};
use entity::{dialect::Reader, listing::Listing};
use serde::Serialize;

use super::{Row, wanted::Wanted};
use crate::{
    AppState,
    problem::Problem,
    records::{CAP, Count, Counting, Page, Read},
};

const TOTAL: HeaderName = HeaderName::from_static("x-total-count");
/// It may change at any time, and is for whoever asks only.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");

/// The body of a list.
#[derive(Serialize)]
struct Body<'a> {
    data: Vec<Row<'a>>,
    page: &'a Page,
    count: Option<Count>,
}

/// Answers a request for a list: `query` is that of its URL.
///
/// # Errors
/// All that is wrong with the query; or the database does not answer, or not in time.
pub(crate) async fn list(
    state: &AppState,
    listing: &Listing,
    query: Option<&str>,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(state, listing, query)?;
    let reader = state.reader_within(wanted.query.timeout);
    let (filters, paging) = (&wanted.query.filters, wanted.paging());
    let listed = listing.page(&reader, filters, paging.window()).await?;
    let count = count(&reader, listing, &wanted).await?;
    let read = Read {
        first: listed.rows.first().map(|row| row.position.clone()),
        last: listed.rows.last().map(|row| row.position.clone()),
        more: listed.more,
        end: None,
    };
    let page = paging.page(&state.signer, &read);
    let rows = listed.rows.iter().map(|row| Row {
        fields: listing.fields(),
        cells: &row.cells,
        wanted: wanted.query.fields.as_deref(),
    });
    let body = Body {
        data: rows.collect(),
        page: &page,
        count,
    };
    let body = serde_json::to_string(&body).map_err(Problem::internal)?;
    let links = paging.links(&wanted.parameters, &page);
    Ok((headers(&links, count), body).into_response())
}

/// The rows are counted only if the caller wants to wait for it.
async fn count(
    reader: &Reader,
    listing: &Listing,
    wanted: &Wanted,
) -> Result<Option<Count>, Problem> {
    let most = match wanted.query.count {
        Counting::None => return Ok(None),
        Counting::Capped => Some(CAP),
        Counting::Exact => None,
    };
    let counted = listing.count(reader, &wanted.query.filters, most).await?;
    Ok(Some(Count {
        value: i64::try_from(counted.value).unwrap_or(i64::MAX),
        exact: counted.exact,
    }))
}

fn headers(links: &[String], count: Option<Count>) -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, json), (CACHE_CONTROL, NOT_KEPT)]);
    // What is in a link is escaped: visible ASCII, always a header's value.
    let links = HeaderValue::from_str(&links.join(", ")).ok();
    if let Some(links) = links.filter(|links| !links.is_empty()) {
        headers.insert(LINK, links);
    }
    if let Some(count) = count.filter(|count| count.exact) {
        headers.insert(TOTAL, count.value.into());
    }
    headers
}
