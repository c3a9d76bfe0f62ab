//! A login from its beginning to its end.

use chrono::Duration;
use entity::access::Role;
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_login_is_good_for_its_time_and_can_be_renewed() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let answer = login(&world, " Anna@Example.org ", PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.json();
        let told = [
            &body["token_type"],
            &body["expires_in"],
            &body["user"]["name"],
            &body["user"]["role"],
        ];
        assert_eq!(
            told,
            [
                &json!("Bearer"),
                &json!(900),
                &json!("anna"),
                &json!("reader")
            ]
        );
        let (access, refresh) = both(&answer);
        assert!(is_known(&world, &access).await);
        world.wait(Duration::seconds(899));
        assert!(is_known(&world, &access).await);
        world.wait(Duration::seconds(1));
        let keys = (Method::GET, "/api/v1/keys");
        let expired = ask(&world, keys, bearer(&access), Value::Null).await;
        assert_eq!(expired.status, 401);
        assert!(expired.body.contains("has expired"), "{}", expired.body);
        assert_eq!(expired.header("www-authenticate"), "Bearer");
        let renewed = post(
            &world,
            "/auth/refresh",
            Sender::default(),
            json!({ "refresh_token": refresh }),
        )
        .await;
        assert_eq!(renewed.status, 200, "{}", renewed.body);
        assert!(is_known(&world, &both(&renewed).0).await);
        world.wait(Duration::days(30));
        let late = json!({ "refresh_token": both(&renewed).1 });
        let late = post(&world, "/auth/refresh", Sender::default(), late).await;
        assert_eq!(late.status, 401);
        assert_eq!(
            audited(&world).await,
            ["user.create user:anna", "login user:anna"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_renewal_token_that_is_shown_again_ends_the_login() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (_, first) = tokens(&world, "anna").await;
        let (other, _) = tokens(&world, "anna").await;
        let renew = async |token: &str| {
            let body = json!({ "refresh_token": token });
            post(&world, "/auth/refresh", Sender::default(), body).await
        };
        let (access, second) = both(&renew(&first).await);
        assert!(is_known(&world, &access).await);
        assert_eq!(renew(&first).await.status, 401);
        assert!(!is_known(&world, &access).await);
        assert_eq!(renew(&second).await.status, 401);
        assert!(is_known(&world, &other).await);
        let reused: Vec<String> = audited(&world)
            .await
            .into_iter()
            .filter(|row| row.contains("reuse"))
            .collect();
        assert_eq!(reused, ["login.reuse user:anna"]);
    })
    .await;
}

#[tokio::test]
async fn of_two_renewals_at_once_one_wins_at_most() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (_, token) = tokens(&world, "anna").await;
        let renew = async || {
            let body = json!({ "refresh_token": token });
            post(&world, "/auth/refresh", Sender::default(), body)
                .await
                .status
        };
        let (one, other) = tokio::join!(renew(), renew());
        let mut both = [one.as_u16(), other.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [200, 401]);
    })
    .await;
}

#[tokio::test]
async fn a_logout_ends_this_login_or_all() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (one, refresh) = tokens(&world, "anna").await;
        let (two, _) = tokens(&world, "anna").await;
        let (three, _) = tokens(&world, "anna").await;
        for token in [&one, &two, &three] {
            assert!(is_known(&world, token).await);
        }
        let left = post(&world, "/auth/logout", bearer(&one), json!({})).await;
        assert_eq!((left.status.as_u16(), left.body.as_str()), (204, ""));
        assert!(!is_known(&world, &one).await);
        let renewed = post(
            &world,
            "/auth/refresh",
            Sender::default(),
            json!({ "refresh_token": refresh }),
        )
        .await;
        assert_eq!(renewed.status, 401);
        assert!(is_known(&world, &two).await);
        let left = post(&world, "/auth/logout", bearer(&two), json!({ "all": true })).await;
        assert_eq!(left.status, 204);
        assert!(!is_known(&world, &two).await && !is_known(&world, &three).await);
    })
    .await;
}

#[tokio::test]
async fn another_password_needs_the_old_one_and_ends_the_other_logins() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (mine, _) = tokens(&world, "anna").await;
        let (other, _) = tokens(&world, "anna").await;
        assert!(is_known(&world, &other).await);
        let change = async |old: &str, new: &str| {
            let body = json!({ "old": old, "new": new });
            post(&world, "/auth/password", bearer(&mine), body).await
        };
        let wrong = change("something else", "a narwhal in a canoe").await;
        assert_eq!(wrong.status, 422);
        assert_eq!(wrong.json()["errors"][0]["parameter"], "old");
        let weak = change(PASSWORD, "anna").await;
        assert_eq!(weak.status, 422);
        let faults = weak.json()["errors"].as_array().map(Vec::len);
        assert_eq!(faults, Some(2), "{}", weak.body);
        assert_eq!(weak.json()["errors"][0]["parameter"], "new");
        assert!(is_known(&world, &other).await);
        assert_eq!(change(PASSWORD, "a narwhal in a canoe").await.status, 204);
        assert!(is_known(&world, &mine).await);
        assert!(!is_known(&world, &other).await);
        assert_eq!(login(&world, "anna", PASSWORD).await.status, 401);
        assert_eq!(
            login(&world, "anna", "a narwhal in a canoe").await.status,
            200
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_switched_off_elsewhere_is_not_known_for_long() {
    each(async |world| {
        let anna = user(&world, "anna", Role::Reader).await;
        let (token, refresh) = tokens(&world, "anna").await;
        assert!(is_known(&world, &token).await);
        let off = format!("UPDATE `user` SET active = 0 WHERE id = {}", anna.id);
        world.db.execute_unprepared(&off).await.expect("it is done");
        world.wait(Duration::seconds(3));
        assert!(is_known(&world, &token).await);
        world.wait(Duration::seconds(2));
        assert!(!is_known(&world, &token).await);
        assert_eq!(login(&world, "anna", PASSWORD).await.status, 401);
        let renewed = post(
            &world,
            "/auth/refresh",
            Sender::default(),
            json!({ "refresh_token": refresh }),
        )
        .await;
        assert_eq!(renewed.status, 401);
    })
    .await;
}

#[tokio::test]
async fn while_the_database_is_gone_who_was_known_stays_so_until_the_token_expires() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (token, _) = tokens(&world, "anna").await;
        let (unseen, _) = tokens(&world, "anna").await;
        let document = async |token: &str| {
            let path = (Method::GET, "/api/openapi.json");
            ask(&world, path, bearer(token), Value::Null).await.status
        };
        assert_eq!(document(&token).await, 200);
        world.db.clone().close().await.expect("it closes");
        world.refresh().await;
        world.wait(Duration::seconds(600));
        assert_eq!(document(&token).await, 200);
        assert_eq!(document(&unseen).await, 503);
        world.wait(Duration::seconds(300));
        assert_ne!(document(&token).await, 200);
    })
    .await;
}
