//! One registered resource: its rows' state, how they are read, and who may read them.

use std::sync::Arc;

use entity::{access::Rule, definition::Definition, resource, source};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// A registered resource, as of the last reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) source: source::Model,
    pub(crate) model: resource::Model,
    pub(crate) definition: Arc<Definition>,
    /// The same with the indexes that are made when the run that fills the table has ended; `None`: they stand.
    pub(crate) to_be: Option<Arc<Definition>>,
    /// Who may read it.
    pub(crate) rule: Rule,
    /// Moves with the definition: which rows a filter finds depends on how its field is read.
    pub(crate) shape: u32,
}

impl Resource {
    /// Whether the table is there: it is made by the first run.
    pub(crate) fn has_table(&self) -> bool {
        !self.model.projection.is_empty()
    }

    /// What `ask` makes of the definition.
    ///
    /// # Errors
    /// All that is wrong with what is asked; or that it has to wait for the indexes, where only these are wanting.
    pub(crate) fn asked<'a, T>(
        &'a self,
        ask: impl Fn(&'a Definition) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let asked = ask(&self.definition);
        match &self.to_be {
            Some(to_be) if asked.is_err() => {
                Err(ask(to_be).err().unwrap_or_else(|| self.being_filled()))
            }
            _ => asked,
        }
    }

    /// The definition with all of its indexes, whether they stand or not.
    pub(crate) fn whole(&self) -> &Definition {
        self.to_be.as_ref().unwrap_or(&self.definition)
    }

    /// It will be answered when the first run has ended.
    pub(crate) fn being_filled(&self) -> Problem {
        Problem::being_filled(&self.model.name)
    }

    /// Whether its rows, and how they are read, are still those of `old`.
    pub(crate) fn has_rows_of(&self, old: &Self) -> bool {
        let state = |resource: &Self| {
            let model = &resource.model;
            (model.id, model.version, model.changed_at, resource.shape)
        };
        state(self) == state(old) && self.has_table() == old.has_table()
    }

    /// Whether everybody may read it.
    pub(crate) fn is_public(&self) -> bool {
        self.rule == Rule::Public
    }

    /// The version up to which changes are told; `None`: it is being filled for the first time, and the index by which
    /// they are read is made when that is done.
    pub(crate) fn told(&self) -> Option<i64> {
        (self.has_table() && self.model.indexed).then_some(self.model.version)
    }
}

pub(super) fn shape(definition: &str) -> u32 {
    let digest = Sha256::digest(definition.as_bytes());
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}
