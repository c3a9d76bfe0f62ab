//! The keys that sign access tokens: those of the settings, or one made at the first start and kept in the database.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use entity::signing_key::{Entity as SigningKey, Hidden};
use sea_orm::{DatabaseConnection, DbErr};

use super::token::Key;

/// For how long the database's keys are taken for those that there are. A token is signed with a key that was rotated out
/// for so long at most.
pub(crate) const FRESH: TimeDelta = TimeDelta::seconds(5);
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Keys as the settings name them: the first signs, what the others have signed is believed, too.
#[derive(Clone)]
pub struct SigningKeys(Vec<Key>);

impl fmt::Debug for SigningKeys {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.kid))
            .finish()
    }
}

impl FromStr for SigningKeys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "write Ed25519 private keys in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` makes them".to_owned()
        };
        let keys = text.split(BEGIN).skip(1).map(|part| {
            let (body, _) = part.split_once(END)?;
            let body: String = body.split_whitespace().collect();
            Key::of_pkcs8(&BASE64_STANDARD.decode(body).ok()?)
        });
        let keys: Option<Vec<Key>> = keys.collect();
        let keys = keys.filter(|keys| !keys.is_empty());
        keys.map(Self).ok_or_else(wrong)
    }
}

/// The keys that are good, the one that signs first.
#[derive(Clone)]
pub(crate) struct Keys(Arc<[Key]>);

impl Keys {
    pub(crate) fn all(&self) -> &[Key] {
        &self.0
    }

    pub(crate) fn signing(&self) -> Option<&Key> {
        self.0.first()
    }
}

/// Where the keys come from.
pub(crate) struct Keyring {
    given: Option<Keys>,
    read: RwLock<Option<(Keys, DateTime<Utc>)>>,
}

impl Keyring {
    pub(crate) fn new(given: Option<SigningKeys>) -> Self {
        Self {
            given: given.map(|keys| Keys(keys.0.into())),
            read: RwLock::default(),
        }
    }

    /// The keys as they were lately; the first is made if there is none.
    ///
    /// # Errors
    /// They have to be read, and the database does not answer.
    pub(crate) async fn keys(
        &self,
        db: &DatabaseConnection,
        now: DateTime<Utc>,
    ) -> Result<Keys, DbErr> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let read = self
            .read
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((keys, at)) = read
            && (now - at).abs() < FRESH
        {
            return Ok(keys);
        }
        let keys = read_or_made(db, now).await?;
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        *read = Some((keys.clone(), now));
        Ok(keys)
    }
}

async fn read_or_made(db: &DatabaseConnection, now: DateTime<Utc>) -> Result<Keys, DbErr> {
    let mut good = SigningKey::good(db, now).await?;
    if good.is_empty() {
        // Of several processes that start at once each makes the first, and the first of these stays.
        SigningKey::make(db, (1, made()?), now).await?;
        good = SigningKey::good(db, now).await?;
    }
    let keys = good
        .iter()
        .filter_map(|key| Key::of_pkcs8(&key.private_key.0));
    Ok(Keys(keys.collect()))
}

/// Makes another key, which signs from now on. What the others have signed is believed until `until`, which is to be
/// behind the end of the last of it. Returns the new key's name.
///
/// # Errors
/// The database does not answer.
pub async fn rotate(
    db: &DatabaseConnection,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<String, DbErr> {
    let generation = SigningKey::newest(db).await? + 1;
    let private_key = made()?;
    let key = Key::of_pkcs8(&private_key.0);
    SigningKey::make(db, (generation, private_key), now).await?;
    SigningKey::retire_before(db, generation, until).await?;
    Ok(key.map(|key| key.kid).unwrap_or_default())
}

fn made() -> Result<Hidden, DbErr> {
    let no_key = |_| DbErr::Custom("the system gives no randomness for a key".to_owned());
    let pair = Ed25519KeyPair::generate().map_err(no_key)?;
    let document = pair.to_pkcs8().map_err(no_key)?;
    Ok(Hidden(document.as_ref().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        let der = BASE64_STANDARD.encode(made().expect("a key").0);
        format!("{BEGIN}\n{der}\n{END}\n")
    }

    #[test]
    fn keys_are_read_from_pem_and_never_shown() {
        let (one, other) = (pem(), pem());
        let keys: SigningKeys = format!("{one}{other}").parse().expect("two keys");
        assert_eq!(keys.0.len(), 2);
        let shown = format!("{keys:?}");
        assert!(shown.starts_with("[\"ctm-") && shown.len() < 60, "{shown}");
        // As openssl writes it, without the public part.
        let openssl = "-----BEGIN PRIVATE KEY-----\n\
                       MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                       -----END PRIVATE KEY-----\n";
        let keys: SigningKeys = openssl.parse().expect("a key");
        // RFC 8037's key pair.
        assert_eq!(keys.0[0].public[..4], [0xd7, 0x5a, 0x98, 0x01]);
        for wrong in [
            "",
            "secret",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            assert!(wrong.parse::<SigningKeys>().is_err(), "{wrong}");
        }
    }
}
