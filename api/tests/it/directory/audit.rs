//! The audit: who did what, to whom, and from where.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{admin, ids, made, nobody, person};
use crate::login::each;

const AUDIT: &str = "/api/v1/audit";

#[tokio::test]
async fn every_act_of_an_admin_and_every_change_of_a_profile_is_listed() {
    each(async |world| {
        let admin = admin(&world).await;
        let (id, anna) = person(&world, &admin, ("anna", "reader")).await;
        let path = format!("/api/v1/users/{id}");
        let change = json!({ "role": "operator", "phone": "12345" });
        admin.asks(&world, Method::PATCH, &path, &change).await;
        // What changes nothing is no act.
        admin.asks(&world, Method::PATCH, &path, &change).await;
        let profile = json!({ "first_name": "Anna", "phone": "12345" });
        anna.asks(&world, Method::PUT, "/api/v1/users/me", &profile)
            .await;
        admin
            .asks(&world, Method::DELETE, &path, &Value::Null)
            .await;
        let listed = admin
            .gets(&world, &format!("{AUDIT}?action__ne=login"))
            .await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
        let rows = listed.json()["data"].clone();
        let rows: Vec<[&Value; 5]> = rows
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| ["actor", "action", "target", "address", "detail"].map(|name| &row[name]))
            .collect();
        let expected = [
            [
                "key:root/admin",
                "user.remove",
                "user:anna",
                "127.0.0.1",
                "-",
            ],
            [
                "user:anna",
                "profile.change",
                "user:anna",
                "127.0.0.1",
                "first_name",
            ],
            [
                "key:root/admin",
                "user.change",
                "user:anna",
                "127.0.0.1",
                "role, phone; role: reader to operator",
            ],
            [
                "key:root/admin",
                "user.create",
                "user:anna",
                "127.0.0.1",
                "-",
            ],
        ];
        let told = rows
            .iter()
            .map(|row| row.map(|value| value.as_str().unwrap_or("-")));
        assert_eq!(told.collect::<Vec<_>>(), expected);
    })
    .await;
}

#[tokio::test]
async fn the_audit_is_found_by_who_what_and_when() {
    each(async |world| {
        let admin = admin(&world).await;
        made(&world, &admin, ("anna", "reader")).await;
        world.wait(chrono::Duration::minutes(1));
        made(&world, &admin, ("ben", "reader")).await;
        let check = async |query: &str, expected: usize| {
            let found = admin.gets(&world, &format!("{AUDIT}?{query}")).await;
            assert_eq!(ids(&found).len(), expected, "{query}: {}", found.body);
        };
        check("", 2).await;
        check("target=user:ben", 1).await;
        check("action=user.create", 2).await;
        check("action__startswith=user.", 2).await;
        check("actor=user:nobody", 0).await;
        check("actor__isnull=true", 0).await;
        check("at__gte=2027-01-15T08:01:00Z", 1).await;
        check(
            "at__lt=2027-01-15T08:01:00Z&target__in=user:anna,user:ben",
            1,
        )
        .await;
        let oldest = admin
            .gets(&world, &format!("{AUDIT}?sort=at&fields=target"))
            .await;
        let rows = oldest.json()["data"].clone();
        assert_eq!(rows[0]["target"], "user:anna");
        assert_eq!(
            rows[0].as_object().expect("an object").len(),
            2,
            "with the id"
        );
    })
    .await;
}

#[tokio::test]
async fn only_admins_read_the_audit() {
    each(async |world| {
        let admin = admin(&world).await;
        let (_, anna) = person(&world, &admin, ("anna", "operator")).await;
        assert_eq!(anna.gets(&world, AUDIT).await.status, StatusCode::FORBIDDEN);
        assert_eq!(
            nobody().gets(&world, AUDIT).await.status,
            StatusCode::UNAUTHORIZED
        );
        let login = admin.gets(&world, &format!("{AUDIT}?action=login")).await;
        assert_eq!(ids(&login).len(), 1, "{}", login.body);
    })
    .await;
}
