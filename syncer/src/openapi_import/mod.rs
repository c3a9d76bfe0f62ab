//! Drafts a definition from an OpenAPI document (3.0, 3.1, and Swagger 2.0), without asking its upstream.
//!
//! A document says what its author meant, not what the upstream does: everything that it leaves open is
//! said in a comment, and `infer` finds it out.

mod child;
mod document;
mod fields;
mod lines;
mod list;
mod paging;
mod resource;
mod schema;
mod source;

use serde::Serialize;
use serde_json::Value;

use self::{document::Document, resource::Resource};
use crate::draft::Draft;

/// A definition as it is drafted.
#[derive(Clone, Debug, Serialize)]
pub struct Drafted {
    pub source: String,
    pub resources: Vec<String>,
    pub toml: String,
    /// GET operations that are not in it, each with the reason.
    pub left_out: Vec<String>,
}

/// Why nothing is drafted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error(
        "it is no OpenAPI document: there is neither `openapi: 3.…` nor `swagger: \"2.0\"` in it"
    )]
    NoOpenApi,
    #[error(
        "no GET operation of it answers a list, so there is nothing to mirror{}",
        if .0.is_empty() { String::new() } else { format!(": {}", .0.join("; ")) }
    )]
    NoList(Vec<String>),
}

/// Drafts a definition from `document`; `name` is what its source is to be called.
///
/// # Errors
/// It is no OpenAPI document, or describes no list.
pub fn draft(document: &Value, name: Option<&str>) -> Result<Drafted, ImportError> {
    let document = Document::new(document).ok_or(ImportError::NoOpenApi)?;
    let source = source::name(&document, name);
    let (resources, left_out) = resource::all(&document, &source);
    if resources.is_empty() {
        return Err(ImportError::NoList(left_out));
    }
    let mut tables = source::tables(&document, &source);
    tables.extend(resources.iter().flat_map(Resource::tables));
    let draft = Draft {
        head: head(&document, &left_out),
        tables,
    };
    Ok(Drafted {
        toml: draft.to_toml(),
        resources: resources
            .into_iter()
            .map(|resource| resource.name)
            .collect(),
        source,
        left_out,
    })
}

fn head(document: &Document<'_>, left_out: &[String]) -> Vec<String> {
    let info = |key: &str| document.text(&["info", key]).unwrap_or_default();
    let title = format!("{} {}", info("title"), info("version"));
    let mut head = vec![
        format!("Drafted by `catchment init` from the OpenAPI document of {}.", title.trim()),
        "Nothing of it was tried: `catchment check` asks each resource once, `catchment infer` looks at real answers."
            .to_owned(),
    ];
    if !left_out.is_empty() {
        head.push(format!("Left out: {}.", left_out.join("; ")));
    }
    head
}

#[cfg(test)]
mod tests;
