//! The body of an export: pieces as they come, then the trailers. Without its end it is an error, so that the connection
//! is cut off and nobody takes a part for the whole.

use std::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Bytes, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use http_body::Frame;
use tokio::{sync::mpsc, task::JoinSet};

const ROWS: HeaderName = HeaderName::from_static("catchment-rows");
const COMPLETE: HeaderName = HeaderName::from_static("catchment-complete");

/// The names of the trailers, for the header that announces them. Only a client that says `TE: trailers` gets them.
pub(super) const TRAILERS: &str = "catchment-rows, catchment-complete";

/// What a task hands to the body.
#[derive(Debug)]
pub(super) enum Handed {
    Bytes(Bytes),
    /// That was all.
    End {
        rows: u64,
    },
}

/// The pieces of an export as a body.
pub(super) struct Pieces {
    pieces: mpsc::Receiver<Handed>,
    /// The task that makes them; it ends with the body.
    _task: JoinSet<()>,
    is_whole: bool,
}

/// The task ended before it was done.
#[derive(Debug)]
pub(super) struct CutOff;

impl Pieces {
    /// What `task` hands over.
    pub(super) fn from_task<F>(task: impl FnOnce(mpsc::Sender<Handed>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // One on its way while the next is made.
        let (to, pieces) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(task(to));
        Self {
            pieces,
            _task: tasks,
            is_whole: false,
        }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.is_whole {
            return Poll::Ready(None);
        }
        let frame = match ready!(self.pieces.poll_recv(context)) {
            Some(Handed::Bytes(bytes)) => Ok(Frame::data(bytes)),
            Some(Handed::End { rows }) => {
                self.is_whole = true;
                Ok(Frame::trailers(trailers(rows)))
            }
            None => Err(CutOff),
        };
        Poll::Ready(Some(frame))
    }
}

fn trailers(rows: u64) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert(ROWS, rows.into());
    trailers.insert(COMPLETE, HeaderValue::from_static("true"));
    trailers
}

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the export was cut off")
    }
}

impl Error for CutOff {}
