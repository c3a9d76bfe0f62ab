//! A user's own profile: read and written by whoever has logged in, and by nobody else.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{IF_MATCH, admin, faults, key, made, nobody, person, refused};
use crate::login::each;

const ME: &str = "/api/v1/users/me";

#[tokio::test]
async fn a_profile_is_created_read_changed_and_read_again() {
    each(async |world| {
        let admin = admin(&world).await;
        let (id, anna) = person(&world, &admin, ("anna", "reader")).await;
        let first = anna.gets(&world, ME).await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.body);
        assert_eq!(first.json()["data"]["id"], id);
        assert_eq!(first.json()["data"]["attributes"], json!({}));
        let profile = json!({
            "first_name": "Anna",
            "last_name": "Berg",
            "phone": "+49 30 1234567",
            "email": "Anna@example.org",
            "attributes": { "likes": ["walruses"] },
        });
        let put = anna.asks(&world, Method::PUT, ME, &profile).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.body);
        let read = anna.gets(&world, ME).await;
        assert_eq!(read.json()["data"], put.json()["data"]);
        let mut expected = profile;
        expected["email"] = json!("anna@example.org");
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(read.json()["data"][name], *value, "{name}");
        }
        // All of it is said anew: what is not there is taken away.
        let less = json!({ "first_name": "Anne" });
        let put = anna.asks(&world, Method::PUT, ME, &less).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.body);
        let now = anna.gets(&world, ME).await.json()["data"].clone();
        assert_eq!(now["first_name"], "Anne");
        assert_eq!(
            [&now["last_name"], &now["phone"], &now["email"]],
            [&Value::Null; 3]
        );
        assert_eq!(now["attributes"], json!({}));
        assert_eq!([&now["name"], &now["role"]], ["anna", "reader"]);
    })
    .await;
}

#[tokio::test]
async fn a_profile_is_for_whoever_has_logged_in() {
    each(async |world| {
        let admin = admin(&world).await;
        let (id, anna) = person(&world, &admin, ("anna", "reader")).await;
        let (_, ben) = person(&world, &admin, ("ben", "reader")).await;
        let program = key(&world, id, "read").await;
        let put = |name: &str| json!({ "first_name": name });
        for (asker, status) in [
            (&nobody(), StatusCode::UNAUTHORIZED),
            (&program, StatusCode::FORBIDDEN),
        ] {
            assert_eq!(asker.gets(&world, ME).await.status, status);
            let answer = asker.asks(&world, Method::PUT, ME, &put("Eve")).await;
            assert_eq!(answer.status, status);
        }
        anna.asks(&world, Method::PUT, ME, &put("Anna")).await;
        ben.asks(&world, Method::PUT, ME, &put("Ben")).await;
        let name = async |who: &super::Asker| who.gets(&world, ME).await.json()["data"].clone();
        assert_eq!(name(&anna).await["first_name"], "Anna");
        assert_eq!(name(&ben).await["first_name"], "Ben");
    })
    .await;
}

#[tokio::test]
async fn nobody_gives_itself_rights_or_the_address_of_another() {
    each(async |world| {
        let admin = admin(&world).await;
        let (_, anna) = person(&world, &admin, ("anna", "reader")).await;
        let ben = made(&world, &admin, ("ben", "reader")).await;
        let change = json!({ "email": "ben@example.org" });
        let path = format!("/api/v1/users/{ben}");
        admin.asks(&world, Method::PATCH, &path, &change).await;
        let rights = json!({ "role": "admin", "active": true, "name": "root", "first_name": 4 });
        let answer = anna.asks(&world, Method::PUT, ME, &rights).await;
        let mut told = refused(&answer);
        told.sort();
        let expected = [
            "active UNKNOWN_MEMBER",
            "first_name INVALID_VALUE",
            "name UNKNOWN_MEMBER",
            "role UNKNOWN_MEMBER",
        ];
        assert_eq!(told, expected);
        let taken = json!({ "email": "Ben@Example.org" });
        let answer = anna.asks(&world, Method::PUT, ME, &taken).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(faults(&answer), ["email TAKEN"]);
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_is_another_by_now_is_not_overwritten() {
    each(async |world| {
        let admin = admin(&world).await;
        let (_, anna) = person(&world, &admin, ("anna", "reader")).await;
        let old = anna.gets(&world, ME).await;
        let headers = [(IF_MATCH, old.header("etag"))];
        let put = async |name: &str| {
            let body = json!({ "first_name": name });
            anna.asks_with(&world, (Method::PUT, ME), Some(&body), &headers)
                .await
                .status
        };
        assert_eq!(put("Anna").await, StatusCode::OK);
        assert_eq!(put("Anne").await, StatusCode::PRECONDITION_FAILED);
        assert_eq!(
            anna.gets(&world, ME).await.json()["data"]["first_name"],
            "Anna"
        );
    })
    .await;
}
