//! Users, profiles, the audit, and the lists of platform tables.

mod audit;
mod lists;
mod profile;
mod users;

use entity::{api_key, user};
use reqwest::{Method, StatusCode, header::HeaderName};
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{Answer, World};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const BEARER: HeaderName = HeaderName::from_static("authorization");
const IF_MATCH: HeaderName = HeaderName::from_static("if-match");

/// A password that may be one.
pub(super) const PASSWORD: &str = "walrus on a bicycle";

/// Somebody who asks, by what it shows.
pub(super) struct Asker(Option<(HeaderName, String)>);

/// Nobody known.
pub(super) fn nobody() -> Asker {
    Asker(None)
}

/// A program with a key of an admin's, whom it makes: the user of id 1.
pub(super) async fn admin(world: &World) -> Asker {
    let root = written(world, "root", "admin").await;
    key(world, root, "admin").await
}

/// A user who is written straight into the table, and cannot log in.
pub(super) async fn written(world: &World, name: &str, role: &str) -> i64 {
    let now = world.now();
    let user = user::ActiveModel {
        name: Set(name.to_owned()),
        role: Set(role.to_owned()),
        password_hash: Set("none".to_owned()),
        attributes: Set("{}".to_owned()),
        active: Set(true),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    user.insert(&world.db).await.expect("it is written").id
}

/// A program with a key of that user's.
pub(super) async fn key(world: &World, user_id: i64, scopes: &str) -> Asker {
    let digest = Sha256::digest(format!("{user_id} {scopes}"));
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let key = format!("ctm_{}", &digits[..40]);
    let row = api_key::ActiveModel {
        user_id: Set(user_id),
        name: Set(scopes.to_owned()),
        prefix: Set(key[..12].to_owned()),
        key_hash: Set(Sha256::digest(key.as_bytes()).to_vec()),
        scopes: Set(scopes.to_owned()),
        created_at: Set(world.now()),
        ..Default::default()
    };
    row.insert(&world.db).await.expect("it is written");
    Asker(Some((API_KEY, key)))
}

/// Makes a user of that name and role, with [`PASSWORD`]; its id.
pub(super) async fn made(world: &World, admin: &Asker, (name, role): (&str, &str)) -> i64 {
    let body = json!({ "name": name, "role": role, "password": PASSWORD });
    let answer = admin
        .asks(world, Method::POST, "/api/v1/users", &body)
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.json()["data"]["id"].as_i64().expect("an id")
}

/// The same who has logged in.
pub(super) async fn person(
    world: &World,
    admin: &Asker,
    (name, role): (&str, &str),
) -> (i64, Asker) {
    let id = made(world, admin, (name, role)).await;
    (id, logged_in(world, name).await)
}

pub(super) async fn logged_in(world: &World, name: &str) -> Asker {
    let answer = login(world, (name, PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let token = answer.json()["access_token"].as_str().map(str::to_owned);
    let token = token.expect("a token");
    Asker(Some((BEARER, format!("Bearer {token}"))))
}

pub(super) async fn login(world: &World, (name, password): (&str, &str)) -> Answer {
    let body = json!({ "name": name, "password": password });
    nobody()
        .asks(world, Method::POST, "/api/v1/auth/login", &body)
        .await
}

impl Asker {
    pub(super) async fn gets(&self, world: &World, path: &str) -> Answer {
        self.asks_with(world, (Method::GET, path), None, &[]).await
    }

    pub(super) async fn asks(
        &self,
        world: &World,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        self.asks_with(world, (method, path), Some(body), &[]).await
    }

    pub(super) async fn asks_with(
        &self,
        world: &World,
        (method, path): (Method, &str),
        body: Option<&Value>,
        headers: &[(HeaderName, &str)],
    ) -> Answer {
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.expect("a client");
        let mut request = client.request(method.clone(), format!("{}{path}", world.url));
        if let Some((name, value)) = &self.0 {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(body) = body {
            let request_body = body.to_string();
            request = request
                .header("content-type", "application/json")
                .body(request_body);
        }
        let response = request.send().await.expect("the server answers");
        let answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a text"),
        };
        // Neither a password nor its hash is ever told.
        for secret in [PASSWORD, "$argon2", "\"password_hash\":"] {
            assert!(!answer.body.contains(secret), "{path}: {}", answer.body);
        }
        world.conforms((&method, path), &answer).await;
        answer
    }
}

/// The members that were refused, with the code of each.
pub(super) fn refused(answer: &Answer) -> Vec<String> {
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    faults(answer)
}

pub(super) fn faults(answer: &Answer) -> Vec<String> {
    let problem = answer.json();
    let faults = problem["errors"].as_array().expect("faults").iter();
    let told = faults.map(|fault| {
        let text = |name: &str| fault[name].as_str().expect("a text").to_owned();
        format!("{} {}", text("parameter"), text("code"))
    });
    told.collect()
}

/// The numbers of the rows of a list.
pub(super) fn ids(answer: &Answer) -> Vec<i64> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    let rows = body["data"].as_array().expect("rows").iter();
    rows.map(|row| row["id"].as_i64().expect("an id")).collect()
}
