//! Proposes a definition from real answers.
//!
//! Where the records are, what identifies one, how pages are asked for, and the type of each member: what rests
//! on little is said in a comment, and nothing is guessed in silence.
//!
//! `ask` and `walk` make the requests; everything else decides, from answers to a proposal.

/// A few requests.
mod ask;
mod subject;
mod url;
mod walk;

/// What came.
mod answer;
mod json;
mod members;
mod records;

/// How more pages are asked for.
mod asked;
mod paging;
mod signs;
mod step;
mod total;

/// What identifies a record, and the types of its members.
mod columns;
mod key;
mod kind;
mod list;
mod number;
mod text;
mod time;

/// All of it, as TOML.
mod proposal;

use ::url::Url;
use serde::Serialize;

use self::{ask::Asker, subject::Subject};
use crate::{
    Ctx, SyncError,
    source::{Environment, Faults, File},
};

/// What is proposed, and what it rests on.
#[derive(Clone, Debug, Serialize)]
pub struct Inferred {
    pub source: String,
    pub resource: String,
    /// A whole definition, or the tables of one resource.
    pub toml: String,
    /// Records that were seen.
    pub records: usize,
    pub pages: usize,
    pub requests: i64,
}

/// Why nothing is proposed.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    #[error("the definition cannot be asked with\n{0}")]
    Faulty(Faults),
    #[error("{0}")]
    Nothing(String),
    #[error(transparent)]
    Upstream(#[from] SyncError),
}

/// Proposes a definition for the list at `url`.
///
/// # Errors
/// The upstream does not answer with records.
pub async fn of_url(ctx: &Ctx, url: &Url) -> Result<Inferred, InferError> {
    let environment = Environment {
        secret: &|_| Ok(None),
        overrides: std::collections::BTreeMap::new(),
        enabled: None,
    };
    look(ctx, &Subject::of_url(url)?, &environment).await
}

/// Proposes what the `resource` of `source` lacks, which `file` describes.
///
/// # Errors
/// The file cannot be asked with, or the upstream does not answer with records.
pub async fn of_resource(
    ctx: &Ctx,
    (file, environment): (&File, &Environment<'_>),
    source: &str,
    resource: &str,
) -> Result<Inferred, InferError> {
    let subject = Subject::of_file(file, source, resource)?;
    look(ctx, &subject, environment).await
}

async fn look(
    ctx: &Ctx,
    subject: &Subject,
    environment: &Environment<'_>,
) -> Result<Inferred, InferError> {
    let mut asker = Asker::new(ctx, subject, environment);
    let walking = walk::walk(
        &mut asker,
        &subject.asked,
        &subject.resource,
        &subject.declared,
    );
    let walked = Box::pin(walking).await?;
    let requests = asker.counts.requests;
    Ok(proposal::propose(subject, &walked, requests))
}

#[cfg(test)]
mod tests;
