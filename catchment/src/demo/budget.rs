//! Counts the requests of the current minute and says on each answer what is left of it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::{Upstream, answer};

const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// How many requests a minute may bring, and how many this one brought.
pub(super) struct Budget {
    limit: u32,
    window: Mutex<Window>,
}

#[derive(Clone, Copy)]
struct Window {
    ends: DateTime<Utc>,
    consumed: u32,
}

/// The budget as one request found it.
pub(super) struct Share {
    pub(super) granted: bool,
    limit: u32,
    consumed: u32,
    reset: DateTime<Utc>,
    wait: TimeDelta,
}

impl Budget {
    pub(super) fn per_minute(limit: u32) -> Self {
        Self {
            limit,
            window: Mutex::new(Window {
                ends: DateTime::UNIX_EPOCH,
                consumed: 0,
            }),
        }
    }

    /// Counts a request at `now`; the first one after a minute's end begins the next.
    pub(super) fn consume(&self, now: DateTime<Utc>) -> Share {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.ends <= now {
            *window = Window {
                ends: now + WINDOW,
                consumed: 0,
            };
        }
        let granted = window.consumed < self.limit;
        if granted {
            window.consumed += 1;
        }
        let Window { ends, consumed } = *window;
        Share {
            granted,
            limit: self.limit,
            consumed,
            reset: ends,
            wait: ends - now,
        }
    }
}

impl Share {
    /// The upstream's own names and forms: the reset is a time, the wait has fractions of seconds,
    /// and there is no standard `Retry-After`.
    pub(super) fn headers(&self) -> [(&'static str, String); 5] {
        let milliseconds = self.wait.num_milliseconds();
        [
            ("ratelimit-limit", self.limit.to_string()),
            (
                "ratelimit-remaining",
                (self.limit - self.consumed).to_string(),
            ),
            ("ratelimit-consumed", self.consumed.to_string()),
            (
                "ratelimit-reset",
                self.reset.to_rfc3339_opts(SecondsFormat::Millis, true),
            ),
            (
                "retry-after-seconds",
                format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000),
            ),
        ]
    }
}

/// Puts the headers on each answer, and refuses what is beyond the budget.
pub(super) async fn meter(
    State(upstream): State<Arc<Upstream>>,
    request: Request,
    next: Next,
) -> Response {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock of the upstream's machine, not ours"
    )]
    let share = upstream.budget.consume(Utc::now());
    let response = if share.granted {
        next.run(request).await
    } else {
        answer::error(
            StatusCode::TOO_MANY_REQUESTS,
            "too many requests in this minute".to_owned(),
        )
    };
    (share.headers(), response).into_response()
}
