//! `catchment init`: a definition from an OpenAPI document.

use std::{fs, path::Path};

use serde_json::Value;
use syncer::openapi_import;

use super::Form;
use crate::{
    exit::{Exit, Misuse},
    print,
};

pub(super) fn run(form: Form, path: &Path, name: Option<&str>) -> anyhow::Result<Exit> {
    let of = |why: String| Misuse(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| of(error.to_string()))?;
    let document = document(&text).map_err(of)?;
    let drafted = openapi_import::draft(&document, name).map_err(|error| of(error.to_string()))?;
    match form {
        Form::Text => print::text(&drafted.toml)?,
        Form::Json => print::json(&drafted)?,
    }
    Ok(Exit::Done)
}

/// The document, which is JSON if it begins like an object, else YAML.
fn document(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"));
    }
    yaml_serde::from_str(text).map_err(|error| format!("it is no YAML: {error}"))
}
