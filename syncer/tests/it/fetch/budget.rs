//! One budget per source: what closes it for one request closes it for all.

use std::sync::Arc;

use syncer::{SyncError, fetch::page::At};

use super::Asking;
use crate::upstream::Reply;

const LIMITS: &str = "limits = { remaining = \"header:x-left\", reset = \"header:x-reset\", retry_after = \"header:retry-after-seconds\" }";

/// Until when a request is put off.
#[track_caller]
fn deferred<T: std::fmt::Debug>(result: Result<T, SyncError>) -> String {
    match result {
        Err(SyncError::Deferred { until }) => until.format("%H:%M:%S%.3f").to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_of_one_resource_puts_off_all_of_its_source() {
    let asking = Asking::new("", "").await;
    asking
        .upstream
        .answers(|_| Reply::status(429, "slow down").with("retry-after", 3600));
    assert_eq!(deferred(asking.ask().await), "09:00:00.000");
    asking.pass(chrono::Duration::minutes(30));
    for _ in 0..2 {
        let others = asking.ask_at("others", &At::Only, None).await;
        assert_eq!(deferred(others), "09:00:00.000");
    }
    assert_eq!(asking.paths(), ["/things"]);
    asking.upstream.answers(|_| Reply::json("[]"));
    asking.pass(chrono::Duration::minutes(30));
    asking.page().await;
    assert_eq!(asking.paths(), ["/things"]);
}

#[tokio::test]
async fn every_dialect_of_waiting_is_heard_on_a_refusal() {
    let cases = [
        ("retry-after", "3600"),
        ("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT"),
        ("retry-after", "Saturday, 21-Nov-26 09:00:00 GMT"),
        ("retry-after-seconds", "3600.000"),
        ("x-reset", "3600"),
        ("x-reset", "1795251600"),
        ("x-reset", "1795251600000"),
        ("x-reset", "1795251600.0"),
        ("x-reset", "2026-11-21T09:00:00.000Z"),
        ("x-reset", "2026-11-21T10:00:00+01:00"),
        ("x-reset", "1h0m0s"),
        ("x-reset", "\"day\";r=0;t=3600"),
    ];
    for (header, value) in cases {
        let asking = Asking::new(LIMITS, "").await;
        asking
            .upstream
            .answers(move |_| Reply::status(429, "").with(header, value));
        assert_eq!(
            deferred(asking.ask().await),
            "09:00:00.000",
            "{header}: {value}"
        );
        let asking = Asking::new(LIMITS, "").await;
        asking
            .upstream
            .answers(move |_| Reply::json("[]").with("x-left", "0").with(header, value));
        asking.page().await;
        assert_eq!(
            deferred(asking.ask().await),
            "09:00:00.000",
            "{header}: {value}"
        );
        assert_eq!(asking.paths(), ["/things"], "{header}: {value}");
    }
}

#[tokio::test]
async fn a_403_is_for_good_unless_it_says_that_nothing_is_left() {
    let asking = Asking::new(LIMITS, "").await;
    asking.upstream.answers(|_| {
        Reply::status(403, "not you")
            .with("x-left", 5)
            .with("x-reset", 3600)
    });
    let error = asking.error().await;
    assert!(
        error.ends_with("answered with status 403: not you"),
        "{error}"
    );
    asking.upstream.answers(|request| match request.number {
        1 => Reply::status(403, "not now")
            .with("x-left", 0)
            .with("x-reset", 0),
        2 => Reply::json("[]"),
        _ => Reply::status(403, "not now")
            .with("x-left", 0)
            .with("x-reset", 3600),
    });
    asking.page().await;
    assert_eq!(deferred(asking.ask().await), "09:00:00.000");
    assert_eq!(asking.paths().len(), 4);
}

#[tokio::test]
async fn a_time_to_wait_on_a_success_is_information_until_nothing_is_left() {
    let asking = Asking::new(LIMITS, "").await;
    asking.upstream.answers(|request| {
        Reply::json("[]")
            .with("x-left", 2_usize.saturating_sub(request.number))
            .with("retry-after-seconds", "32.112")
            .with("x-reset", "2026-11-21T08:00:47.564Z")
    });
    asking.page().await;
    asking.page().await;
    asking.page().await;
    assert_eq!(deferred(asking.ask().await), "08:00:47.564");
    assert_eq!(asking.paths().len(), 3);
}

#[tokio::test]
async fn the_budget_may_be_told_in_bodies() {
    let limits = "limits = { remaining = \"body:/left\", reset = \"body:/reset\", retry_after = \"body:/wait\" }";
    let asking = Asking::new(limits, "").await;
    asking
        .upstream
        .answers(|_| Reply::json(r#"{"left":0,"reset":"2026-11-21T09:00:00Z"}"#));
    asking.page().await;
    assert_eq!(deferred(asking.ask().await), "09:00:00.000");
    asking.pass(chrono::Duration::hours(1));
    asking
        .upstream
        .answers(|_| Reply::status(429, r#"{"wait":64.5}"#));
    assert_eq!(deferred(asking.ask().await), "09:01:04.500");
    assert_eq!(asking.paths().len(), 2);
}

#[tokio::test]
async fn what_was_sent_on_counts_and_what_a_stranger_says_does_not() {
    let stranger = crate::upstream::Upstream::start().await;
    stranger.answers(|_| Reply::json("[]").with("x-left", 0).with("x-reset", 3600));
    let asking = Asking::new(LIMITS, "").await;
    let away = stranger.url.clone();
    asking
        .upstream
        .answers(move |_| Reply::status(302, "").with("location", &away));
    asking.page().await;
    asking.page().await;
    let away = stranger.url.clone();
    asking.upstream.answers(move |_| {
        Reply::status(302, "")
            .with("location", &away)
            .with("x-left", 0)
            .with("x-reset", 3600)
    });
    assert_eq!(deferred(asking.ask().await), "09:00:00.000");
}

#[tokio::test]
async fn a_rate_that_is_used_up_for_the_day_puts_off_until_tomorrow() {
    let asking = Asking::new("limits = { rate = \"2/day\" }", "").await;
    asking.upstream.answers(|_| Reply::json("[]"));
    asking.page().await;
    asking.page().await;
    assert!(matches!(
        asking.ask().await,
        Err(SyncError::Deferred { .. })
    ));
    assert_eq!(asking.paths().len(), 2);
}

#[tokio::test]
async fn who_waits_is_woken_when_it_is_time_to_stop() {
    let mut asking = Asking::new("", "").await;
    asking
        .upstream
        .answers(|_| Reply::status(503, "").with("retry-after", 4));
    let (stopper, _) = syncer::stop::pair();
    let stopper = Arc::new(std::mem::replace(&mut asking.stopper, stopper));
    asking.upstream.once_answered(move |_| stopper.stop());
    let begun = std::time::Instant::now();
    let error = asking.ask().await.expect_err("it is time to stop");
    assert!(matches!(error, SyncError::Stopped), "{error}");
    assert!(begun.elapsed().as_secs() < 4, "nobody slept through it");
    assert_eq!(asking.paths().len(), 1);
}
