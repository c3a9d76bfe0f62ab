//! What an answer says of where its rows come from, and how far to trust them.

use chrono::{DateTime, Utc};
use entity::local::Done;
use serde::Serialize;

use crate::registry::Resource;

/// The member `meta`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Meta<'a> {
    source: &'a str,
    resource: &'a str,
    version: i64,
    synced_at: Option<DateTime<Utc>>,
    complete: bool,
    stale: bool,
}

impl<'a> Meta<'a> {
    pub(crate) fn of(resource: &'a Resource, is_stale: bool) -> Self {
        Self {
            source: &resource.source.name,
            resource: &resource.model.name,
            version: resource.model.version,
            synced_at: resource.model.synced_at,
            complete: resource.model.complete,
            stale: is_stale,
        }
    }

    /// Of a resource that a caller has written.
    pub(crate) fn written(resource: &'a Resource, done: Done) -> Self {
        Self {
            version: done.version,
            synced_at: done.at,
            complete: true,
            ..Self::of(resource, false)
        }
    }
}
