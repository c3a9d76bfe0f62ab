//! The body of an import, in a file without a name that goes with whoever holds it.

use std::{
    fs::File,
    io::{Seek, SeekFrom},
};

use axum::body::Body;
use futures::TryStreamExt;
use tokio::io::AsyncWriteExt;

use crate::problem::{Kind, Problem};

/// Lays all of `body` into a file.
///
/// # Errors
/// It has more than `most` bytes, breaks off, or the file cannot be written.
pub(super) async fn file(body: Body, most: u64) -> Result<File, Problem> {
    let file = tempfile::tempfile().map_err(Problem::internal)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut bytes = 0_u64;
    let mut chunks = body.into_data_stream();
    loop {
        let chunk = chunks.try_next().await.map_err(|error| {
            Problem::new(Kind::MalformedBody, format!("the body broke off: {error}"))
        })?;
        let Some(chunk) = chunk else {
            break;
        };
        bytes += chunk.len() as u64;
        if bytes > most {
            let detail = format!("the body has more than {most} bytes, of which at most are read");
            return Err(Problem::new(Kind::TooLarge, detail));
        }
        file.write_all(&chunk).await.map_err(Problem::internal)?;
    }
    file.flush().await.map_err(Problem::internal)?;
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0)).map_err(Problem::internal)?;
    Ok(file)
}
