//! The tap: how the syncers fare, and what they are asked to do.
//!
//! All of it is read from the database and written there: no syncer is ever spoken to. What is asked for waits there until
//! a syncer obeys, in whichever process, and what came of it is found where it was asked for.

pub(crate) mod commands;
pub(crate) mod events;
pub(crate) mod fare;
pub(crate) mod rejects;
pub(crate) mod runs;

mod actor;
mod ask;
mod board;
mod live;
mod target;
mod told;

use axum::{
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

pub(crate) use self::board::Board;
use self::told::Body;
use crate::problem::Problem;

/// An answer that nobody keeps: it may be another the next moment.
fn answer(status: StatusCode, data: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(&Body { data }).map_err(Problem::internal)?;
    let headers: [(HeaderName, &str); 2] = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((status, headers, body).into_response())
}
