//! Tokens that are not to be believed, and the keys that sign the others.

use chrono::Duration;
use entity::access::Role;
use reqwest::Method;
use serde_json::Value;

use super::*;

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let world = one_world(quick()).await;
    user(&world, "anna", Role::Reader).await;
    let (token, refresh) = tokens(&world, "anna").await;
    let other = one_world(quick()).await;
    user(&other, "anna", Role::Reader).await;
    let (of_other, _) = tokens(&other, "anna").await;
    let (head, signature) = token.rsplit_once('.').expect("three parts");
    let turned: String = signature.chars().rev().collect();
    let wrong = [
        of_other,
        format!("{head}.{turned}"),
        format!("{head}."),
        refresh,
        "ctm_00000000_nothing".to_owned(),
        "a.b.c".to_owned(),
        "secret".to_owned(),
    ];
    for token in wrong {
        let path = (Method::GET, "/api/v1/catalog");
        let answer = ask(&world, path.clone(), bearer(&token), Value::Null).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.body);
        assert_eq!(answer.json()["code"], "UNAUTHENTICATED");
        assert!(!answer.body.contains(&token), "{}", answer.body);
        let from = Sender {
            key: Some(&token),
            ..Sender::default()
        };
        let answer = ask(&world, path, from, Value::Null).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.body);
    }
    let answer = ask(
        &world,
        (Method::GET, "/api/v1/catalog"),
        bearer(&token),
        Value::Null,
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn the_keys_are_published_and_rotated() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (old, _) = tokens(&world, "anna").await;
        let kids = async || {
            let body = world.get("/.well-known/jwks.json").await.json();
            let keys = body["keys"].as_array().expect("keys").clone();
            assert!(keys.iter().all(is_public_only), "{keys:?}");
            keys.len()
        };
        assert_eq!(kids().await, 1);
        let until = world.now() + Duration::minutes(16);
        api::rotate_signing_key(&world.db, (world.now(), until))
            .await
            .expect("another key");
        world.wait(Duration::seconds(6));
        assert_eq!(kids().await, 2);
        assert!(is_known(&world, &old).await);
        let (new, _) = tokens(&world, "anna").await;
        assert!(is_known(&world, &new).await);
        // One that must not be believed any longer.
        api::rotate_signing_key(&world.db, (world.now(), world.now()))
            .await
            .expect("another key");
        world.wait(Duration::seconds(6));
        assert_eq!(kids().await, 1);
        assert!(!is_known(&world, &old).await && !is_known(&world, &new).await);
    })
    .await;
}

#[tokio::test]
async fn two_that_start_at_once_end_with_one_key() {
    each(async |world| {
        let one = api::AppState::new(world.db.clone(), clock(), quick());
        let two = api::AppState::new(world.db.clone(), clock(), quick());
        let served = async |state: api::AppState| {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("an address"));
            tokio::spawn(api::serve(listener, state, std::future::pending()));
            let client = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let keys = client
                .get(format!("{url}/.well-known/jwks.json"))
                .send()
                .await;
            keys.expect("an answer").text().await.expect("a text")
        };
        let (one, two) = tokio::join!(served(one), served(two));
        assert!(one.contains("ctm-"), "{one}");
        assert_eq!(one, two);
    })
    .await;
}

fn clock() -> entity::Clock {
    entity::Clock::from_fn(crate::world::start)
}

/// Whether a key is an Ed25519 one without its secret part.
fn is_public_only(key: &Value) -> bool {
    let told = (&key["kty"], &key["crv"], &key["alg"]);
    told == (&"OKP".into(), &"Ed25519".into(), &"EdDSA".into()) && key.get("d").is_none()
}
