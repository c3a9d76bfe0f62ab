//! The benchmarks. The syncer's: runs of the real binary against an upstream at a loopback socket, beside what no syncer
//! could avoid: fetching the same pages with a bare client, and loading the same rows with the database's bulk loader. The
//! api's: its answers beside those of a server that does nothing else.
//!
//! Each of them is a process of its own, so that the kernel tells its CPU time and memory apart from all others'.
//! The databases are found as the tests find theirs.

mod api;
mod budget;
mod bulk;
mod case;
mod child;
mod floor;
mod product;
mod records;
mod report;
mod server;
mod upstream;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{bail, ensure};
use clap::{Parser, Subcommand};
use testdb::Kind;

use crate::{case::Case, product::Upstream};

/// Measures what `catchment sync` costs, or `catchment api`, and holds it against its budgets
#[derive(Parser)]
struct Cli {
    /// How many records; several: one case each
    #[arg(long, value_delimiter = ',', default_value = "100000", value_parser = clap::value_parser!(u64).range(1..=99_999_999))]
    records: Vec<u64>,
    /// sqlite, mysql, mariadb; a server is the one that `CATCHMENT_TEST_MYSQL_URL` or `CATCHMENT_TEST_MARIADB_URL` names, else
    /// one is started
    #[arg(long, value_delimiter = ',', default_value = "sqlite", value_parser = kind)]
    database: Vec<Kind>,
    /// Declare a list field, too: five rows more for each record
    #[arg(long)]
    lists: bool,
    /// 5,000 records on each database that can be had; fails if rows, requests or memory are not as they must be
    #[arg(long, conflicts_with_all = ["records", "database"])]
    small: bool,
    /// What the api's answers cost instead; wants `wrk` and `taskset`
    #[arg(long, conflicts_with = "small")]
    api: bool,
    /// With `--api`: Datasette's program, to be measured on the same SQLite file
    #[arg(long, value_name = "PROGRAM", requires = "api")]
    datasette: Option<PathBuf>,
    /// Write it into this file, in place of what was measured of the same before
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What the benchmark starts of itself.
#[derive(Subcommand)]
enum Part {
    #[command(hide = true)]
    Upstream,
    #[command(hide = true)]
    Bare { files: Vec<PathBuf> },
    #[command(hide = true)]
    Fetch { url: String },
    #[command(hide = true)]
    Execute { url: String, sql: String },
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    match &cli.part {
        Some(Part::Upstream) => Ok(upstream::serve()?),
        Some(Part::Bare { files }) => api::serve(files),
        _ => measure(&cli),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn measure(cli: &Cli) -> anyhow::Result<()> {
    match &cli.part {
        Some(Part::Fetch { url }) => floor::fetch(url).await,
        Some(Part::Execute { url, sql }) => floor::execute(url, sql).await,
        _ => benchmark(cli).await,
    }
}

async fn benchmark(cli: &Cli) -> anyhow::Result<()> {
    let binary = product::build()?;
    let upstream = Upstream::start()?;
    if cli.api {
        return answers(cli, &binary, &upstream).await;
    }
    let mut cases = Vec::new();
    for case in asked(cli)? {
        let found = case.run(&binary, &upstream).await?;
        let ratios = budget::ratios(&found);
        // Into a pipe that closed early there is nothing left to tell.
        writeln!(std::io::stdout(), "{}", report::case(&found, &ratios))?;
        cases.push((found, ratios));
    }
    written(cli, report::of_syncer(&command(cli), &cases))?;
    let all = cases.iter().flat_map(|(_, ratios)| ratios);
    let broken: Vec<_> = all.filter(|ratio| ratio.broken).collect();
    if cli.small && !broken.is_empty() {
        let told = broken
            .iter()
            .map(|ratio| format!("{}: {}", ratio.what, ratio.measured));
        bail!("missed: {}", told.collect::<Vec<_>>().join("; "));
    }
    Ok(())
}

async fn answers(cli: &Cli, binary: &Path, upstream: &Upstream) -> anyhow::Result<()> {
    let mut cases = Vec::new();
    for case in asked(cli)? {
        let programs = (binary, cli.datasette.as_deref());
        let found = api::run(programs, upstream, (case.kind, case.records)).await?;
        writeln!(std::io::stdout(), "{}", report::answers(&found))?;
        cases.push(found);
    }
    written(cli, report::of_api(&command(cli), &cases))
}

fn written(cli: &Cli, part: report::Part) -> anyhow::Result<()> {
    let Some(file) = &cli.markdown else {
        return Ok(());
    };
    let before = match file.exists() {
        true => std::fs::read_to_string(file)?,
        false => String::new(),
    };
    Ok(std::fs::write(file, part.into(&before))?)
}

fn asked(cli: &Cli) -> anyhow::Result<Vec<Case>> {
    let can_be_had = testdb::kinds();
    let (kinds, records) = match cli.small {
        true => (&can_be_had, &vec![5_000]),
        false => (&cli.database, &cli.records),
    };
    let mut cases = Vec::new();
    for &kind in kinds {
        let name = report::name(kind);
        ensure!(
            can_be_had.contains(&kind),
            "there is no {name} here; infra/test/{name} says where it looks"
        );
        let lists = cli.lists;
        cases.extend(records.iter().map(|&records| Case {
            kind,
            records,
            lists,
        }));
    }
    Ok(cases)
}

fn kind(name: &str) -> Result<Kind, String> {
    let kinds = [Kind::Sqlite, Kind::MySql, Kind::MariaDb];
    let found = kinds.into_iter().find(|kind| report::name(*kind) == name);
    found.ok_or_else(|| "write sqlite, mysql or mariadb".to_owned())
}

/// The command line that does the same again.
fn command(cli: &Cli) -> String {
    let records: Vec<String> = cli.records.iter().map(u64::to_string).collect();
    let databases: Vec<&str> = cli
        .database
        .iter()
        .map(|kind| report::name(*kind))
        .collect();
    let mut command = String::from("cargo run --release --package bench --");
    match cli.small {
        true => command.push_str(" --small"),
        false => command.push_str(&format!(
            " --records {} --database {}",
            records.join(","),
            databases.join(",")
        )),
    }
    if cli.api {
        command.push_str(" --api");
    }
    if cli.datasette.is_some() {
        // Wherever it is here.
        command.push_str(" --datasette datasette");
    }
    if cli.lists {
        command.push_str(" --lists");
    }
    if let Some(file) = &cli.markdown {
        command.push_str(&format!(" --markdown {}", file.display()));
    }
    command
}
