//! Logins, tokens, passwords and keys, at the socket.

mod keys;
mod sessions;
mod throttle;
mod tokens;
mod users;

use api::{
    AuthSettings, Settings,
    account::{self, By, NewUser},
    password::{Cost, Hasher},
};
use entity::{access::Role, audit, user};
use reqwest::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use testdb::Kind;

use crate::world::{Answer, World, settings};

const PASSWORD: &str = "walrus on a bicycle";

/// Hashes cost next to nothing, and tests say from which address they come.
pub(crate) fn quick() -> Settings {
    Settings {
        auth: AuthSettings {
            cost: cost(),
            ..AuthSettings::default()
        },
        client_header: Some("x-forwarded-for".parse().expect("a header")),
        ..settings()
    }
}

fn cost() -> Cost {
    let number = |n| std::num::NonZeroU32::new(n).expect("not zero");
    Cost::new(number(8), number(1), number(1)).expect("it is taken")
}

pub(crate) async fn each(test: impl AsyncFn(World)) {
    for kind in testdb::kinds() {
        test(World::with_schema(kind, quick()).await).await;
    }
}

/// What a request shows, and from where it comes.
#[derive(Clone, Copy, Default)]
struct Sender<'a> {
    bearer: Option<&'a str>,
    key: Option<&'a str>,
    address: Option<&'a str>,
}

fn bearer(token: &str) -> Sender<'_> {
    Sender {
        bearer: Some(token),
        ..Sender::default()
    }
}

async fn ask(
    world: &World,
    (method, path): (Method, &str),
    from: Sender<'_>,
    body: Value,
) -> Answer {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let mut request = client.request(method.clone(), format!("{}{path}", world.url));
    if let Some(token) = from.bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some(key) = from.key {
        request = request.header("x-api-key", key);
    }
    if let Some(address) = from.address {
        request = request.header("x-forwarded-for", address);
    }
    if !body.is_null() {
        request = request
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.expect("the server answers");
    let answer = Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.text().await.expect("a text"),
    };
    world.conforms((&method, path), &answer).await;
    answer
}

async fn post(world: &World, path: &str, from: Sender<'_>, body: Value) -> Answer {
    ask(world, (Method::POST, &format!("/api/v1{path}")), from, body).await
}

/// Whether the api takes it for a token that is good.
async fn is_known(world: &World, token: &str) -> bool {
    let catalog = (Method::GET, "/api/v1/catalog");
    let answer = ask(world, catalog, bearer(token), Value::Null).await;
    assert!(
        [200, 401].contains(&answer.status.as_u16()),
        "{}",
        answer.body
    );
    answer.status == 200
}

pub(crate) async fn user(world: &World, name: &str, role: Role) -> user::Model {
    let new = NewUser {
        name: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        role,
        password: PASSWORD.to_owned(),
        first_name: None,
        last_name: None,
        phone: None,
    };
    let hasher = Hasher::new(cost());
    let made = account::create(&world.db, &hasher, (new, &By::default()), world.now()).await;
    made.expect("a user")
}

async fn login(world: &World, name: &str, password: &str) -> Answer {
    let body = json!({ "name": name, "password": password });
    post(world, "/auth/login", Sender::default(), body).await
}

/// An access token and a renewal token.
pub(crate) async fn tokens(world: &World, name: &str) -> (String, String) {
    let answer = login(world, name, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    both(&answer)
}

fn both(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().expect("a text").to_owned();
    (text("access_token"), text("refresh_token"))
}

/// Action and target of all that was written down.
async fn audited(world: &World) -> Vec<String> {
    let rows = audit::Entity::find().order_by_asc(audit::Column::Id);
    let rows = rows.all(&world.db).await.expect("rows");
    let told = |row: audit::Model| {
        let target = row.target.unwrap_or_else(|| "-".to_owned());
        format!("{} {target}", row.action)
    };
    rows.into_iter().map(told).collect()
}

/// A world on SQLite, for what does not depend on the database.
async fn one_world(settings: Settings) -> World {
    World::with_schema(Kind::Sqlite, settings).await
}
