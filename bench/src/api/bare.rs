//! The floor of the api's benchmark: axum with nothing around it, which answers what it was given, byte for byte.

use std::{convert::Infallible, io::Write, iter::repeat_n, path::PathBuf};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::get,
};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, runtime::Runtime};

/// Bytes of a piece of an answer, about what an export sends at once.
const PIECE: usize = 64 << 10;

/// An answer of the product's.
#[derive(Serialize, Deserialize)]
pub(super) struct Recorded {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Answers `GET /0` as the first of `files` says, `GET /1` as the second, and so on, and `GET /bytes/N` with so many, until
/// it is killed. The first line on standard output is the URL.
pub(crate) fn serve(files: &[PathBuf]) -> anyhow::Result<()> {
    // The product's own runtime is of the same kind.
    Runtime::new()?.block_on(answer(files))
}

async fn answer(files: &[PathBuf]) -> anyhow::Result<()> {
    let mut router = Router::new();
    for (at, file) in files.iter().enumerate() {
        let text = std::fs::read(file).with_context(|| file.display().to_string())?;
        let recorded: Recorded = serde_json::from_slice(&text)?;
        let status = StatusCode::from_u16(recorded.status)?;
        let mut headers = HeaderMap::new();
        for (name, value) in recorded.headers {
            let name = HeaderName::try_from(name)?;
            headers.append(name, HeaderValue::try_from(value)?);
        }
        let body = Bytes::from(recorded.body);
        let answer = async move || (status, headers.clone(), body.clone());
        router = router.route(&format!("/{at}"), get(answer));
    }
    router = router.route("/bytes/{count}", get(bytes));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, router).await?)
}

/// So many bytes, piece by piece as they are taken.
async fn bytes(Path(count): Path<usize>) -> Body {
    let piece = Bytes::from_static(&[b' '; PIECE]);
    let whole = stream::iter(repeat_n(piece.clone(), count / PIECE));
    let rest = stream::iter([piece.slice(..count % PIECE)]);
    Body::from_stream(whole.chain(rest).map(Ok::<_, Infallible>))
}
