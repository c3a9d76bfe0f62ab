//! The product under measurement: the real binary as a child process, on a definition of the benchmark's own upstream.

use std::{
    io::{BufRead, BufReader, Seek, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use crate::{
    child::{self, Cost},
    upstream::{SERVED, Served, TAG, UNTAG},
};

/// The resource of as many records as are asked for.
pub(crate) const ALL: &str = "breeds";
/// One of [`FEWER_RECORDS`]: memory must not grow with their number.
pub(crate) const FEWER: &str = "fewer";
/// One of none: what a process costs before the first record.
pub(crate) const NOTHING: &str = "nothing";
pub(crate) const FEWER_RECORDS: u64 = 10_000;

/// The definition's name.
const FILE: &str = "bench.toml";

/// Columns of the kinds that definitions use most; eight of the nine have an index.
const FIELDS: &str = r#"
name           = { type = "text", required = true }
description    = { type = "text", index = false }
origin         = "text"
country_code   = "text"
life_span_min  = { type = "integer", from = "/life_span", match = '^\s*(\d+)', min = 0 }
weight_kg_max  = { type = "decimal(5,2)", from = "/weight/metric", match = '(\d+(?:\.\d+)?)\s*$' }
energy_level   = { type = "integer", min = 1, max = 5 }
hypoallergenic = "boolean"
updated_at     = "timestamp"
"#;

/// Five items a record, each a row of a table of its own.
const LIST: &str = r#"temperament = { type = "list", split = "," }"#;

/// The upstream under way; it ends when this is dropped.
pub(crate) struct Upstream {
    pub url: String,
    /// It ends when its standard input does.
    process: Child,
}

impl Upstream {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("upstream")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the upstream")?;
        let mut url = String::new();
        let stdout = process.stdout.take().context("its standard output")?;
        BufReader::new(stdout).read_line(&mut url)?;
        Ok(Self {
            url: url.trim().to_owned(),
            process,
        })
    }

    /// The URL of the pages of `records` records.
    pub(crate) fn pages(&self, records: u64) -> String {
        format!("{}/{records}/breeds", self.url)
    }

    /// What it answered since this was last asked.
    pub(crate) async fn served(&self) -> anyhow::Result<Served> {
        let answer = self.get(SERVED).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Whether it gives tags from here on, and knows them again.
    pub(crate) async fn tag(&self, tagged: bool) -> anyhow::Result<()> {
        let path = if tagged { TAG } else { UNTAG };
        self.get(path).await.map(drop)
    }

    async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let answer = client.get(format!("{}{path}", self.url)).send().await?;
        Ok(answer.error_for_status()?.bytes().await?.into())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What a run did and cost.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub cost: Cost,
    pub run: Run,
    pub served: Served,
}

/// A run as `catchment sync --json` tells it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Run {
    outcome: String,
    error: Option<String>,
    pub requests: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub rejected: u64,
}

impl Run {
    pub(crate) fn written(&self) -> u64 {
        self.inserted + self.updated + self.deleted + self.rejected
    }
}

/// A key as `catchment key create --json` tells it.
#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
struct Document {
    runs: Vec<Run>,
}

/// The binary, with its definition and settings in a folder.
pub(crate) struct Product<'a> {
    binary: &'a Path,
    folder: TempDir,
    database: String,
    upstream: &'a Upstream,
}

impl<'a> Product<'a> {
    /// Makes the schema in the empty `database`.
    pub(crate) fn new(
        binary: &'a Path,
        upstream: &'a Upstream,
        database: &str,
        (records, lists): (u64, bool),
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(
            folder.path().join(FILE),
            definition(&upstream.url, records, lists),
        )?;
        let product = Self {
            binary,
            folder,
            database: database.to_owned(),
            upstream,
        };
        child::run(&mut product.command(&["migrate", "up"]))?;
        Ok(product)
    }

    /// One run of a resource, which must be complete.
    pub(crate) async fn sync(&self, resource: &str) -> anyhow::Result<Sync> {
        self.upstream.served().await?;
        let target = format!("bench.{resource}");
        let (said, cost) = child::run(&mut self.command(&["sync", &target, "--json"]))?;
        let document: Document = serde_json::from_str(&said).context(said)?;
        let Ok([run]) = <[Run; 1]>::try_from(document.runs) else {
            bail!("{target}: another process is at work on it");
        };
        let error = run.error.as_deref().unwrap_or("no error");
        ensure!(
            run.outcome == "complete",
            "{target}: {}: {error}",
            run.outcome
        );
        let served = self.upstream.served().await?;
        Ok(Sync { cost, run, served })
    }

    /// Gives the resource [`NOTHING`] a record, from its next run on.
    pub(crate) fn one_record(&self) -> anyhow::Result<()> {
        let file = self.folder.path().join(FILE);
        let definition = std::fs::read_to_string(&file)?;
        Ok(std::fs::write(
            file,
            definition.replace("\"/0/breeds\"", "\"/1/breeds\""),
        )?)
    }

    /// Makes somebody who may read.
    pub(crate) fn add_user(&self, name: &str, password: &str) -> anyhow::Result<()> {
        let mut input = tempfile::tempfile()?;
        writeln!(input, "{password}")?;
        input.rewind()?;
        let mut command = self.command(&["user", "add", name, "--role", "reader"]);
        child::run_on(&mut command, input.into()).map(drop)
    }

    /// A key of that user's.
    pub(crate) fn key(&self, user: &str) -> anyhow::Result<String> {
        let arguments = [
            "key", "create", "bench", "--user", user, "--scope", "read", "--json",
        ];
        let (said, _) = child::run(&mut self.command(&arguments))?;
        let Key { key } = serde_json::from_str(&said).context(said)?;
        Ok(key)
    }

    /// A command of the product on this database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("CATCHMENT__DATABASE__URL", &self.database)
            .env("CATCHMENT__SOURCES__DIR", self.folder.path());
        command
    }
}

fn definition(url: &str, records: u64, lists: bool) -> String {
    let mut text = format!(
        "[source]\nname = \"bench\"\nbase_url = \"{url}\"\nschedule = \"every 24h\"\nlimits = {{ concurrency = 4 }}\n"
    );
    let list = if lists { LIST } else { "" };
    for (name, records) in [(ALL, records), (FEWER, FEWER_RECORDS), (NOTHING, 0)] {
        text.push_str(&format!(
            "\n[resource.{name}]\npath = \"/{records}/breeds\"\nkey = \"id\"\npage = {{ kind = \"page\", \
             param = \"page\", start = 0, size_param = \"limit\", size = 1000, total = \"header:pagination-count\" }}\n\
             \n[resource.{name}.fields]{FIELDS}{list}\n"
        ));
    }
    text
}

/// The product's binary, built beside this one in the same profile.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().context("this program is in a folder")?;
    let mut command = Command::new("cargo");
    command
        .args(["build", "--quiet"])
        .args(match folder.ends_with("release") {
            true => ["--release", "--package", "catchment"].as_slice(),
            // As the tests are built: for one package alone the dependencies would be compiled anew.
            false => &["--workspace", "--all-targets"],
        })
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    ensure!(command.status()?.success(), "catchment cannot be built");
    Ok(folder.join("catchment"))
}
