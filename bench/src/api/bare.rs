//! The floor of the api's benchmark: axum with nothing around it, which answers bytes that it was given.

use std::{io::Write, path::PathBuf};

use anyhow::Context;
use axum::{Router, body::Bytes, http::header::CONTENT_TYPE, routing::get};
use tokio::{net::TcpListener, runtime::Runtime};

/// Answers `GET /0` with the first of `files`, `GET /1` with the second, and so on, and `GET /none` with 304, until it is
/// killed. The first line on standard output is the URL.
pub(crate) fn serve(files: &[PathBuf]) -> anyhow::Result<()> {
    // The product's own runtime is of the same kind.
    Runtime::new()?.block_on(answer(files))
}

async fn answer(files: &[PathBuf]) -> anyhow::Result<()> {
    let not_modified = get(async || axum::http::StatusCode::NOT_MODIFIED);
    let mut router = Router::new().route("/none", not_modified);
    for (at, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let bytes = Bytes::from(bytes);
        let answer = async move || ([(CONTENT_TYPE, "application/json")], bytes.clone());
        router = router.route(&format!("/{at}"), get(answer));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, router).await?)
}
