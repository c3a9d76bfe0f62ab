//! How many requests are worked on at once: one more is refused at once, while it costs nothing.
//!
//! A request counts until its answer begins: who listens to a stream does not keep others out.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};

use super::is_watched;
use crate::{
    AppState,
    problem::{Kind, Problem},
};

/// The requests in flight.
#[derive(Debug)]
pub(crate) struct Load {
    now: AtomicUsize,
    most: usize,
}

/// One of them, until it is dropped.
struct Counted<'a>(&'a Load);

impl Load {
    pub(crate) fn new(most: usize) -> Self {
        let now = AtomicUsize::new(0);
        Self { now, most }
    }

    fn enter(&self) -> Option<Counted<'_>> {
        let counted = Counted(self);
        let before = self.now.fetch_add(1, Ordering::Relaxed);
        (before < self.most).then_some(counted)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) async fn shed(
    state: &AppState,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    if is_watched(request.uri().path()) {
        return answer(request).await;
    }
    match state.load.enter() {
        Some(_counted) => answer(request).await,
        None => Problem::new(
            Kind::Overloaded,
            "more requests are being answered than can be at once; try again shortly",
        )
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::Load;

    #[test]
    fn one_goes_in_when_one_goes_out() {
        let load = Load::new(2);
        let one = load.enter().expect("there is room");
        let _other = load.enter().expect("there is room");
        assert!(load.enter().is_none());
        assert!(load.enter().is_none());
        drop(one);
        assert!(load.enter().is_some());
    }
}
