//! `GET /.well-known/jwks.json`: the public keys by which others know our access tokens (RFC 7517, RFC 8037).

use axum::{
    extract::State,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{AppState, identity::token::Key, problem::Problem};

pub(crate) async fn jwks(State(state): State<AppState>) -> Result<Response, Problem> {
    let keys = state.keyring.keys(&state.db, state.clock.now()).await?;
    let keys: Vec<Value> = keys.all().iter().map(public).collect();
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=60"),
        ),
    ];
    Ok((headers, json!({ "keys": keys }).to_string()).into_response())
}

fn public(key: &Key) -> Value {
    json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": BASE64_URL_SAFE_NO_PAD.encode(&key.public),
        "kid": key.kid,
        "use": "sig",
        "alg": "EdDSA",
    })
}
