//! Logins and what they need: tokens given out, renewed and ended, passwords changed, users who make themselves, and keys
//! of programs.

mod granted;
mod jwks;
mod keys;
mod leave;
mod login;
mod password;
mod refresh;
mod register;

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use entity::user;
use serde::Serialize;

pub use self::register::setup_token;
pub(crate) use self::{
    jwks::jwks,
    keys::{create as create_key, list as list_keys, revoke as revoke_key},
    leave::logout,
    login::login,
    password::change as change_password,
    refresh::refresh,
    register::{register, setup},
};
use crate::{
    identity::{
        Address, Known,
        account::{By, Refused},
        password::Busy,
    },
    problem::{Kind, Problem},
};

/// A user, as logins tell of it.
#[derive(Debug, Serialize)]
struct Person {
    id: i64,
    name: String,
    email: Option<String>,
    role: String,
}

impl From<user::Model> for Person {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
        }
    }
}

/// An answer that nobody on the way may keep.
fn told(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = match serde_json::to_vec(body) {
        Ok(bytes) => bytes,
        Err(error) => return Problem::internal(error).into_response(),
    };
    let json = HeaderValue::from_static("application/json");
    let mut response = (status, [(CONTENT_TYPE, json)], bytes).into_response();
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}

fn done() -> Response {
    let never = HeaderValue::from_static("no-store");
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, never)]).into_response()
}

/// Who does it, for the audit.
fn by(known: &Known, Address(address): Address) -> By {
    By {
        actor: Some(known.name.clone()),
        address: Some(address.to_string()),
    }
}

/// Nobody known does it.
fn by_nobody(Address(address): Address) -> By {
    By {
        actor: None,
        address: Some(address.to_string()),
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(Kind::Unauthenticated, detail)
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::new(Kind::Overloaded, busy.to_string())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        use crate::fault::{Code, Fault};
        match refused {
            Refused::Faulty(faults) => {
                let faults = faults.into_iter();
                let faults =
                    faults.map(|(member, why)| Fault::new(member, Code::InvalidValue, why));
                Self::of_body(faults.collect())
            }
            Refused::Taken | Refused::KeyTaken(_) | Refused::TooManyKeys(_) => {
                Self::new(Kind::Conflict, refused.to_string())
            }
            Refused::NoRandomness(error) => error.into(),
            Refused::Busy(busy) => busy.into(),
            Refused::Database(error) => error.into(),
        }
    }
}
