//! Every URL of the stand-in, and what it answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::answer::{self, Paging};
use super::data::Image;
use super::{Upstream, budget, picture};

pub(super) fn router(upstream: Arc<Upstream>) -> Router {
    let api = Router::new()
        .route("/breeds", get(breeds))
        .route("/breeds/{id}", get(breed))
        .route("/categories", get(categories))
        .route("/images/search", get(search))
        .route("/images/{id}", get(image))
        .fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(&upstream), budget::meter));
    Router::new()
        .nest("/v1", api)
        .route("/images/{file}", get(drawing))
        .fallback(not_found)
        .with_state(upstream)
}

async fn breeds(State(upstream): State<Arc<Upstream>>, Query(paging): Query<Paging>) -> Response {
    answer::list(&upstream.data.breeds, paging)
}

async fn breed(State(upstream): State<Arc<Upstream>>, Path(id): Path<String>) -> Response {
    match upstream.data.breeds.iter().find(|breed| breed["id"] == id) {
        Some(breed) => answer::one(breed),
        None => answer::error(
            StatusCode::BAD_REQUEST,
            format!("INVALID_DATA - there is no breed '{id}'"),
        ),
    }
}

async fn categories(
    State(upstream): State<Arc<Upstream>>,
    Query(paging): Query<Paging>,
) -> Response {
    answer::list(&upstream.data.categories, paging)
}

/// What `/images/search` understands beside the paging.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    order: Order,
    #[serde(default)]
    breed_ids: String,
    #[serde(default)]
    category_ids: String,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Order {
    Asc,
    Desc,
    #[default]
    Random,
}

/// One image at random, unless more or an order is asked for. A random answer has no pages: each is
/// drawn from all that match.
async fn search(
    State(upstream): State<Arc<Upstream>>,
    Query(search): Query<Search>,
    Query(paging): Query<Paging>,
) -> Response {
    let mut found: Vec<&Image> = upstream
        .data
        .images
        .iter()
        .filter(|image| matches(image, &search))
        .collect();
    let paging = paging.with_default_limit(1);
    let paging = match search.order {
        Order::Asc => paging,
        Order::Desc => {
            found.reverse();
            paging
        }
        Order::Random => {
            found.sort_by_cached_key(|_| upstream.dice.roll());
            paging.first_page()
        }
    };
    let records: Vec<_> = found.iter().map(|image| &image.record).collect();
    answer::list(&records, paging)
}

fn matches(image: &Image, search: &Search) -> bool {
    names_any(&search.breed_ids, &image.breed_ids)
        && names_any(&search.category_ids, &image.category_ids)
}

/// Whether the comma-separated list names one of `ids`; an empty list asks for nothing and lets all
/// pass.
fn names_any(list: &str, ids: &[String]) -> bool {
    list.is_empty()
        || list
            .split(',')
            .any(|asked| ids.iter().any(|id| id == asked))
}

async fn image(State(upstream): State<Arc<Upstream>>, Path(id): Path<String>) -> Response {
    match image_by_id(&upstream, &id) {
        Some(image) => answer::one(&image.record),
        None => answer::error(StatusCode::BAD_REQUEST, format!("there is no image '{id}'")),
    }
}

async fn drawing(State(upstream): State<Arc<Upstream>>, Path(file): Path<String>) -> Response {
    match file
        .strip_suffix(".svg")
        .and_then(|id| image_by_id(&upstream, id))
    {
        Some(image) => answer::svg(picture::draw(image)),
        None => not_found().await,
    }
}

fn image_by_id<'a>(upstream: &'a Upstream, id: &str) -> Option<&'a Image> {
    upstream.data.images.iter().find(|image| image.id == id)
}

async fn not_found() -> Response {
    answer::error(StatusCode::NOT_FOUND, "NOT_FOUND".to_owned())
}
