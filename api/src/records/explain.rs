//! `explain=true`: what a list would do, instead of its rows. No SQL, and nothing of the tables but the fields' names.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use entity::record::{self, Does, Part};
use serde::Serialize;

use super::list::List;
use crate::{AppState, answers::Meta, freshness, problem::Problem};

#[derive(Serialize)]
struct Body<'a> {
    explain: Explanation,
    meta: &'a Meta<'a>,
}

#[derive(Serialize)]
struct Explanation {
    steps: Vec<Step>,
    count: Count,
}

/// One thing that the list does.
#[derive(Serialize)]
struct Step {
    way: &'static str,
    index: Vec<String>,
    part: &'static str,
    at_most: u64,
    estimated_rows: Option<u64>,
}

#[derive(Serialize)]
struct Count {
    free: bool,
}

impl List<'_> {
    /// The steps that the list would take.
    ///
    /// # Errors
    /// The database does not answer, or there is no such parent.
    pub(super) async fn explained(&self, state: &AppState) -> Result<Response, Problem> {
        let reader = state.reader_within(self.query.timeout);
        self.find_parent(&reader).await?;
        let steps = match self.resource.has_table() {
            true => record::explain(&reader, self.selection(), self.window()).await?,
            false => Vec::new(),
        };
        let is_in_touch = state.registry.is_in_touch();
        let is_stale = freshness::is_stale(&self.resource.model, is_in_touch, state.clock.now());
        let body = Body {
            explain: Explanation {
                steps: steps.into_iter().map(Step::from).collect(),
                count: Count {
                    free: self.count_is_free(),
                },
            },
            meta: &Meta::of(self.resource, is_stale),
        };
        let body = serde_json::to_string(&body).map_err(Problem::internal)?;
        let mut response = (StatusCode::OK, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // It depends on how many rows meet a filter now.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

impl From<record::Step> for Step {
    fn from(step: record::Step) -> Self {
        Self {
            way: match step.does {
                Does::Walk => "walk",
                Does::Seek => "seek",
                Does::Sort => "sort",
            },
            index: step.index,
            part: match step.part {
                Part::Rows => "rows",
                Part::Ties => "ties",
                Part::Values => "values",
                Part::Nulls => "nulls",
            },
            at_most: step.at_most,
            estimated_rows: step.estimated_rows,
        }
    }
}
