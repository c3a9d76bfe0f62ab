//! The directory: admins make, change and delete users; others find themselves there, and nobody else.

use futures::join;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Asker, IF_MATCH, PASSWORD, admin, faults, key, logged_in, login, made, nobody, person, refused,
    written,
};
use crate::{login::each, world::Answer};

const USERS: &str = "/api/v1/users";

fn of(id: i64) -> String {
    format!("{USERS}/{id}")
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one life of a user, step by step")]
async fn a_user_is_made_read_changed_and_deleted() {
    each(async |world| {
        let admin = admin(&world).await;
        let new = json!({
            "name": " Anna ",
            "email": "Anna@Example.org",
            "role": "operator",
            "password": PASSWORD,
            "first_name": "Anna",
            "phone": "+49 30 1234567",
            "attributes": { "desk": 4 },
        });
        let answer = admin.asks(&world, Method::POST, USERS, &new).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        let made = answer.json()["data"].clone();
        let id = made["id"].as_i64().expect("an id");
        assert_eq!(answer.header("location"), of(id));
        let expected = json!({
            "id": id,
            "name": "anna",
            "email": "anna@example.org",
            "role": "operator",
            "active": true,
            "first_name": "Anna",
            "last_name": null,
            "phone": "+49 30 1234567",
            "attributes": { "desk": 4 },
            "created_at": "2027-01-15T08:00:00Z",
            "updated_at": "2027-01-15T08:00:00Z",
        });
        assert_eq!(made, expected);
        let read = admin.gets(&world, &of(id)).await;
        assert_eq!(read.json()["data"], expected);

        world.wait(chrono::Duration::seconds(5));
        let change =
            json!({ "role": "reader", "phone": null, "last_name": "Berg", "attributes": {} });
        let answer = admin.asks(&world, Method::PATCH, &of(id), &change).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let mut expected = expected;
        for (name, value) in change.as_object().expect("an object") {
            expected[name] = value.clone();
        }
        expected["updated_at"] = json!("2027-01-15T08:00:05Z");
        assert_eq!(answer.json()["data"], expected);
        let read = admin.gets(&world, &of(id)).await;
        assert_eq!(read.json()["data"], expected);
        let listed = admin.gets(&world, "/api/v1/users?name=anna").await;
        assert_eq!(listed.json()["data"], json!([expected]));

        let gone = admin
            .asks(&world, Method::DELETE, &of(id), &Value::Null)
            .await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
        assert_eq!(
            admin.gets(&world, &of(id)).await.status,
            StatusCode::NOT_FOUND
        );
        let again = admin
            .asks(&world, Method::DELETE, &of(id), &Value::Null)
            .await;
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    each(async |world| {
        let admin = admin(&world).await;
        let new = json!({
            "name": "an na",
            "email": "nowhere",
            "role": "king",
            "password": "short",
            "first_name": "",
            "phone": "call me",
            "attributes": [],
            "nmae": "x",
        });
        let answer = admin.asks(&world, Method::POST, USERS, &new).await;
        let mut told = refused(&answer);
        told.sort();
        let expected = [
            "attributes INVALID_VALUE",
            "email INVALID_VALUE",
            "first_name INVALID_VALUE",
            "name INVALID_VALUE",
            "nmae UNKNOWN_MEMBER",
            "password INVALID_VALUE",
            "phone INVALID_VALUE",
            "role INVALID_VALUE",
        ];
        assert_eq!(told, expected);
        let answer = admin.asks(&world, Method::POST, USERS, &json!({})).await;
        assert_eq!(
            refused(&answer),
            ["name MISSING_MEMBER", "password MISSING_MEMBER"]
        );

        let id = made(&world, &admin, ("anna", "reader")).await;
        let check = async |change: Value, expected: &[&str]| {
            let answer = admin.asks(&world, Method::PATCH, &of(id), &change).await;
            assert_eq!(refused(&answer), expected, "{change}");
        };
        check(json!({ "name": null }), &["name INVALID_VALUE"]).await;
        check(json!({ "active": "no" }), &["active INVALID_VALUE"]).await;
        check(
            json!({ "password": "anna" }),
            &["password INVALID_VALUE", "password INVALID_VALUE"],
        )
        .await;
        check(json!({ "id": 7 }), &["id UNKNOWN_MEMBER"]).await;
        let long = "x".repeat(17_000);
        check(
            json!({ "attributes": { "a": long } }),
            &["attributes INVALID_VALUE"],
        )
        .await;
        let as_text = admin
            .asks_with(&world, (Method::PATCH, &of(id)), None, &[])
            .await;
        assert_eq!(as_text.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let query = format!("{}?dry=true", of(id));
        let answer = admin.asks(&world, Method::PATCH, &query, &json!({})).await;
        assert_eq!(faults(&answer), ["dry UNKNOWN_PARAMETER"]);
    })
    .await;
}

#[tokio::test]
async fn names_and_addresses_are_one_users_whatever_their_case() {
    each(async |world| {
        let admin = admin(&world).await;
        let anna = json!({ "name": "anna", "email": "a@example.org", "password": PASSWORD });
        admin.asks(&world, Method::POST, USERS, &anna).await;
        let ben = made(&world, &admin, ("ben", "reader")).await;
        let same = json!({ "name": "ANNA", "email": "A@example.org", "password": PASSWORD });
        let answer = admin.asks(&world, Method::POST, USERS, &same).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(faults(&answer), ["name TAKEN", "email TAKEN"]);
        for change in [
            json!({ "name": "Anna" }),
            json!({ "email": "a@EXAMPLE.org" }),
        ] {
            let answer = admin.asks(&world, Method::PATCH, &of(ben), &change).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{change}");
        }
        // What is its own already is nobody else's.
        let own = json!({ "name": "Ben" });
        let answer = admin.asks(&world, Method::PATCH, &of(ben), &own).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn two_who_take_one_name_at_once_do_not_both_get_it() {
    each(async |world| {
        let admin = admin(&world).await;
        let new = json!({ "name": "anna", "password": PASSWORD });
        let make = || admin.asks(&world, Method::POST, USERS, &new);
        let (one, other) = join!(make(), make());
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", one.body, other.body);
    })
    .await;
}

#[tokio::test]
async fn who_is_changed_meanwhile_is_not_changed_again() {
    each(async |world| {
        let admin = admin(&world).await;
        let id = made(&world, &admin, ("anna", "reader")).await;
        let read = admin.gets(&world, &of(id)).await;
        let old = read.header("etag").to_owned();
        let change = async |tag: &str, name: &str| {
            let body = json!({ "first_name": name });
            let headers = [(IF_MATCH, tag)];
            let path = of(id);
            admin
                .asks_with(&world, (Method::PATCH, &path), Some(&body), &headers)
                .await
        };
        let first = change(&old, "Anna").await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.body);
        let second = change(&old, "Anne").await;
        assert_eq!(
            second.status,
            StatusCode::PRECONDITION_FAILED,
            "{}",
            second.body
        );
        assert_eq!(
            admin.gets(&world, &of(id)).await.json()["data"]["first_name"],
            "Anna"
        );
        assert_eq!(
            change(first.header("etag"), "Anne").await.status,
            StatusCode::OK
        );
        assert_eq!(change("*", "Annette").await.status, StatusCode::OK);
        let path = of(id);
        let headers = [(IF_MATCH, old.as_str())];
        let removed = admin
            .asks_with(&world, (Method::DELETE, &path), None, &headers)
            .await;
        assert_eq!(removed.status, StatusCode::PRECONDITION_FAILED);
        let now = admin.gets(&world, &path).await;
        let known = [("if-none-match".parse().expect("a name"), now.header("etag"))];
        let same = admin
            .asks_with(&world, (Method::GET, &path), None, &known)
            .await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED);
        assert_eq!(same.header("cache-control"), "private, no-cache");
    })
    .await;
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    each(async |world| {
        let root = written(&world, "root", "admin").await;
        let admin = key(&world, root, "admin").await;
        let other = made(&world, &admin, ("other", "admin")).await;
        let inactive = json!({ "active": false });
        let answer = admin
            .asks(&world, Method::PATCH, &of(other), &inactive)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        for change in [&inactive, &json!({ "role": "operator" })] {
            let answer = admin.asks(&world, Method::PATCH, &of(root), change).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        }
        let answer = admin
            .asks(&world, Method::DELETE, &of(root), &Value::Null)
            .await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        // Who stays one may be changed, and who is none may go.
        let change = json!({ "role": "admin", "active": true, "first_name": "Root" });
        let answer = admin.asks(&world, Method::PATCH, &of(root), &change).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let answer = admin
            .asks(&world, Method::DELETE, &of(other), &Value::Null)
            .await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    })
    .await;
}

#[tokio::test]
async fn of_two_admins_who_take_each_other_down_one_stays() {
    each(async |world| {
        let mut askers = Vec::new();
        for name in ["one", "two"] {
            let id = written(&world, name, "admin").await;
            askers.push((id, key(&world, id, "admin").await));
        }
        let [(one, by_one), (two, by_two)] = askers.as_slice() else {
            panic!("two admins");
        };
        let demote = json!({ "role": "reader" });
        let (of_two, of_one) = (of(*two), of(*one));
        let (first, second) = join!(
            by_one.asks(&world, Method::PATCH, &of_two, &demote),
            by_two.asks(&world, Method::PATCH, &of_one, &demote),
        );
        let is_done = |answer: &Answer| answer.status == StatusCode::OK;
        assert_eq!(
            u8::from(is_done(&first)) + u8::from(is_done(&second)),
            1,
            "{first:?} {second:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn who_is_not_active_is_nobody() {
    each(async |world| {
        let admin = admin(&world).await;
        let (id, anna) = person(&world, &admin, ("anna", "reader")).await;
        let program = key(&world, id, "read").await;
        let is_known = async |who: &Asker| who.gets(&world, &of(id)).await.status;
        assert_eq!(is_known(&anna).await, StatusCode::OK);
        assert_eq!(is_known(&program).await, StatusCode::NOT_FOUND);
        let set = async |active: bool| {
            let change = json!({ "active": active });
            let answer = admin.asks(&world, Method::PATCH, &of(id), &change).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        };
        set(false).await;
        assert_eq!(is_known(&anna).await, StatusCode::UNAUTHORIZED);
        assert_eq!(is_known(&program).await, StatusCode::UNAUTHORIZED);
        assert_eq!(
            login(&world, ("anna", PASSWORD)).await.status,
            StatusCode::UNAUTHORIZED
        );
        // What has ended does not begin again by itself.
        set(true).await;
        assert_eq!(is_known(&anna).await, StatusCode::UNAUTHORIZED);
        assert_eq!(is_known(&program).await, StatusCode::UNAUTHORIZED);
        let anna = logged_in(&world, "anna").await;
        assert_eq!(is_known(&anna).await, StatusCode::OK);
        let gone = admin
            .asks(&world, Method::DELETE, &of(id), &Value::Null)
            .await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        assert_eq!(is_known(&anna).await, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn another_role_holds_at_once_and_another_password_ends_logins() {
    each(async |world| {
        let admin = admin(&world).await;
        let (id, anna) = person(&world, &admin, ("anna", "admin")).await;
        assert_eq!(anna.gets(&world, USERS).await.status, StatusCode::OK);
        let change = json!({ "role": "reader" });
        admin.asks(&world, Method::PATCH, &of(id), &change).await;
        assert_eq!(anna.gets(&world, USERS).await.status, StatusCode::FORBIDDEN);
        assert_eq!(anna.gets(&world, &of(id)).await.status, StatusCode::OK);
        let change = json!({ "password": "two walruses, one bicycle" });
        let answer = admin.asks(&world, Method::PATCH, &of(id), &change).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(
            anna.gets(&world, &of(id)).await.status,
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(
            login(&world, ("anna", PASSWORD)).await.status,
            StatusCode::UNAUTHORIZED
        );
        let new = login(&world, ("anna", "two walruses, one bicycle")).await;
        assert_eq!(new.status, StatusCode::OK, "{}", new.body);
    })
    .await;
}

#[tokio::test]
async fn who_is_no_admin_finds_nobody_but_itself() {
    each(async |world| {
        let admin = admin(&world).await;
        let (anna_id, anna) = person(&world, &admin, ("anna", "reader")).await;
        let (ben_id, ben) = person(&world, &admin, ("ben", "operator")).await;
        for (asker, own, other) in [(&anna, anna_id, ben_id), (&ben, ben_id, anna_id)] {
            let found = asker.gets(&world, &of(own)).await;
            assert_eq!(found.json()["data"]["id"], own);
            let hidden = asker.gets(&world, &of(other)).await;
            let missing = asker.gets(&world, &of(987_654)).await;
            assert_eq!(hidden.status, StatusCode::NOT_FOUND);
            assert_eq!(plain(&hidden, other), plain(&missing, 987_654));
            assert_eq!(
                asker.gets(&world, USERS).await.status,
                StatusCode::FORBIDDEN
            );
            let change = json!({ "role": "admin" });
            let answer = asker.asks(&world, Method::PATCH, &of(own), &change).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
        }
        for path in [USERS.to_owned(), of(anna_id)] {
            assert_eq!(
                nobody().gets(&world, &path).await.status,
                StatusCode::UNAUTHORIZED
            );
        }
        assert_eq!(
            admin.gets(&world, "/api/v1/users/anna").await.status,
            StatusCode::NOT_FOUND
        );
    })
    .await;
}

/// A problem without what each has of its own.
fn plain(answer: &Answer, id: i64) -> String {
    let mut problem = answer.json();
    problem["request_id"] = Value::Null;
    problem["instance"] = Value::Null;
    problem.to_string().replace(&id.to_string(), "ID")
}
