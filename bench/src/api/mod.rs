//! The api's benchmark: what an answer costs, beside what bare axum needs for the same bytes on the same core.

mod bare;
mod wrk;

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use testdb::Kind;

use bare::Recorded;
pub(crate) use bare::serve;
use wrk::{Load, Server};

use crate::product::{ALL, Product, Upstream};

/// Each server is measured so often, in turns; the best counts.
const ROUNDS: usize = 3;
/// Rows of a page.
const PAGE: u64 = 50;

/// What is asked for, and how it was answered.
#[derive(Debug)]
pub(crate) struct Measured {
    pub name: &'static str,
    pub bytes: usize,
    pub ours: Load,
    /// Of what it is compared with: bare axum, or the first page.
    pub theirs: Load,
    /// The least part of its rate that is wanted.
    pub budget: f64,
}

/// All that is measured of a database of so many records.
#[derive(Debug)]
pub(crate) struct Findings {
    pub kind: Kind,
    pub records: u64,
    /// Bytes resident before the first request, and after the last.
    pub idle: u64,
    pub after: u64,
    pub measured: Vec<Measured>,
}

/// An answer to be asked for again and again.
struct Subject {
    name: &'static str,
    path: String,
    header: Option<String>,
    budget: f64,
}

pub(crate) async fn run(
    binary: &Path,
    upstream: &Upstream,
    (kind, records): (Kind, u64),
) -> anyhow::Result<Findings> {
    let database = testdb::fresh(kind).await;
    let product = Product::new(binary, upstream, &database.url, (records, false))?;
    product.sync(ALL).await?;
    let ours = started(&product, 32).await?;
    let idle = ours.resident()?;
    let mut measured = kept(&ours).await?;
    let after = ours.resident()?;
    drop(ours);
    let anew = started(&product, 0).await?;
    measured.extend(deep(&anew, records).await?);
    Ok(Findings {
        kind,
        records,
        idle,
        after,
        measured,
    })
}

/// Answers that are kept, beside the same bytes of bare axum.
async fn kept(ours: &Server) -> anyhow::Result<Vec<Measured>> {
    let subjects = subjects(ours).await?;
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
        let headers: Vec<String> = subject.header.into_iter().collect();
        let (ours, theirs) = in_turns(
            || ours.load(&subject.path, &headers),
            || theirs.load(&path, &headers),
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

async fn subjects(ours: &Server) -> anyhow::Result<[Subject; 4]> {
    let list = format!("/api/v1/bench/{ALL}?limit={PAGE}");
    let answer = get(&format!("{}{list}", ours.url)).await?;
    let tag = answer.headers().get("etag").context("an ETag")?;
    let tag = tag.to_str()?.to_owned();
    let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
    let key = body["data"][0]["id"].as_str().context("a key")?;
    let subject = |name, path: &str, header: Option<String>, budget| Subject {
        name,
        path: path.to_owned(),
        header,
        budget,
    };
    let gzip = Some("Accept-Encoding: gzip".to_owned());
    let known = Some(format!("If-None-Match: {tag}"));
    let one = format!("/api/v1/bench/{ALL}/{key}");
    Ok([
        subject("list of 50, kept", &list, None, 0.8),
        subject("list of 50, kept, gzip", &list, gzip, 0.8),
        subject("one record, kept", &one, None, 0.8),
        subject("list of 50, 304", &list, known, 0.9),
    ])
}

/// Bare axum with those answers.
fn bare<'a>(files: impl Iterator<Item = &'a Path>) -> anyhow::Result<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare").args(files);
    let mut server = Server::start(&command, String::new())?;
    let stdout = server.process.stdout.take();
    let stdout = stdout.context("its standard output")?;
    BufReader::new(stdout).read_line(&mut server.url)?;
    server.url.truncate(server.url.trim_end().len());
    Ok(server)
}

/// Lists that are read from the database each time: a deep page beside the first.
async fn deep(ours: &Server, records: u64) -> anyhow::Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for (name, order) in [
        ("list anew, in order of arrival: deep page / first", ""),
        (
            "list anew, sorted: deep page / first",
            "&sort=-weight_kg_max",
        ),
    ] {
        let first = format!("/api/v1/bench/{ALL}?limit={PAGE}{order}");
        let pages = (records / 1000).min(500);
        let mut cursor = String::new();
        for page in 0..pages {
            let from = if page == 0 {
                String::new()
            } else {
                format!("&cursor={cursor}")
            };
            let url = format!("{}/api/v1/bench/{ALL}?limit=1000{order}{from}", ours.url);
            let body: Value = serde_json::from_slice(&get(&url).await?.bytes().await?)?;
            match body["page"]["next"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        let deep = format!("{first}&cursor={cursor}");
        let bytes = ours.recorded(&first, None).await?.body.len();
        let (at_depth, at_first) = in_turns(|| ours.load(&deep, &[]), || ours.load(&first, &[]))?;
        measured.push(Measured {
            name,
            bytes,
            ours: at_depth,
            theirs: at_first,
            budget: 0.9,
        });
    }
    Ok(measured)
}

/// The better of several, each a turn apart.
fn in_turns(
    one: impl Fn() -> anyhow::Result<Load>,
    other: impl Fn() -> anyhow::Result<Load>,
) -> anyhow::Result<(Load, Load)> {
    let mut best: Option<(Load, Load)> = None;
    for _ in 0..ROUNDS {
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

/// The product's api, ready, with so many mebibytes for kept answers.
async fn started(product: &Product<'_>, cache_mib: u32) -> anyhow::Result<Server> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = product.command(&["api"]);
    command
        .env("CATCHMENT__API__LISTEN", format!("127.0.0.1:{port}"))
        .env("CATCHMENT__API__CACHE_MIB", cache_mib.to_string());
    let server = Server::start(&command, format!("http://127.0.0.1:{port}"))?;
    for _ in 0..500 {
        if get(&format!("{}/readyz", server.url)).await.is_ok() {
            return Ok(server);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("the api is not ready after ten seconds")
}

impl Server {
    /// What it answers, but for what every server adds.
    async fn recorded(&self, path: &str, header: Option<&str>) -> anyhow::Result<Recorded> {
        let client = reqwest::Client::builder();
        let client = client.no_proxy().no_gzip().no_brotli().no_zstd().build()?;
        let mut request = client.get(format!("{}{path}", self.url));
        if let Some((name, value)) = header.and_then(|header| header.split_once(": ")) {
            request = request.header(name, value);
        }
        let answer = request.send().await?.error_for_status()?;
        let own = answer.headers().iter();
        let own = own.filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()));
        let headers = own.map(|(name, value)| Ok((name.to_string(), value.to_str()?.to_owned())));
        Ok(Recorded {
            status: answer.status().as_u16(),
            headers: headers.collect::<anyhow::Result<_>>()?,
            body: answer.bytes().await?.into(),
        })
    }
}

async fn get(url: &str) -> anyhow::Result<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(url).send().await?;
    ensure!(answer.status().is_success(), "{url}: {}", answer.status());
    Ok(answer)
}
