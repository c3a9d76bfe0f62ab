//! Datasette on the same SQLite file: <https://datasette.io>.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{
    Measured, PAGE, ROUNDS, Wrk, in_turns, kept,
    server::{Server, free_port, get},
};
use crate::product::ALL;

/// One, as it answers few requests in a second: of several at once none may be answered while it is measured.
const CONNECTIONS: u32 = 1;

/// Its version, and what it answers in comparison with `ours`.
pub(super) async fn measured(
    program: &Path,
    file: &Path,
    ours: &Server,
) -> anyhow::Result<(String, Vec<Measured>)> {
    let version = Command::new(program).arg("--version").output()?;
    ensure!(version.status.success(), "it does not tell its version");
    let version = String::from_utf8(version.stdout)?.trim().to_owned();
    let theirs = started(program, file).await?;
    let mut measured = Vec::new();
    for (name, our_path, their_path) in paths(file, ours).await? {
        let wrk = Wrk::of(CONNECTIONS);
        let bytes = ours.recorded(&our_path, None).await?.body.len();
        let (ours, theirs) = in_turns(
            ROUNDS,
            || wrk.load(ours, &our_path, None),
            || wrk.load(&theirs, &their_path, None),
        )?;
        measured.push(Measured {
            name,
            bytes,
            ours,
            theirs,
            budget: None,
        });
    }
    Ok((version, measured))
}

/// What is asked of us, and what comes next to it of what Datasette has.
async fn paths(file: &Path, ours: &Server) -> anyhow::Result<[(&'static str, String, String); 3]> {
    let list = format!("/api/v1/bench/{ALL}?limit={PAGE}");
    let body = get(&format!("{}{list}", ours.url)).await?.bytes().await?;
    let body: Value = serde_json::from_slice(&body)?;
    let key = body["data"][0]["id"].as_str().context("a key")?;
    let name = file.file_stem().context("a file has a name")?;
    let table = format!("/{}/bench_{ALL}", name.to_string_lossy());
    Ok([
        (
            "list of 50",
            list,
            format!("{table}.json?_size={PAGE}&_col=payload&_nocount=1&_nofacet=1&_shape=array"),
        ),
        (
            "one record",
            format!("/api/v1/bench/{ALL}/{key}"),
            format!("{table}/1.json?_shape=object"),
        ),
        (
            "facet",
            kept::facet(),
            format!("{table}.json?_size=0&_facet=origin&_nocount=1"),
        ),
    ])
}

async fn started(program: &Path, file: &Path) -> anyhow::Result<Server> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .arg("serve")
        .arg(file)
        .args(["--port", &port.to_string()])
        // As long as it needs: what it breaks off early could not be compared.
        .args(["--setting", "sql_time_limit_ms", "60000"])
        .args(["--setting", "facet_time_limit_ms", "60000"]);
    let server = Server::start(&command, format!("http://127.0.0.1:{port}"), Stdio::null())?;
    server.ready("/-/versions.json").await?;
    Ok(server)
}
