//! What an `ETag` of rows is made of.

use super::envelope::Meta;
use crate::registry::Resource;

/// Moves with the version, the definition, and what is claimed of the rows.
pub(super) fn of_rows(resource: &Resource, meta: &Meta<'_>) -> String {
    format!("{}.{}", version(resource), meta.claims())
}

/// Moves with the version and the definition.
pub(super) fn version(resource: &Resource) -> String {
    let model = &resource.model;
    let changed = model.changed_at.map_or(0, |at| at.timestamp_millis());
    // A resource that was emptied and begins anew counts from nought again: the time tells them apart.
    let shape = resource.shape;
    format!("{}.{}.{shape:x}.{changed:x}", model.name, model.version)
}
