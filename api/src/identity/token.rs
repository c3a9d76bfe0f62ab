//! Access tokens: JSON Web Tokens, signed with Ed25519, and with nothing else.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::secret;

/// Who gave it out.
const ISSUER: &str = "catchment";
/// How the names of our keys begin: a token that names none of them is somebody else's.
const KID: &str = "ctm-";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    /// The user's id.
    pub(crate) sub: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    /// The login: the family of its refresh tokens.
    pub(crate) sid: String,
}

/// A key that signs tokens.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) public: Vec<u8>,
    signs: EncodingKey,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disbelief {
    /// It names a key that is not known, or not any more.
    UnknownKey,
    Wrong,
    Expired,
}

impl Claims {
    pub(crate) fn new(
        (user, login): (&entity::user::Model, &str),
        (now, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            sub: user.id.to_string(),
            name: user.name.clone(),
            role: user.role.clone(),
            iat: now.timestamp(),
            exp: until.timestamp(),
            sid: login.to_owned(),
        }
    }
}

impl Key {
    /// The key of a PKCS #8 document; `None`: it is none for Ed25519.
    pub(crate) fn of_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
        let public = pair.public_key().as_ref().to_vec();
        let id = secret::hex(&secret::hash(&public)[..8]);
        Some(Self {
            kid: format!("{KID}{id}"),
            public,
            signs: EncodingKey::from_ed_der(der),
        })
    }

    /// # Errors
    /// The key cannot be used after all.
    pub(crate) fn sign(&self, claims: &Claims) -> jsonwebtoken::errors::Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.signs)
    }
}

/// Whether a text is a token that names a key as ours are named; whatever it says beside that.
pub(crate) fn is_ours(text: &str) -> bool {
    named(text).is_some()
}

fn named(text: &str) -> Option<String> {
    let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
    kid.starts_with(KID).then_some(kid)
}

/// What a token says, if one of `keys` has signed it and its time is not over.
///
/// # Errors
/// It is not to be believed.
pub(crate) fn read(text: &str, keys: &[Key], now: DateTime<Utc>) -> Result<Claims, Disbelief> {
    let kid = named(text).ok_or(Disbelief::Wrong)?;
    let key = keys.iter().find(|key| key.kid == kid);
    let key = key.ok_or(Disbelief::UnknownKey)?;
    let key = DecodingKey::from_ed_der(&key.public);
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    // The time comes from our clock.
    validation.validate_exp = false;
    let read = jsonwebtoken::decode::<Claims>(text, &key, &validation);
    let claims = read.map_err(|_| Disbelief::Wrong)?.claims;
    match now.timestamp() < claims.exp {
        true => Ok(claims),
        false => Err(Disbelief::Expired),
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
    use serde_json::json;

    use super::*;

    fn key() -> Key {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let der = pair.to_pkcs8().expect("a document");
        Key::of_pkcs8(der.as_ref()).expect("a key")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a time")
    }

    fn claims() -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            sub: "7".to_owned(),
            name: "anna".to_owned(),
            role: "reader".to_owned(),
            iat: now().timestamp(),
            exp: now().timestamp() + 900,
            sid: "login".to_owned(),
        }
    }

    fn with_header(header: &serde_json::Value, token: &str) -> String {
        let rest = token.split_once('.').expect("a token").1;
        format!("{}.{rest}", BASE64.encode(header.to_string()))
    }

    #[test]
    fn a_token_is_believed_until_it_expires() {
        let key = key();
        let token = key.sign(&claims()).expect("it is signed");
        let keys = [key];
        assert_eq!(read(&token, &keys, now()), Ok(claims()));
        let later = |seconds| now() + chrono::Duration::seconds(seconds);
        assert_eq!(read(&token, &keys, later(899)), Ok(claims()));
        assert_eq!(read(&token, &keys, later(900)), Err(Disbelief::Expired));
        assert_eq!(read(&token, &[], now()), Err(Disbelief::UnknownKey));
    }

    #[test]
    fn what_was_tampered_with_is_not_believed() {
        let (key, other) = (key(), key());
        let token = key.sign(&claims()).expect("it is signed");
        let kid = key.kid.clone();
        let of_other = other.sign(&claims()).expect("it is signed");
        let as_mine = json!({ "alg": "EdDSA", "kid": kid });
        let (head, signature) = token.rsplit_once('.').expect("a token");
        let admin = Claims {
            role: "admin".to_owned(),
            ..claims()
        };
        let payload = BASE64.encode(serde_json::to_vec(&admin).expect("JSON"));
        let header = head.split_once('.').expect("two parts").0;
        let mut confused = Header::new(Algorithm::HS256);
        confused.kid = Some(kid.clone());
        let with_public = EncodingKey::from_secret(&key.public);
        let confused = jsonwebtoken::encode(&confused, &claims(), &with_public);
        let foreign = Claims {
            iss: "other".to_owned(),
            ..claims()
        };
        let check = |token: &str| {
            assert_eq!(
                read(token, std::slice::from_ref(&key), now()),
                Err(Disbelief::Wrong),
                "{token}"
            );
        };
        check(&with_header(&as_mine, &of_other));
        check(&format!("{header}.{payload}.{signature}"));
        check(&format!("{head}."));
        check(&format!("{head}.{}", BASE64.encode([0; 64])));
        for alg in ["none", "None", "HS256", "ES256", "RS256"] {
            check(&with_header(&json!({ "alg": alg, "kid": kid }), &token));
            let unsigned = with_header(&json!({ "alg": alg, "kid": kid }), head);
            check(&format!("{unsigned}."));
        }
        check(&confused.expect("it is signed"));
        check(&key.sign(&foreign).expect("it is signed"));
        check("a.b.c");
        check("");
    }
}
