//! A definition as it is written: what serde reads, and what the published JSON Schema is made from.
//!
//! Everything is optional that may be left out; a doc comment is the key's description in editors.
//! What goes beyond shape (a cron expression, a pointer, a name that exists) is checked on the way to the plan.

mod auth;
mod cursor;
mod field;
mod page;
mod resource;
mod source;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use auth::*;
pub(crate) use cursor::*;
pub(crate) use field::*;
pub(crate) use page::*;
pub(crate) use resource::*;
pub(crate) use source::*;

/// A source and its resources, one file each.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Definition")]
pub(crate) struct FileSpec {
    /// The upstream HTTP API.
    pub(crate) source: SourceSpec,
    /// Keys that every resource starts from; its own are merged over them.
    #[serde(default)]
    pub(crate) defaults: ResourceSpec,
    /// The source's collections by name.
    #[serde(default)]
    pub(crate) resource: BTreeMap<String, ResourceSpec>,
}

/// A text, a whole number or a boolean: what a parameter or header holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Scalar {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

impl Scalar {
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(integer) => integer.to_string(),
            Self::Boolean(boolean) => boolean.to_string(),
        }
    }
}

/// A number; in quotes where a binary fraction would not be exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Number {
    Integer(i64),
    Float(f64),
    Text(String),
}

impl Number {
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Float(float) => float.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// One name, or several in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Names {
    One(String),
    Many(Vec<String>),
}

impl Names {
    pub(crate) fn to_vec(&self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name.clone()],
            Self::Many(names) => names.clone(),
        }
    }
}

/// A share of all rows (`"20%"`) or a number of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Amount {
    Share(String),
    Rows(u64),
}
