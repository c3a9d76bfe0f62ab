//! Lists of platform tables take what lists of rows take, and their pages put together are the whole list.

use std::cmp::Ordering;

use entity::user;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use reqwest::StatusCode;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use serde_json::Value;

use super::{Asker, admin, faults, ids};
use crate::{login::each, world::World};

const USERS: &str = "/api/v1/users";

/// What is drawn of a user: few values, so that ties and nulls are many.
type Drawn = (Option<u8>, Option<u8>, bool, u8);

async fn some_users(world: &World) {
    let few = prop_oneof![Just(None), (0..3_u8).prop_map(Some)];
    let drawn = (few.clone(), few, any::<bool>(), 0..3_u8);
    let many = proptest::collection::vec(drawn, 30..31);
    let mut runner = TestRunner::deterministic();
    let many: Vec<Drawn> = many.new_tree(&mut runner).expect("a value").current();
    for (at, (first_name, last_name, active, day)) in many.into_iter().enumerate() {
        // Capital letters, small ones and accents, in the order of their bytes.
        let name = |number: Option<u8>| {
            number.map(|number| ["Zoe", "ann", "Émil"][usize::from(number)].to_owned())
        };
        let created = world.now() + chrono::Duration::days(day.into());
        let user = user::ActiveModel {
            name: Set(format!("user{}", 97 - at)),
            role: Set(["reader", "operator"][at % 2].to_owned()),
            password_hash: Set("none".to_owned()),
            first_name: Set(name(first_name)),
            last_name: Set(name(last_name)),
            attributes: Set("{}".to_owned()),
            active: Set(active),
            created_at: Set(created),
            updated_at: Set(created),
            ..Default::default()
        };
        user.insert(&world.db).await.expect("it is written");
    }
}

#[tokio::test]
async fn the_pages_of_any_order_are_the_whole_list_both_ways() {
    each(async |world| {
        let admin = admin(&world).await;
        some_users(&world).await;
        let all = admin.gets(&world, &format!("{USERS}?limit=1000")).await;
        let all: Vec<Value> = all.json()["data"].as_array().expect("rows").clone();
        assert_eq!(all.len(), 31);
        let names = [
            "id",
            "name",
            "email",
            "role",
            "active",
            "first_name",
            "last_name",
            "created_at",
        ];
        let key = (proptest::sample::select(names.to_vec()), any::<bool>());
        let keys = proptest::collection::vec(key, 0..4);
        let mut runner = TestRunner::deterministic();
        for _ in 0..16 {
            let (keys, limit) = (keys.clone(), 1..9_usize)
                .new_tree(&mut runner)
                .expect("a value")
                .current();
            let sort = each_once(keys);
            walked(&world, &admin, (&all, &sort), limit).await;
        }
    })
    .await;
}

/// The first of those with the same name.
fn each_once(keys: Vec<(&str, bool)>) -> Vec<(&str, bool)> {
    let mut sort: Vec<(&str, bool)> = Vec::new();
    for (name, descending) in keys {
        if !sort.iter().any(|(other, _)| *other == name) {
            sort.push((name, descending));
        }
    }
    sort
}

/// Goes to the end of the list and back.
async fn walked(
    world: &World,
    admin: &Asker,
    (all, sort): (&[Value], &[(&str, bool)]),
    limit: usize,
) {
    let keys: Vec<String> = sort
        .iter()
        .map(|(name, descending)| format!("{}{name}", if *descending { "-" } else { "" }))
        .collect();
    let sorted = match keys.is_empty() {
        true => String::new(),
        false => format!("&sort={}", keys.join(",")),
    };
    let base = format!("{USERS}?limit={limit}{sorted}");
    let mut expected: Vec<&Value> = all.iter().collect();
    expected.sort_by(|a, b| in_order(sort, a, b));
    let expected: Vec<i64> = expected
        .iter()
        .map(|row| row["id"].as_i64().expect("an id"))
        .collect();
    let mut pages: Vec<Vec<i64>> = Vec::new();
    let mut answer = admin.gets(world, &base).await;
    loop {
        pages.push(ids(&answer));
        let Some(next) = answer.json()["page"]["next"].as_str().map(str::to_owned) else {
            break;
        };
        answer = admin.gets(world, &format!("{base}&cursor={next}")).await;
    }
    assert_eq!(pages.concat(), expected, "{base}");
    for page in pages.iter().rev().skip(1) {
        let prev = answer.json()["page"]["prev"].as_str().map(str::to_owned);
        let prev = prev.expect("a page before");
        answer = admin.gets(world, &format!("{base}&cursor={prev}")).await;
        assert_eq!(ids(&answer), *page, "{base}");
    }
    assert_eq!(answer.json()["page"]["prev"], Value::Null, "{base}");
}

/// Rows without a value last, texts by their bytes, and those that are level by their ids, the way of the last key.
fn in_order(sort: &[(&str, bool)], a: &Value, b: &Value) -> Ordering {
    let turned = |order: Ordering, descending: bool| match descending {
        true => order.reverse(),
        false => order,
    };
    for (name, descending) in sort {
        let order = match (&a[*name], &b[*name]) {
            (Value::Null, Value::Null) => Ordering::Equal,
            (Value::Null, _) => Ordering::Greater,
            (_, Value::Null) => Ordering::Less,
            (Value::Number(a), Value::Number(b)) => {
                turned(a.as_i64().cmp(&b.as_i64()), *descending)
            }
            (Value::Bool(a), Value::Bool(b)) => turned(a.cmp(b), *descending),
            (a, b) => turned(a.as_str().cmp(&b.as_str()), *descending),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    let descending = sort.last().is_some_and(|(_, descending)| *descending);
    turned(a["id"].as_i64().cmp(&b["id"].as_i64()), descending)
}

#[tokio::test]
async fn filters_leave_what_the_table_has() {
    each(async |world| {
        let admin = admin(&world).await;
        some_users(&world).await;
        let all = admin
            .gets(&world, &format!("{USERS}?limit=1000"))
            .await
            .json();
        let all = all["data"].as_array().expect("rows").clone();
        let check = async |query: &str, holds: &dyn Fn(&Value) -> bool| {
            let path = format!("{USERS}?limit=1000&count=exact&{query}");
            let answer = admin.gets(&world, &path).await;
            let expected: Vec<i64> = all
                .iter()
                .filter(|row| holds(row))
                .map(|row| row["id"].as_i64().expect("an id"))
                .collect();
            assert_eq!(ids(&answer), expected, "{query}");
            assert_eq!(answer.json()["count"]["value"], expected.len(), "{query}");
            assert_eq!(answer.header("x-total-count"), expected.len().to_string());
        };
        check("role=operator", &|row| row["role"] == "operator").await;
        check("active=false", &|row| row["active"] == false).await;
        check("first_name=ann", &|row| row["first_name"] == "ann").await;
        check("first_name__ne=ann", &|row| {
            !row["first_name"].is_null() && row["first_name"] != "ann"
        })
        .await;
        check("first_name__isnull=true", &|row| {
            row["first_name"].is_null()
        })
        .await;
        check("first_name__in=Zoe,%C3%89mil&active=true", &|row| {
            (row["first_name"] == "Zoe" || row["first_name"] == "Émil") && row["active"] == true
        })
        .await;
        check("name__startswith=user9", &|row| {
            row["name"].as_str().expect("a name").starts_with("user9")
        })
        .await;
        check("id__gt=3&id__lte=12", &|row| {
            (4..=12).contains(&row["id"].as_i64().expect("an id"))
        })
        .await;
        check("created_at__gte=2027-01-16T08:00:00Z", &|row| {
            row["created_at"].as_str() >= Some("2027-01-16T08:00:00Z")
        })
        .await;
        check("id=1&id=2", &|_| false).await;
    })
    .await;
}

#[tokio::test]
async fn all_that_is_wrong_with_a_list_is_told_at_once() {
    each(async |world| {
        let admin = admin(&world).await;
        let check = async |path: &str, expected: &[&str]| {
            let answer = admin.gets(&world, path).await;
            assert_eq!(
                answer.status,
                StatusCode::BAD_REQUEST,
                "{path}: {}",
                answer.body
            );
            assert_eq!(faults(&answer), expected, "{path}");
        };
        check(
            "/api/v1/users?rol=admin&id=x&sort=nmae,attributes&role=king&limit=0",
            &[
                "rol UNKNOWN_PARAMETER",
                "id INVALID_VALUE",
                "sort UNKNOWN_FIELD",
                "sort NOT_SORTABLE",
                "role INVALID_VALUE",
                "limit INVALID_VALUE",
            ],
        )
        .await;
        check("/api/v1/users?fields=id,nmae", &["fields UNKNOWN_FIELD"]).await;
        check("/api/v1/users?attributes=x", &["attributes NOT_FILTERABLE"]).await;
        check(
            "/api/v1/users?password_hash__startswith=a",
            &["password_hash__startswith UNKNOWN_PARAMETER"],
        )
        .await;
        check(
            "/api/v1/users?name__like=a",
            &["name__like UNKNOWN_OPERATOR"],
        )
        .await;
        check(
            "/api/v1/users?limit=2&limit=3",
            &["limit REPEATED_PARAMETER"],
        )
        .await;
        check("/api/v1/users?q=anna", &["q UNKNOWN_PARAMETER"]).await;
        check("/api/v1/users?shape=array", &["shape UNKNOWN_PARAMETER"]).await;
        check("/api/v1/users?cursor=x", &["cursor CURSOR_INVALID"]).await;
        check("/api/v1/audit?sort=actor", &["sort NOT_SORTABLE"]).await;
        check("/api/v1/audit?detail=x", &["detail NOT_FILTERABLE"]).await;
        let answer = admin.gets(&world, "/api/v1/users?rol=admin").await;
        assert_eq!(answer.json()["errors"][0]["did_you_mean"], "role");
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_for_its_own_list() {
    each(async |world| {
        let admin = admin(&world).await;
        some_users(&world).await;
        let page = admin.gets(&world, "/api/v1/users?limit=2&sort=name").await;
        let next = page.json()["page"]["next"].as_str().map(str::to_owned);
        let next = next.expect("a next page");
        assert!(
            page.header("link").contains("rel=\"next\""),
            "{:?}",
            page.headers
        );
        let good = format!("/api/v1/users?sort=name&limit=5&fields=name&cursor={next}");
        assert_eq!(ids(&admin.gets(&world, &good).await).len(), 5);
        for other in [
            "users?sort=-name",
            "users?sort=name&active=true",
            "users?",
            "audit?",
        ] {
            let path = format!("/api/v1/{other}&cursor={next}");
            let answer = admin.gets(&world, &path).await;
            assert_eq!(faults(&answer), ["cursor CURSOR_MISMATCH"], "{other}");
        }
    })
    .await;
}
