//! The api's benchmark: what its answers cost, beside what bare axum needs for the same bytes on the same core, and beside
//! Datasette on the same file.

mod anew;
mod bare;
mod datasette;
mod export;
mod guessed;
mod kept;
mod known;
mod server;
mod streams;
mod wrk;

use std::path::Path;

use anyhow::Context;
use testdb::Kind;

pub(crate) use anew::DEPTH;
pub(crate) use bare::serve;
pub(crate) use export::Export;
pub(crate) use streams::Streams;
use wrk::{Load, Wrk};

use crate::{
    product::{ALL, NOTHING, Product, Upstream},
    server::Server as Database,
};

/// Each server is measured so often, in turns, but where it says otherwise; the best counts.
const ROUNDS: usize = 3;
/// Rows of a page.
pub(crate) const PAGE: u64 = 50;

/// What is asked for, and how it was answered.
#[derive(Debug)]
pub(crate) struct Measured {
    pub name: &'static str,
    pub bytes: usize,
    pub ours: Load,
    /// Of what it is compared with.
    pub theirs: Load,
    /// The least part of its rate that is wanted, if one is.
    pub budget: Option<f64>,
}

/// All that is measured of a database of so many records.
#[derive(Debug)]
pub(crate) struct Findings {
    pub records: u64,
    pub database: Database,
    /// Bytes resident before the first request, and after all of the kept answers.
    pub idle: u64,
    pub after: u64,
    /// Beside bare axum with the same bytes.
    pub bare: Vec<Measured>,
    /// For somebody known, beside the same for nobody known.
    pub known: Vec<Measured>,
    /// A page in the depth, beside the first.
    pub depth: Vec<Measured>,
    /// Beside Datasette, and which one; only of SQLite, where it is installed.
    pub datasette: Option<(String, Vec<Measured>)>,
    pub export: Export,
    pub streams: Streams,
}

/// `datasette`: the program, if it is to be measured.
pub(crate) async fn run(
    (binary, datasette): (&Path, Option<&Path>),
    upstream: &Upstream,
    (kind, records): (Kind, u64),
) -> anyhow::Result<Findings> {
    let database = testdb::fresh(kind).await;
    let product = Product::new(binary, upstream, &database.url, (records, false))?;
    product.sync(ALL).await?;
    product.sync(NOTHING).await?;

    let keeping = server::started(&product, 32).await?;
    let idle = keeping.resident()?;
    let mut bare = kept::measured(&keeping).await?;
    let known = known::measured(&product, &keeping).await?;
    let after = keeping.resident()?;
    let beside = match (database.file(), datasette) {
        (Some(file), Some(program)) => {
            let measured = datasette::measured(program, &file, &keeping).await;
            Some(measured.with_context(|| program.display().to_string())?)
        }
        _ => None,
    };
    drop(keeping);

    let forgetting = server::started(&product, 0).await?;
    bare.extend(anew::beside_bare(&forgetting).await?);
    let depth = anew::at_depth(&forgetting, records).await?;
    drop(forgetting);

    Ok(Findings {
        records,
        database: Database::of(&database).await?,
        idle,
        after,
        bare,
        known,
        depth,
        datasette: beside,
        export: export::measured(&server::started(&product, 32).await?).await?,
        streams: streams::measured(&product).await?,
    })
}

/// The better of several, each a turn apart.
fn in_turns(
    rounds: usize,
    one: impl Fn() -> anyhow::Result<Load>,
    other: impl Fn() -> anyhow::Result<Load>,
) -> anyhow::Result<(Load, Load)> {
    let mut best: Option<(Load, Load)> = None;
    for _ in 0..rounds {
        let (a, b) = (one()?, other()?);
        best = Some(match best {
            None => (a, b),
            Some((c, d)) => (faster(a, c), faster(b, d)),
        });
    }
    best.context("there is a round")
}

fn faster(one: Load, other: Load) -> Load {
    if one.rate > other.rate { one } else { other }
}
