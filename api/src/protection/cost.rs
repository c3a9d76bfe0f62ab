//! What a request costs its caller, in units: nothing if the caller's copy is good, little if the answer is kept.

use std::{
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    http::StatusCode,
    response::Response,
};
use http_body::{Frame, SizeHint};

use crate::{AppState, routes};

/// An answer that is at hand, and a refusal.
const AT_HAND: u32 = 1;
/// What the database is asked for.
const ASKED: u32 = 5;
/// What it counts.
const COUNTED: u32 = 10;
/// So much of an export costs as much as what is asked for, which has about that at most.
const PIECE: u64 = 1 << 20;

/// Marks a response with what it costs, where that is not what its route costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost(u32);

impl Cost {
    /// The answer was made for another request.
    pub(crate) fn kept(mut response: Response) -> Response {
        response.extensions_mut().insert(Self(AT_HAND));
        response
    }

    /// Of the answer to a request that `route` took.
    pub(super) fn of(route: &str, response: &Response) -> u32 {
        use StatusCode as Code;
        match response.status() {
            Code::NOT_MODIFIED => 0,
            // No such thing is asked for: what is wrong is found in memory.
            status if status.is_client_error() && status != Code::NOT_FOUND => AT_HAND,
            _ => match response.extensions().get::<Self>() {
                Some(Self(units)) => *units,
                None if route == routes::FACETS => COUNTED,
                None if routes::asks_database(route) => ASKED,
                None => AT_HAND,
            },
        }
    }
}

/// A body that costs its caller more the more of it is sent.
pub(super) struct Metered {
    body: Body,
    state: AppState,
    caller: IpAddr,
    /// Bytes of the piece that is being sent.
    sent: u64,
}

impl Metered {
    /// Its first piece is paid for.
    pub(super) fn body(body: Body, state: &AppState, caller: IpAddr) -> Body {
        Body::new(Self {
            body,
            state: state.clone(),
            caller,
            sent: 0,
        })
    }

    fn count(&mut self, bytes: usize) {
        self.sent += bytes as u64;
        let pieces = self.sent / PIECE;
        self.sent %= PIECE;
        let units = u32::try_from(pieces).unwrap_or(u32::MAX);
        if let Some(quota) = &self.state.quota {
            quota.charge(self.caller, units.saturating_mul(ASKED));
        }
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.count(bytes.len());
        }
        polled.map_err(BoxError::from)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
