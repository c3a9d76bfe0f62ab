//! Keys of programs.

use chrono::Duration;
use entity::{access::Role, api_key};
use reqwest::{Method, header::AUTHORIZATION};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};

use super::*;
use crate::access::world::API_KEY;

async fn made(world: &World, token: &str, body: Value) -> (i64, String) {
    let answer = post(world, "/keys", bearer(token), body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json()["data"].take();
    let key = body["key"].as_str().expect("a key").to_owned();
    let prefix = body["prefix"].as_str().expect("a prefix");
    assert!(
        key.starts_with(prefix) && prefix.starts_with("ctm_"),
        "{body}"
    );
    (body["id"].as_i64().expect("an id"), key)
}

async fn status(world: &World, from: Sender<'_>) -> u16 {
    let path = (Method::GET, "/api/v1/catalog");
    ask(world, path, from, Value::Null).await.status.as_u16()
}

fn shown(key: &str) -> Sender<'_> {
    Sender {
        key: Some(key),
        ..Sender::default()
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_good_in_either_header_until_it_ends() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (token, _) = tokens(&world, "anna").await;
        let expires = world.now() + Duration::hours(1);
        let asked = json!({ "name": "reports", "scopes": ["read"], "expires_at": expires });
        let (id, key) = made(&world, &token, asked).await;
        let other = json!({ "name": "other", "scopes": ["read:cats"] });
        let (_, other) = made(&world, &token, other).await;
        assert_eq!(status(&world, shown(&key)).await, 200);
        assert_eq!(status(&world, bearer(&key)).await, 200);
        assert_eq!(status(&world, shown(&other)).await, 200);
        let listed = ask(
            &world,
            (Method::GET, "/api/v1/keys"),
            bearer(&token),
            Value::Null,
        )
        .await;
        assert_eq!(listed.json()["data"].as_array().map(Vec::len), Some(2));
        assert!(
            !listed.body.contains(&key) && !listed.body.contains("key\":"),
            "{}",
            listed.body
        );
        let stored = api_key::Entity::find_by_id(id)
            .one(&world.db)
            .await
            .expect("rows")
            .expect("a key");
        assert!(!format!("{stored:?}").contains(&key));
        world.wait(Duration::hours(1));
        assert_eq!(status(&world, shown(&key)).await, 401);
        let (token, _) = tokens(&world, "anna").await;
        let gone = (Method::DELETE, &*format!("/api/v1/keys/{id}"));
        assert_eq!(
            ask(&world, gone.clone(), bearer(&token), Value::Null)
                .await
                .status,
            204
        );
        assert_eq!(
            ask(&world, gone, bearer(&token), Value::Null).await.status,
            404
        );
        assert_eq!(status(&world, shown(&other)).await, 200);
        let rows = audited(&world).await;
        let of_keys: Vec<&String> = rows.iter().filter(|row| row.starts_with("key.")).collect();
        assert_eq!(
            of_keys,
            [
                "key.create key:anna/reports",
                "key.create key:anna/other",
                "key.revoke key:anna/reports"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_revoked_or_whose_user_is_switched_off_is_dead() {
    each(async |world| {
        let anna = user(&world, "anna", Role::Reader).await;
        let (token, _) = tokens(&world, "anna").await;
        let (id, one) = made(&world, &token, json!({ "name": "one", "scopes": ["read"] })).await;
        let (_, two) = made(&world, &token, json!({ "name": "two", "scopes": ["read"] })).await;
        assert_eq!(status(&world, shown(&one)).await, 200);
        assert_eq!(status(&world, shown(&two)).await, 200);
        let gone = (Method::DELETE, &*format!("/api/v1/keys/{id}"));
        assert_eq!(
            ask(&world, gone, bearer(&token), Value::Null).await.status,
            204
        );
        assert_eq!(status(&world, shown(&one)).await, 401);
        let off = format!("UPDATE `user` SET active = 0 WHERE id = {}", anna.id);
        world.db.execute_unprepared(&off).await.expect("it is done");
        world.wait(Duration::seconds(5));
        assert_eq!(status(&world, shown(&two)).await, 401);
    })
    .await;
}

#[tokio::test]
async fn nobody_gives_a_key_what_its_user_has_not() {
    let world = one_world(quick()).await;
    let anna = user(&world, "anna", Role::Operator).await;
    let ben = user(&world, "ben", Role::Admin).await;
    let (annas, _) = tokens(&world, "anna").await;
    let (bens, _) = tokens(&world, "ben").await;
    let asked = json!({ "name": "", "scopes": ["admin", "reed", "sync"], "expires_at": "soon" });
    let faulty = post(&world, "/keys", bearer(&annas), asked).await;
    assert_eq!(faulty.status, 422);
    assert_eq!(
        faulty.json()["errors"].as_array().map(Vec::len),
        Some(2),
        "{}",
        faulty.body
    );
    let asked =
        json!({ "name": "", "scopes": ["admin", "sync"], "expires_at": "2001-01-01T00:00:00Z" });
    let faulty = post(&world, "/keys", bearer(&annas), asked).await;
    assert_eq!(
        faulty.json()["errors"].as_array().map(Vec::len),
        Some(3),
        "{}",
        faulty.body
    );
    let for_ben = json!({ "name": "x", "scopes": ["read"], "user": ben.id });
    assert_eq!(
        post(&world, "/keys", bearer(&annas), for_ben).await.status,
        403
    );
    let for_anna = json!({ "name": "x", "scopes": ["sync"], "user": anna.id });
    let (id, key) = made(&world, &bens, for_anna.clone()).await;
    assert_eq!(
        post(&world, "/keys", bearer(&bens), for_anna).await.status,
        409
    );
    // A key is no login.
    let by_key = post(
        &world,
        "/keys",
        shown(&key),
        json!({ "name": "y", "scopes": ["sync"] }),
    )
    .await;
    assert_eq!(by_key.status, 403);
    let (_, own) = made(&world, &bens, json!({ "name": "own", "scopes": ["admin"] })).await;
    assert_eq!(status(&world, shown(&own)).await, 200);
    let of_ben = (Method::GET, &*format!("/api/v1/keys?user={}", ben.id));
    assert_eq!(
        ask(&world, of_ben, bearer(&annas), Value::Null)
            .await
            .status,
        403
    );
    let of_anna = (Method::GET, &*format!("/api/v1/keys?user={}", anna.id));
    let listed = ask(&world, of_anna, bearer(&bens), Value::Null).await;
    assert_eq!(listed.json()["data"][0]["id"], id, "{}", listed.body);
}

#[tokio::test]
async fn two_different_keys_are_refused_also_if_one_is_remembered() {
    each(async |world| {
        user(&world, "anna", Role::Reader).await;
        let (token, _) = tokens(&world, "anna").await;
        let wanted = |name| json!({ "name": name, "scopes": ["read"] });
        let (_, first) = made(&world, &token, wanted("first")).await;
        let (_, second) = made(&world, &token, wanted("second")).await;
        assert_eq!(status(&world, shown(&first)).await, 200);
        for (other, expected) in [(&second, 401), (&first, 200)] {
            let both = [&first, other].map(|key| (API_KEY, key.as_str()));
            let answer = world.get_with("/api/v1/catalog", &both).await;
            assert_eq!(answer.status, expected, "{}", answer.body);
        }
    })
    .await;
}

#[tokio::test]
async fn on_a_mirror_what_is_meant_for_the_upstream_is_passed_by() {
    let world = one_world(quick()).await;
    let path = "/mirror/cats/breeds";
    let plain = world.get(path).await.status;
    assert_eq!(plain, 404);
    for (name, value) in [
        (API_KEY, "live_0123456789"),
        (AUTHORIZATION, "Basic dTpw"),
        (AUTHORIZATION, "Bearer eyJhbGciOiJub25lIn0.e30."),
    ] {
        let headers = [(name, value)];
        assert_eq!(world.get_with(path, &headers).await.status, 404, "{value}");
        assert_eq!(
            world.get_with("/api/v1/catalog", &headers).await.status,
            401,
            "{value}"
        );
    }
    let ours = [(API_KEY, "ctm_00000000_nothing")];
    assert_eq!(world.get_with(path, &ours).await.status, 401);
}
