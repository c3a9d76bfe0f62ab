//! Users, profiles and the audit, as the document tells them.

use entity::{access::Role, audit, user};
use serde_json::{Map, Value, json};

use super::{
    act::Act,
    paths::{json_body, reference},
    tables,
};
use crate::identity::Need;

pub(super) const TAG: &str = "directory";

/// Who may not be changed so, for want of another or because somebody is called so.
const CHANGES: [&str; 3] = ["NotFound", "Conflict", "PreconditionFailed"];

pub(super) fn acts() -> Vec<(String, Act<'static>)> {
    let users = [list(), create()].map(|act| ("/api/v1/users", act));
    let one = [one(), change(), remove()].map(|act| ("/api/v1/users/{id}", act));
    let me = [me(), change_me()].map(|act| ("/api/v1/users/me", act));
    let audit = [("/api/v1/audit", of_audit())];
    let acts = users.into_iter().chain(one).chain(me).chain(audit);
    acts.map(|(path, act)| (path.to_owned(), act)).collect()
}

/// The schemas that they refer to.
pub(super) fn schemas() -> Map<String, Value> {
    Map::from_iter([
        ("User".to_owned(), of_user()),
        ("NewUser".to_owned(), new_user()),
        ("UserChange".to_owned(), user_change()),
        ("Profile".to_owned(), profile()),
        (
            "AuditEntry".to_owned(),
            tables::row(&audit::Entity::listing()),
        ),
    ])
}

fn of_user() -> Value {
    tables::row(&user::Entity::listing())
}

fn list() -> Act<'static> {
    Act {
        method: "get",
        id: "list_users",
        summary: "The users",
        parameters: tables::parameters(&user::Entity::listing()),
        answers: vec![(200, "As asked.", tables::body(&reference("User")))],
        problems: &["BadList", "QueryTimeout"],
        ..plain(Need::Admin)
    }
}

fn create() -> Act<'static> {
    Act {
        method: "post",
        id: "create_user",
        summary: "Make a user",
        body: Some(json_body(&reference("NewUser"))),
        answers: vec![(201, "The user, whose URL is in `Location`.", user())],
        headers: &["ETag", "Location"],
        problems: &["Conflict"],
        ..plain(Need::Admin)
    }
}

fn one() -> Act<'static> {
    Act {
        method: "get",
        id: "one_user",
        summary: "One user: for an admin any, for a user itself",
        parameters: vec![id()],
        answers: vec![(200, "The user.", user()), SAME],
        headers: &["ETag"],
        problems: &["NotFound"],
        ..plain(Need::Known)
    }
}

fn change() -> Act<'static> {
    Act {
        method: "patch",
        id: "change_user",
        summary: "Change some of a user",
        parameters: vec![id(), if_match()],
        body: Some(json_body(&reference("UserChange"))),
        answers: vec![(200, "The user as it is now.", user())],
        headers: &["ETag"],
        problems: &CHANGES,
        ..plain(Need::Admin)
    }
}

fn remove() -> Act<'static> {
    Act {
        method: "delete",
        id: "remove_user",
        summary: "Delete a user, with its logins and keys",
        parameters: vec![id(), if_match()],
        answers: vec![(204, "It is there no more.", Value::Null)],
        problems: &CHANGES,
        ..plain(Need::Admin)
    }
}

fn me() -> Act<'static> {
    Act {
        method: "get",
        id: "me",
        summary: "The user who has logged in",
        answers: vec![(200, "The user.", user()), SAME],
        headers: &["ETag"],
        problems: &["NotFound"],
        ..plain(Need::Login)
    }
}

fn change_me() -> Act<'static> {
    Act {
        method: "put",
        id: "change_me",
        summary: "Say all of one's own profile anew",
        parameters: vec![if_match()],
        body: Some(json_body(&reference("Profile"))),
        answers: vec![(200, "The user as it is now.", user())],
        headers: &["ETag"],
        problems: &CHANGES,
        ..plain(Need::Login)
    }
}

fn of_audit() -> Act<'static> {
    let answer = "What was done with the rights of a user or key, the newest first.";
    Act {
        method: "get",
        id: "audit",
        summary: "Who did what, and from where",
        parameters: tables::parameters(&audit::Entity::listing()),
        answers: vec![(200, answer, tables::body(&reference("AuditEntry")))],
        problems: &["BadList", "QueryTimeout"],
        ..plain(Need::Admin)
    }
}

/// The answer to whoever has it already.
const SAME: (u16, &str, Value) = (304, "The caller has it already.", Value::Null);

fn plain(need: Need) -> Act<'static> {
    Act {
        method: "",
        tag: TAG,
        id: "",
        summary: "",
        need,
        parameters: Vec::new(),
        body: None,
        answers: Vec::new(),
        headers: &[],
        problems: &[],
    }
}

fn user() -> Value {
    json_body(&json!({
        "type": "object",
        "required": ["data"],
        "properties": { "data": reference("User") },
    }))
}

fn id() -> Value {
    json!({
        "name": "id",
        "in": "path",
        "required": true,
        "schema": { "type": "integer", "format": "int64" },
    })
}

fn if_match() -> Value {
    json!({
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` of the user as the caller knows it: if it is another by now, nothing is done.",
        "schema": { "type": "string" },
    })
}

/// What a user says of itself; `null` takes away what there was.
fn of_itself() -> Map<String, Value> {
    let text =
        |most: usize| json!({ "type": ["string", "null"], "minLength": 1, "maxLength": most });
    let mut email = text(254);
    email["format"] = json!("email");
    let attributes = json!({
        "type": ["object", "null"],
        "description": "Whatever is to be known of the user; at most 16 KiB.",
    });
    Map::from_iter([
        ("email".to_owned(), email),
        ("first_name".to_owned(), text(255)),
        ("last_name".to_owned(), text(255)),
        ("phone".to_owned(), text(64)),
        ("attributes".to_owned(), attributes),
    ])
}

fn profile() -> Value {
    json!({
        "type": "object",
        "description": "What is not there is taken away.",
        "properties": of_itself(),
        "additionalProperties": false,
    })
}

/// And what only an admin says of it.
fn of_admins() -> Map<String, Value> {
    let mut members = of_itself();
    let name = json!({
        "type": "string",
        "description": "Letters a to z, digits, `.`, `_` and `-`; capital letters are made small.",
        "minLength": 1,
        "maxLength": 64,
    });
    let password = json!({ "type": "string", "format": "password", "writeOnly": true });
    let role = json!({ "type": "string", "enum": Role::ALL.map(Role::as_str) });
    members.insert("name".to_owned(), name);
    members.insert("role".to_owned(), role);
    members.insert("password".to_owned(), password);
    members
}

fn new_user() -> Value {
    let mut members = of_admins();
    members["role"]["default"] = json!(Role::Reader.as_str());
    json!({
        "type": "object",
        "required": ["name", "password"],
        "properties": members,
        "additionalProperties": false,
    })
}

fn user_change() -> Value {
    let mut members = of_admins();
    members.insert("active".to_owned(), json!({ "type": "boolean" }));
    json!({
        "type": "object",
        "description": "What is not there stays.",
        "properties": members,
        "additionalProperties": false,
    })
}
