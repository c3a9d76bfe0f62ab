//! `explain=true`: what a list would do, instead of its rows. No SQL, and nothing of the tables but the fields' names.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use entity::record::{self, Does, Part, Step};
use serde_json::{Value, json};

use super::list::List;
use crate::{AppState, answers::Meta, freshness, problem::Problem};

impl List<'_> {
    /// The steps that the list would take.
    ///
    /// # Errors
    /// The database does not answer, or there is no such parent.
    pub(super) async fn explained(&self, state: &AppState) -> Result<Response, Problem> {
        self.find_parent(state).await?;
        let steps = match self.resource.has_table() {
            true => record::explain(&state.db, self.selection(), self.window()).await?,
            false => Vec::new(),
        };
        let is_in_touch = state.registry.is_in_touch();
        let is_stale = freshness::is_stale(&self.resource.model, is_in_touch, state.clock.now());
        let body = json!({
            "explain": {
                "steps": steps.iter().map(step).collect::<Vec<_>>(),
                "count": { "free": self.count_is_free() },
            },
            "meta": Meta::of(self.resource, is_stale),
        });
        let mut response = (StatusCode::OK, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // It depends on how many rows meet a filter now.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

fn step(step: &Step) -> Value {
    json!({
        "way": match step.does {
            Does::Walk => "walk",
            Does::Seek => "seek",
            Does::Sort => "sort",
        },
        "index": step.index,
        "part": match step.part {
            Part::Rows => "rows",
            Part::Ties => "ties",
            Part::Values => "values",
            Part::Nulls => "nulls",
        },
        "at_most": step.at_most,
        "estimated_rows": step.estimated_rows,
    })
}
