//! Logins, and keys of programs, as the document tells them.

use serde_json::{Map, Value, json};

use super::act::Act;
use crate::identity::Need;

pub(super) const TAG: &str = "identity";

pub(super) fn acts() -> Vec<(String, Act<'static>)> {
    let at = |path: &str, act| (format!("/api/v1{path}"), act);
    vec![
        ("/.well-known/jwks.json".to_owned(), jwks()),
        at("/auth/login", login()),
        at("/auth/refresh", refresh()),
        at("/auth/register", register()),
        at("/auth/setup", setup()),
        at("/auth/logout", logout()),
        at("/auth/password", password()),
        at("/keys", list_keys()),
        at("/keys", create_key()),
        at("/keys/{id}", revoke_key()),
    ]
}

fn act(method: &'static str, id: &'static str, summary: &'static str, need: Need) -> Act<'static> {
    Act {
        method,
        tag: TAG,
        id,
        summary,
        need,
        parameters: Vec::new(),
        body: None,
        answers: vec![(204, "It is done.", Value::Null)],
        headers: &[],
        problems: &[],
    }
}

fn jwks() -> Act<'static> {
    let key = object(
        &["kty", "crv", "x", "kid", "use", "alg"].map(|name| (name, text(""))),
        &[],
    );
    let keys = json!({ "type": "array", "items": key });
    let summary = "The public keys by which access tokens are known";
    Act {
        answers: vec![(
            200,
            "The keys that are good.",
            content(object(&[("keys", keys)], &[])),
        )],
        ..act("get", "jwks", summary, Need::Open)
    }
}

fn login() -> Act<'static> {
    let body = object(
        &[
            ("name", text("A user's name or e-mail address.")),
            ("password", text("")),
        ],
        &[],
    );
    Act {
        body: Some(content(body)),
        answers: vec![(200, "Tokens.", content(granted()))],
        problems: &["Unauthenticated", "LoginThrottled"],
        ..act(
            "post",
            "login",
            "Log in: a name and a password for tokens",
            Need::Open,
        )
    }
}

fn refresh() -> Act<'static> {
    let token = text("As the login or the last renewal gave it out. It can be used once.");
    Act {
        body: Some(content(object(&[("refresh_token", token)], &[]))),
        answers: vec![(200, "The next tokens.", content(granted()))],
        problems: &["Unauthenticated"],
        ..act("post", "refresh", "Renew a login", Need::Open)
    }
}

fn register() -> Act<'static> {
    Act {
        body: Some(content(object(&new_user(), &profile()))),
        answers: vec![(201, "The user.", content(data(person())))],
        problems: &["Forbidden", "Conflict", "LoginThrottled"],
        ..act(
            "post",
            "register",
            "Make a reader of oneself, where a setting allows it",
            Need::Open,
        )
    }
}

fn setup() -> Act<'static> {
    let token = ("token", text("As it was printed when the api was started."));
    let members: Vec<(&str, Value)> = [token].into_iter().chain(new_user()).collect();
    Act {
        body: Some(content(object(&members, &profile()))),
        answers: vec![(201, "The user.", content(data(person())))],
        problems: &["Unauthenticated", "Conflict", "LoginThrottled"],
        ..act(
            "post",
            "setup",
            "Make the first admin, with a token that was printed",
            Need::Open,
        )
    }
}

fn logout() -> Act<'static> {
    let all =
        json!({ "type": "boolean", "default": false, "description": "All logins of the user." });
    Act {
        body: Some(content(object(&[], &[("all", all)]))),
        ..act(
            "post",
            "logout",
            "End this login, or all of them",
            Need::Login,
        )
    }
}

fn password() -> Act<'static> {
    let members = [
        ("old", text("The present one.")),
        ("new", text("The next one.")),
    ];
    let summary = "Change the password; all other logins end";
    Act {
        body: Some(content(object(&members, &[]))),
        problems: &["LoginThrottled"],
        ..act("post", "change_password", summary, Need::Login)
    }
}

fn list_keys() -> Act<'static> {
    let user = json!({
        "name": "user",
        "in": "query",
        "description": "Of that user; only an admin may ask for another's.",
        "schema": { "type": "integer" },
    });
    let keys = json!({ "type": "array", "items": key(&[]) });
    Act {
        parameters: vec![user],
        answers: vec![(
            200,
            "Those that nobody has revoked.",
            content(object(&[("data", keys)], &[])),
        )],
        problems: &["NotFound"],
        ..act(
            "get",
            "list_keys",
            "The keys of a user's programs",
            Need::Login,
        )
    }
}

fn create_key() -> Act<'static> {
    let scopes = json!({ "type": "array", "minItems": 1, "items": { "type": "string" }, "description": "None that the user has not." });
    let needed = [
        ("name", text("By what it is told apart.")),
        ("scopes", scopes),
    ];
    let may = [
        (
            "expires_at",
            time("When it is no longer good; null: never."),
        ),
        (
            "user",
            json!({ "type": "integer", "description": "Whose it is to be; only an admin may name another." }),
        ),
    ];
    let told = [("key", text("The key itself. It is told this once."))];
    Act {
        body: Some(content(object(&needed, &may))),
        answers: vec![(201, "The key.", content(data(key(&told))))],
        problems: &["NotFound", "Conflict"],
        ..act(
            "post",
            "create_key",
            "Make a key for a program",
            Need::Login,
        )
    }
}

fn revoke_key() -> Act<'static> {
    let id = json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": "The key's number.",
        "schema": { "type": "integer" },
    });
    Act {
        parameters: vec![id],
        problems: &["NotFound"],
        ..act("delete", "revoke_key", "End a key", Need::Login)
    }
}

fn granted() -> Value {
    let seconds = || json!({ "type": "integer", "minimum": 0, "description": "Seconds." });
    let members = [
        ("access_token", text("Send it as `Authorization: Bearer`.")),
        ("token_type", json!({ "const": "Bearer" })),
        ("expires_in", seconds()),
        ("refresh_token", text("Renews the login, once.")),
        ("refresh_expires_in", seconds()),
        ("user", person()),
    ];
    object(&members, &[])
}

/// One of them, as every answer has it that is no token.
fn data(of: Value) -> Value {
    object(&[("data", of)], &[])
}

fn person() -> Value {
    let members = [
        ("id", json!({ "type": "integer" })),
        ("name", text("")),
        ("email", json!({ "type": ["string", "null"] })),
        (
            "role",
            json!({ "type": "string", "enum": ["reader", "operator", "admin"] }),
        ),
    ];
    object(&members, &[])
}

fn key(more: &[(&'static str, Value)]) -> Value {
    let members = [
        ("id", json!({ "type": "integer" })),
        ("user", json!({ "type": "integer" })),
        ("name", text("")),
        ("prefix", text("How it begins.")),
        (
            "scopes",
            json!({ "type": "array", "items": { "type": "string" } }),
        ),
        ("created_at", time("")),
        ("expires_at", time("")),
        ("last_used_at", time("To the minute.")),
    ];
    let members: Vec<(&str, Value)> = members.into_iter().chain(more.iter().cloned()).collect();
    object(&members, &[])
}

fn new_user() -> [(&'static str, Value); 2] {
    [
        (
            "name",
            text("1 to 64 letters a to z, digits, `.`, `_` and `-`."),
        ),
        (
            "password",
            text("At least 12 characters, and none of the commonest."),
        ),
    ]
}

fn profile() -> [(&'static str, Value); 4] {
    ["email", "first_name", "last_name", "phone"]
        .map(|name| (name, json!({ "type": ["string", "null"] })))
}

fn text(description: &str) -> Value {
    match description {
        "" => json!({ "type": "string" }),
        description => json!({ "type": "string", "description": description }),
    }
}

fn time(description: &str) -> Value {
    json!({
        "type": ["string", "null"],
        "format": "date-time",
        "description": description,
        "example": "2030-01-01T00:00:00Z",
    })
}

fn content(schema: Value) -> Value {
    let mut content = json!({ "application/json": {} });
    content["application/json"]["schema"] = schema;
    content
}

/// An object that always has the members of `needed`, may have those of `others`, and no more.
fn object(needed: &[(&str, Value)], others: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = needed.iter().map(|(name, _)| *name).collect();
    let members = needed.iter().chain(others);
    let members = members.map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    let properties: Map<String, Value> = members.collect();
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}
