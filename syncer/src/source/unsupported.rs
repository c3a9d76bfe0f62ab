//! What a definition may say and the engine cannot do yet. It is refused by name, never ignored.

use super::{report::Report, spec::ResourceSpec};

/// Refuses what cannot be done yet with a resource.
pub(crate) fn resource(report: &mut Report<'_>, spec: &ResourceSpec) {
    if spec.search.is_some() {
        report.unsupported(
            &["search"],
            "full text search",
            "no such key: the api filters by the values of fields",
        );
    }
}
