//! Whether a draft passes the check of definitions, as it is printed.

use std::collections::BTreeMap;

use crate::source::{self, Environment, File};

/// The faults of a definition, each of whose secrets is there.
pub(crate) fn faults(toml: &str) -> Result<(), String> {
    let file = File {
        path: "draft.toml".to_owned(),
        text: toml.to_owned(),
    };
    let environment = Environment {
        secret: &|_| Ok(Some("s3cret".into())),
        overrides: BTreeMap::new(),
        enabled: None,
    };
    match source::load(&[file], &environment) {
        Ok(_) => Ok(()),
        Err(faults) => Err(format!("{faults}\n{toml}")),
    }
}
