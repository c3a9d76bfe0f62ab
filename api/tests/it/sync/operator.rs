//! Somebody with a key, whose every answer is held against the document.

use chrono::Duration;
use entity::{access::Role, api_key, user};
use reqwest::{Client, Method};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    openapi::Document,
    world::{Answer, World},
};

/// Where all is that is about the syncers.
const BASE: &str = "/api/v1/sync";

/// Asks with a key.
pub(crate) struct Operator<'a> {
    world: &'a World,
    http: Client,
    key: String,
    document: Document,
}

impl<'a> Operator<'a> {
    /// One who may steer the syncer.
    pub(crate) async fn of(world: &'a World) -> Self {
        Self::with(world, "steers", "sync read").await
    }

    /// One with a key of an admin's with those scopes.
    pub(crate) async fn with(world: &'a World, name: &str, scopes: &str) -> Self {
        let key = format!("ctm_{name:x<43}");
        let owner = owner(world).await;
        let new = api_key::New {
            user_id: owner,
            name: name.to_owned(),
            prefix: key.chars().take(12).collect(),
            hash: Sha256::digest(&key).to_vec(),
            scopes: scopes.parse().expect("scopes"),
            expires_at: Some(world.now() + Duration::days(1)),
        };
        let made = api_key::Entity::create(&world.db, new, world.now()).await;
        made.expect("the key is made");
        Self {
            world,
            http: Client::builder().no_proxy().build().expect("a client"),
            key,
            document: Document::of(world).await,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &str) -> Answer {
        self.ask(Method::PATCH, path, Some(body)).await
    }

    /// What stands under `data` of a good answer.
    pub(crate) async fn told(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()["data"].take()
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&str>) -> Answer {
        let response = self.open(method.clone(), path, body).await;
        let answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.expect("a text"),
        };
        let at = format!("{method} {path}");
        let whole = format!("{BASE}{}", path.split('?').next().unwrap_or(path));
        if let Some(operation) = self.document.operation(method.as_str(), &whole) {
            self.document.conforms(&operation, &answer, &at);
        }
        answer
    }

    /// The answer as it comes.
    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
    ) -> reqwest::Response {
        let url = format!("{}{BASE}{path}", self.world.url);
        let mut request = self
            .http
            .request(method, url)
            .header("x-api-key", &self.key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json");
            request = request.body(body.to_owned());
        }
        request.send().await.expect("the server answers")
    }
}

/// The admin whose keys they are.
async fn owner(world: &World) -> i64 {
    use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
    if let Some(known) = user::Entity::find().one(&world.db).await.expect("users") {
        return known.id;
    }
    let row = user::ActiveModel {
        name: Set("anna".to_owned()),
        role: Set(Role::Admin.as_str().to_owned()),
        password_hash: Set("none".to_owned()),
        attributes: Set("{}".to_owned()),
        active: Set(true),
        created_at: Set(world.now()),
        updated_at: Set(world.now()),
        ..Default::default()
    };
    row.insert(&world.db).await.expect("a user").id
}
