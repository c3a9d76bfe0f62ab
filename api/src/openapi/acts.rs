//! The operations that do not tell of rows, laid into the document's paths.

use serde_json::{Map, Value, json};

use super::{act::Act, login};

/// Adds them to `paths`, some of which have operations already.
pub(super) fn lay(paths: &mut Map<String, Value>) {
    for (path, act) in acts() {
        let (method, operation) = act.member();
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation;
    }
}

fn acts() -> Vec<(String, Act<'static>)> {
    login::acts()
}
