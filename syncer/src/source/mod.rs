//! Definition files, checked and turned into plans.
//!
//! `files -> document (tree, grammar, spec) -> plans`: every fault of every file is collected on the way,
//! and only definitions without any become a catalogue. Nothing here reads a file or the environment.

/// What is checked and in which order.
mod catalog;
/// What the engine runs.
pub mod plan;
/// When runs are due.
pub mod schedule;
/// The definitions that come with Catchment.
mod shipped;

/// Files to documents.
mod accepted;
mod document;
mod grammar;
mod reading;
mod schema;
mod search;
mod spec;
mod tree;

/// Sources.
mod address;
mod auth;
mod folder;
mod upstream;
mod written;

/// Resources.
mod access;
mod answer;
mod demands;
mod face;
mod fingerprint;
mod identity;
mod incremental;
mod marks;
mod orders;
mod paging;
mod parameters;
mod relation;
mod request;
mod resource;

/// Fields and tables.
mod column;
mod rule;
mod table;
mod uses;

/// What all of them are read with.
mod body;
mod fault;
pub(crate) mod names;
mod notation;
mod pointing;
mod report;
mod template;

use std::collections::{BTreeMap, BTreeSet};

pub use catalog::load;
pub use fault::{Fault, Faults};
pub use schema::schema;
pub use shipped::{is_shipped, shipped};
pub use template::Secrets;

/// A definition file.
#[derive(Clone, Debug)]
pub struct File {
    /// As messages name it.
    pub path: String,
    pub text: String,
}

/// What definitions may depend on beside their text.
pub struct Environment<'a> {
    /// Finds the value of `${NAME}` (`"NAME"`) and `${file:/path}` (`"file:/path"`).
    pub secret: &'a Secrets<'a>,
    /// Keys of `[source]` that settings replace, by the source's name.
    pub overrides: BTreeMap<String, toml::Table>,
    /// The sources to load; `None`: all. The definitions of others are not looked into.
    pub enabled: Option<BTreeSet<String>>,
}

#[cfg(test)]
mod tests;
