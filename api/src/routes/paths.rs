//! The URLs of the api, and what holds of each: what it answers with, what it asks, in which forms it answers.

use crate::{accept, changes, export, sync};

/// Where all else is found.
pub(super) const SERVICE: &str = "/api/v1";
pub(super) const CATALOG: &str = "/api/v1/catalog";
pub(super) const CATALOG_OF_SOURCE: &str = "/api/v1/catalog/{source}";
pub(super) const AUDIT: &str = "/api/v1/audit";
pub(super) const USERS: &str = "/api/v1/users";
pub(super) const USER: &str = "/api/v1/users/{id}";
pub(super) const ME: &str = "/api/v1/users/me";
pub(super) const LIST: &str = "/api/v1/{source}/{resource}";
pub(super) const ONE: &str = "/api/v1/{source}/{resource}/{key}";
pub(super) const CHILDREN: &str = "/api/v1/{source}/{resource}/{key}/{child}";
pub(super) const SCHEMA: &str = "/api/v1/{source}/{resource}/-/schema";
/// Where the changes of a resource's rows are told: its answer may wait for them.
pub(crate) const CHANGES: &str = "/api/v1/{source}/{resource}/-/changes";
pub(crate) const EXPORT: &str = "/api/v1/{source}/{resource}/-/export";
pub(crate) const FACETS: &str = "/api/v1/{source}/{resource}/-/facets";
pub(super) const HISTORY: &str = "/api/v1/{source}/{resource}/{key}/-/history";
pub(super) const MIRROR: &str = "/mirror/{source}/{*path}";
/// Where many rows are written at once: its body may be large, and take its time.
pub(crate) const IMPORT: &str = "/api/v1/{source}/{resource}/-/import";
pub(super) const RANDOM: &str = "/api/v1/{source}/{resource}/-/random";

/// How the syncers fare, and what they are asked to do.
pub(super) const SYNC: &str = "/api/v1/sync";
pub(super) const SYNC_RUN_ALL: &str = "/api/v1/sync/runs";
pub(super) const SYNC_RUN: &str = "/api/v1/sync/runs/{id}";
pub(super) const SYNC_CANCEL: &str = "/api/v1/sync/runs/{id}/cancel";
pub(super) const COMMANDS: &str = "/api/v1/sync/commands";
/// What became of a command: its answer may wait for that.
pub(crate) const COMMAND: &str = "/api/v1/sync/commands/{id}";
pub(super) const SYNC_EVENTS: &str = "/api/v1/sync/events";
pub(super) const SYNC_SOURCE: &str = "/api/v1/sync/{source}";
pub(super) const SYNC_RUN_SOURCE: &str = "/api/v1/sync/{source}/runs";
pub(super) const SYNC_RESOURCE: &str = "/api/v1/sync/{source}/{resource}";
pub(super) const SYNC_RUN_RESOURCE: &str = "/api/v1/sync/{source}/{resource}/runs";
pub(super) const REJECTS: &str = "/api/v1/sync/{source}/{resource}/rejects";
pub(super) const REJECT_COUNTS: &str = "/api/v1/sync/{source}/{resource}/rejects/counts";
pub(super) const REJECT: &str = "/api/v1/sync/{source}/{resource}/rejects/{id}";
pub(super) const REPLAY: &str = "/api/v1/sync/{source}/{resource}/rejects/replay";

/// Whether rows are written at a route, too, where no syncer writes them.
pub(crate) fn is_written(route: &str) -> bool {
    matches!(route, LIST | ONE)
}

/// Whether a route answers with rows, or what is counted of them: the same for all who ask the same.
pub(crate) fn is_of_rows(route: &str) -> bool {
    matches!(route, LIST | ONE | CHILDREN | FACETS)
}

/// Whether a route asks the database.
pub(crate) fn asks_database(route: &str) -> bool {
    let is_tap = route.starts_with(SYNC);
    is_of_rows(route) || is_tap || matches!(route, RANDOM | CHANGES | EXPORT | HISTORY | MIRROR)
}

/// Whether a route has answers that are kept here.
pub(crate) fn may_be_kept(route: &str) -> bool {
    is_of_rows(route) || matches!(route, HISTORY | MIRROR)
}

/// Whether a caller may say how long it waits for the database.
pub(crate) fn takes_timeout(route: &str) -> bool {
    is_of_rows(route) || matches!(route, RANDOM | HISTORY)
}

/// The forms in which a route answers, beside plain JSON, which most of them are; none: whoever asks there takes what comes.
pub(crate) fn forms(route: &str) -> &'static [&'static str] {
    match route {
        SERVICE | CATALOG | CATALOG_OF_SOURCE | RANDOM | HISTORY | IMPORT => &accept::JSON,
        SYNC_EVENTS => &sync::events::FORMS,
        route if route.starts_with(SYNC) => &accept::JSON,
        SCHEMA => &["application/schema+json"],
        CHANGES => &changes::FORMS,
        EXPORT => &export::FORMS,
        route if is_of_rows(route) => &accept::JSON,
        _ => &[],
    }
}
