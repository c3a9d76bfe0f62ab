//! Those who guess passwords.

use chrono::Duration;
use entity::access::Role;
use serde_json::json;

use super::*;

async fn tried(world: &World, (name, password): (&str, &str), address: &str) -> Answer {
    let from = Sender {
        address: Some(address),
        ..Sender::default()
    };
    post(
        world,
        "/auth/login",
        from,
        json!({ "name": name, "password": password }),
    )
    .await
}

/// An answer without what is another's in each.
fn plain(answer: &Answer) -> String {
    let mut body = answer.json();
    for member in ["request_id", "instance"] {
        body[member] = json!("-");
    }
    body.to_string()
}

#[tokio::test]
async fn what_is_wrong_is_not_told() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let name = tried(&world, ("nobody", PASSWORD), "192.0.2.1").await;
        let password = tried(&world, ("anna", "something else"), "192.0.2.1").await;
        assert_eq!(name.status, 401);
        assert_eq!(plain(&name), plain(&password));
        let names = |answer: &Answer| {
            answer
                .headers
                .keys()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&name), names(&password));
        // What nobody is called may be a password that was typed for a name.
        assert_eq!(
            audited(&world).await,
            [
                "user.create user:anna",
                "login.failed -",
                "login.failed user:anna"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_wrong_logins_keep_nobody_out_and_cost_few_hashes() {
    let world = one_world(quick()).await;
    user(&world, "anna", Role::Reader).await;
    assert_eq!(
        tried(&world, ("anna", PASSWORD), "198.51.100.1")
            .await
            .status,
        200
    );
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let url = format!("{}/api/v1/auth/login", world.url);
    let mut refused = 0;
    for at in 0..10_000_u32 {
        // One address guesses, then a thousand others do.
        let address = match at {
            0..5_000 => "192.0.2.1".to_owned(),
            at => format!("10.0.{}.{}", at % 1000 / 250, at % 250),
        };
        let body = json!({ "name": "anna", "password": format!("guess {at}") });
        let answer = client.post(&url).header("x-forwarded-for", address);
        let answer = answer
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = answer.send().await.expect("an answer");
        refused += usize::from(answer.status() == 429);
        if at == 4_999 {
            assert_eq!(refused, 4_990);
            let elsewhere = tried(&world, ("anna", PASSWORD), "203.0.113.9").await;
            assert_eq!(elsewhere.status, 200, "{}", elsewhere.body);
        }
    }
    let rows = audited(&world).await;
    let hashed = rows
        .iter()
        .filter(|row| row.starts_with("login.failed"))
        .count();
    assert_eq!(hashed, 100, "as many as `account_rate` lets be tried");
    assert_eq!(refused + hashed, 10_000);
    // Two more: what one address had was spent, and what all had.
    assert_eq!(rows.len(), 100 + 2 + 3, "{rows:?}");
    let known = tried(&world, ("anna", PASSWORD), "198.51.100.1").await;
    assert_eq!(known.status, 200, "{}", known.body);
    let metrics = world.get("/metrics").await.body;
    assert!(
        metrics.contains("catchment_logins_total{result=\"throttled\"} 9900"),
        "{metrics}"
    );
}

#[tokio::test]
async fn who_is_refused_is_told_when_to_try_again() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        for _ in 0..10 {
            assert_eq!(
                tried(&world, ("anna", "wrong"), "192.0.2.1").await.status,
                401
            );
        }
        let refused = tried(&world, ("anna", PASSWORD), "192.0.2.1").await;
        assert_eq!(refused.status, 429);
        assert_eq!(refused.json()["code"], "LOGIN_THROTTLED");
        assert_eq!(refused.header("retry-after"), "360");
        world.wait(Duration::seconds(359));
        assert_eq!(
            tried(&world, ("anna", PASSWORD), "192.0.2.1").await.status,
            429
        );
        world.wait(Duration::seconds(1));
        assert_eq!(
            tried(&world, ("anna", PASSWORD), "192.0.2.1").await.status,
            200
        );
        // Right ones do not count.
        for _ in 0..20 {
            assert_eq!(
                tried(&world, ("anna", PASSWORD), "192.0.2.7").await.status,
                200
            );
        }
    })
    .await;
}

#[tokio::test]
async fn one_address_has_so_many_whatever_names_it_tries() {
    let world = one_world(quick()).await;
    let mut refused = 0;
    for at in 0..150 {
        let answer = tried(&world, (&format!("name{at}"), "wrong"), "192.0.2.1").await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 50);
}
