//! Rows that callers write: each verb at the socket, and what reads tell of it.

mod imports;
mod model;
mod once;
mod verbs;

use entity::{
    access::Role,
    api_key,
    definition::{
        Decimal, Definition, Field, Identity, Kind, Local, OnBad, Pointer, Rule, TimeFormat,
    },
    resource, user,
};
use reqwest::{Method, header::CONTENT_TYPE};
use sha2::{Digest, Sha256};

use crate::{
    cats::field,
    world::{Answer, World},
};

pub(crate) const PEOPLE: &str = "/api/v1/people/passengers";

/// People with a number, as the shipped definition has them, and a JSON member.
pub(crate) fn people() -> Definition {
    let required = |of: Field| Field {
        required: true,
        ..of
    };
    let sexes = vec!["male".to_owned(), "female".to_owned()];
    let fields = vec![
        required(field("id", Kind::Integer)),
        required(field("name", Kind::Text)),
        Field {
            values: sexes.clone(),
            ..field("sex", Kind::Text)
        },
        field(
            "age",
            Kind::Decimal {
                precision: 5,
                scale: 2,
            },
        ),
        field("survived", Kind::Boolean),
        field("tags", Kind::List),
        field("notes", Kind::Json),
    ];
    let rule = |of: &Field| Rule {
        from: Pointer(vec![of.name.clone()]),
        pattern: None,
        split: (of.kind == Kind::List).then(|| ";".to_owned()),
        format: TimeFormat::Standard,
        values: of.values.clone(),
        min: (of.name == "age").then(|| Decimal::parse("0").expect("a number")),
        max: None,
        required: of.required,
        on_bad: OnBad::Null,
    };
    let headers = ["", "Full Name", "", "Age", "", "", ""];
    let headers = headers.map(|name| (!name.is_empty()).then(|| name.to_owned()));
    Definition {
        source: "people".to_owned(),
        resource: "passengers".to_owned(),
        table: "people_passengers".to_owned(),
        description: None,
        key: vec!["id".to_owned()],
        identity: Identity::Key,
        tables: Vec::new(),
        orders: Vec::new(),
        search: vec!["name".to_owned()],
        parent: None,
        history: true,
        face: None,
        read: None,
        local: Some(Local {
            rules: fields.iter().map(rule).collect(),
            headers: headers.to_vec(),
        }),
        fields,
    }
}

/// Opens the resource to callers, as the syncer does.
pub(crate) async fn opened(world: &World, definition: &Definition) -> i32 {
    let id = world.filling(definition, &[]).await;
    world.filled(definition, id).await;
    resource::Entity::opened(&world.db, id, world.now())
        .await
        .expect("it is opened");
    world.refresh().await;
    id
}

/// A key with these scopes.
pub(crate) async fn key(world: &World, name: &str, scopes: &str) -> String {
    let user = user::New {
        name: name.to_owned(),
        email: None,
        role: Role::Admin,
        password_hash: "not a hash".to_owned(),
        first_name: None,
        last_name: None,
        phone: None,
    };
    let user = user::Entity::create(&world.db, user, world.now())
        .await
        .expect("a user");
    let secret = format!("ctm_key_of_{name}");
    let new = api_key::New {
        user_id: user.id,
        name: name.to_owned(),
        prefix: secret.clone(),
        hash: Sha256::digest(secret.as_bytes()).to_vec(),
        scopes: scopes.parse().expect("scopes"),
        expires_at: None,
    };
    let made = api_key::Entity::create(&world.db, new, world.now()).await;
    made.expect("a key");
    secret
}

/// Who asks, and what headers it sends.
#[derive(Clone, Copy)]
pub(crate) struct By<'a> {
    pub(crate) key: &'a str,
    pub(crate) form: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

pub(crate) fn by(key: &str) -> By<'_> {
    By {
        key,
        form: "application/json",
        headers: &[],
    }
}

pub(crate) async fn send(
    world: &World,
    (method, path): (Method, &str),
    by: By<'_>,
    body: impl Into<reqwest::Body>,
) -> Answer {
    let client = reqwest::Client::builder().no_proxy().build();
    let mut request = client
        .expect("a client")
        .request(method.clone(), format!("{}{path}", world.url))
        .header(CONTENT_TYPE, by.form);
    if !by.key.is_empty() {
        request = request.header("x-api-key", by.key);
    }
    for (name, value) in by.headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body).send().await.expect("the server answers");
    let answer = Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: response.text().await.expect("a text"),
    };
    world.conforms((&method, path), &answer).await;
    answer
}

/// A world with the people in it, and a key that may write them.
pub(crate) async fn each(test: impl AsyncFn(World, String)) {
    World::each(async |world| {
        opened(&world, &people()).await;
        let key = key(&world, "writer", "read write:people/passengers").await;
        test(world, key).await;
    })
    .await;
}

/// `code parameter` of each fault.
pub(crate) fn faults(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let errors = body["errors"].as_array().expect("faults").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    errors
        .iter()
        .map(|error| format!("{} {}", text(&error["code"]), text(&error["parameter"])))
        .collect()
}
