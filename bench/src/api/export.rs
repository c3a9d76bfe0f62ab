//! An export of all rows, beside bare axum that sends as many bytes.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::server::{self, Server};
use crate::product::ALL;

/// What an export of all rows took.
#[derive(Debug)]
pub(crate) struct Export {
    pub bytes: u64,
    pub wall: Duration,
    pub cpu: Duration,
    /// Bare axum's, for as many bytes.
    pub bare_wall: Duration,
    pub bare_cpu: Duration,
    /// Bytes resident before it, and the most while it went on.
    pub before: u64,
    pub peak: u64,
}

/// A transfer as its client saw it.
struct Taken {
    bytes: u64,
    wall: Duration,
    cpu: Duration,
}

/// Of all rows as NDJSON.
pub(super) async fn measured(ours: &Server) -> anyhow::Result<Export> {
    let before = ours.resident()?;
    ours.forget_peak()?;
    let path = format!("/api/v1/bench/{ALL}/-/export?format=ndjson");
    let taken = taken(ours, &path).await?;
    let peak = ours.peak()?;
    let bare = server::bare(std::iter::empty())?;
    let floor = self::taken(&bare, &format!("/bytes/{}", taken.bytes)).await?;
    ensure!(
        floor.bytes == taken.bytes,
        "bare axum sent {} bytes of {}",
        floor.bytes,
        taken.bytes
    );
    Ok(Export {
        bytes: taken.bytes,
        wall: taken.wall,
        cpu: taken.cpu,
        bare_wall: floor.wall,
        bare_cpu: floor.cpu,
        before,
        peak,
    })
}

/// Reads an answer to its end, and throws it away; one that is cut off is an error.
async fn taken(server: &Server, path: &str) -> anyhow::Result<Taken> {
    let client = reqwest::Client::builder();
    let client = client.no_proxy().no_gzip().no_brotli().no_zstd().build()?;
    let (began, used) = (Instant::now(), server.cpu()?);
    let answer = client.get(format!("{}{path}", server.url)).send().await?;
    let mut answer = answer.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await.context("the answer was cut off")? {
        bytes += u64::try_from(chunk.len())?;
    }
    Ok(Taken {
        bytes,
        wall: began.elapsed(),
        cpu: server.cpu()? - used,
    })
}
