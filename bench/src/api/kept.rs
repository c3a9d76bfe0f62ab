//! Answers that are kept, beside the same bytes of bare axum.

use anyhow::Context;
use serde_json::Value;

use super::{
    Measured, PAGE, ROUNDS, Wrk, in_turns,
    server::{Server, bare, get},
};
use crate::product::ALL;

/// An answer to be asked for again and again.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) path: String,
    pub(super) header: Option<String>,
    pub(super) budget: Option<f64>,
    pub(super) wrk: Wrk,
}

impl Subject {
    pub(super) fn of(name: &'static str, path: String) -> Self {
        Self {
            name,
            path,
            header: None,
            budget: None,
            wrk: Wrk::default(),
        }
    }
}

pub(super) async fn measured(ours: &Server) -> anyhow::Result<Vec<Measured>> {
    beside_bare(ours, subjects(ours).await?).await
}

/// Each beside bare axum that answers what `ours` answered once.
pub(super) async fn beside_bare(
    ours: &Server,
    subjects: Vec<Subject>,
) -> anyhow::Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    let mut bodies = Vec::new();
    for (at, subject) in subjects.iter().enumerate() {
        let file = folder.path().join(at.to_string());
        let recorded = ours.recorded(&subject.path, subject.header.as_deref());
        let recorded = recorded.await?;
        std::fs::write(&file, serde_json::to_vec(&recorded)?)?;
        bodies.push((file, recorded.body.len()));
    }
    let theirs = bare(bodies.iter().map(|(file, _)| file.as_path()))?;
    let mut measured = Vec::new();
    for (at, (subject, (_, bytes))) in subjects.into_iter().zip(bodies).enumerate() {
        let path = format!("/{at}");
        let header = subject.header.as_deref();
        let (ours, theirs) = in_turns(
            ROUNDS,
            || subject.wrk.load(ours, &subject.path, header),
            || subject.wrk.load(&theirs, &path, header),
        )?;
        measured.push(Measured {
            name: subject.name,
            bytes,
            ours,
            theirs,
            budget: subject.budget,
        });
    }
    Ok(measured)
}

async fn subjects(ours: &Server) -> anyhow::Result<Vec<Subject>> {
    let list = format!("/api/v1/bench/{ALL}?limit={PAGE}");
    let answer = get(&format!("{}{list}", ours.url)).await?;
    let tag = answer.headers().get("etag").context("an ETag")?;
    let known = format!("If-None-Match: {}", tag.to_str()?);
    let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
    let key = body["data"][0]["id"].as_str().context("a key")?;
    let one = format!("/api/v1/bench/{ALL}/{key}");
    let subject = |name, path: &str, header: Option<&str>, budget| Subject {
        header: header.map(str::to_owned),
        budget: Some(budget),
        ..Subject::of(name, path.to_owned())
    };
    let gzip = Some("Accept-Encoding: gzip");
    Ok(vec![
        subject("list of 50, kept", &list, None, 0.8),
        subject("list of 50, kept, gzip", &list, gzip, 0.8),
        subject("one record, kept", &one, None, 0.8),
        subject("list of 50, 304", &list, Some(&known), 0.9),
        Subject::of("facet, kept", facet()),
    ])
}

/// The values of a field, with the number of rows that have them.
pub(super) fn facet() -> String {
    format!("/api/v1/bench/{ALL}/-/facets?facet=origin")
}
