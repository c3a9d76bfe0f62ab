//! `Idempotency-Key`.

use reqwest::Method;

use super::{By, PEOPLE, by, each, faults, key, send};

#[tokio::test]
async fn a_request_that_comes_again_is_answered_as_it_was_and_does_nothing() {
    each(async |world, key_| {
        let headers = [("idempotency-key", "order-1")];
        let once = By {
            headers: &headers,
            ..by(&key_)
        };
        let body = r#"{"name":"Ann"}"#;
        let first = send(&world, (Method::POST, PEOPLE), once, body).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let other = send(&world, (Method::POST, PEOPLE), by(&key_), body).await;
        assert_eq!(other.header("location"), format!("{PEOPLE}/2"));
        let again = send(&world, (Method::POST, PEOPLE), once, body).await;
        assert_eq!(again.status, 201);
        assert_eq!(again.body, first.body);
        for name in [
            "location",
            "etag",
            "catchment-version",
            "catchment-synced-at",
        ] {
            assert_eq!(again.header(name), first.header(name));
        }
        let another = send(&world, (Method::POST, PEOPLE), once, r#"{"name":"Ben"}"#).await;
        assert_eq!(another.status, 422, "{}", another.body);
        assert_eq!(faults(&another), ["INVALID_VALUE Idempotency-Key"]);
        // Another caller's key is another.
        let stranger = key(&world, "stranger", "write").await;
        let theirs = By {
            headers: &headers,
            ..by(&stranger)
        };
        let third = send(&world, (Method::POST, PEOPLE), theirs, body).await;
        assert_eq!(third.header("location"), format!("{PEOPLE}/3"));
        world.wait(chrono::Duration::hours(25));
        let late = send(&world, (Method::POST, PEOPLE), once, body).await;
        assert_eq!(late.header("location"), format!("{PEOPLE}/4"));
    })
    .await;
}
