//! Keys of programs made and revoked, whoever asks for it: the api or the command line. Each act is written down with it.

use chrono::{DateTime, Utc};
use entity::{
    access::{Scope, Scopes},
    api_key::{self, Entity as ApiKey},
    audit, dialect, user,
};
use sea_orm::{DatabaseConnection, DbErr};
use serde::Serialize;

use super::{
    account::{By, Refused},
    secret,
    shown::KEY,
};

/// Most keys of a user that are not revoked.
const MOST: usize = 100;
/// Most characters of a key's name.
const LONGEST_NAME: usize = 64;

/// A key that is asked for.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// By what it is told apart from its user's others.
    pub name: String,
    pub scopes: Scopes,
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key as it is told; the key itself only once.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    pub id: i64,
    /// The number of its user.
    pub user: i64,
    pub name: String,
    /// What it begins with.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Told {
    /// `text`: the key itself.
    pub fn new(key: api_key::Model, text: Option<String>) -> Self {
        let scopes = key.scopes();
        Self {
            id: key.id,
            user: key.user_id,
            name: key.name,
            prefix: key.prefix,
            scopes: scopes.iter().map(Scope::to_string).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            key: text,
        }
    }
}

impl NewKey {
    /// All that is wrong with it as a key of that user, by member.
    pub fn faults(&self, owner: &user::Model, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let chars = self.name.chars().count();
        let is_plain = self.name.trim() == self.name && !self.name.contains(char::is_control);
        if !(1..=LONGEST_NAME).contains(&chars) || !is_plain {
            let fault = format!(
                "a key's name has 1 to {LONGEST_NAME} characters, without blanks around them"
            );
            faults.push(("name", fault));
        }
        if self.scopes.is_empty() {
            faults.push(("scopes", "a key without a scope may do nothing".to_owned()));
        }
        let may = owner.role().scopes();
        let beyond = self.scopes.iter().filter(|scope| !may.cover(scope));
        faults.extend(beyond.map(|scope| {
            let (name, role) = (&owner.name, &owner.role);
            let fault = format!("`{scope}` is more than `{name}` may do, whose role is {role}");
            ("scopes", fault)
        }));
        if self.expires_at.is_some_and(|at| at <= now) {
            faults.push(("expires_at", "that time is past".to_owned()));
        }
        faults
    }
}

/// Makes a key of a user. Returns it with its text, which nobody can tell again.
///
/// # Errors
/// Something is wrong with it, or the user has one of that name, or too many.
pub async fn create(
    db: &DatabaseConnection,
    (owner, new): (&user::Model, NewKey),
    (by, now): (&By, DateTime<Utc>),
) -> Result<(api_key::Model, String), Refused> {
    let faults = new.faults(owner, now);
    if !faults.is_empty() {
        return Err(Refused::Faulty(faults));
    }
    let (row, text) = made(owner.id, new)?;
    let transaction = dialect::begin_write(db).await?;
    let others = ApiKey::of_user(&transaction, owner.id).await?;
    if others.iter().any(|key| key.name == row.name) {
        return Err(Refused::KeyTaken(row.name));
    }
    if others.len() >= MOST {
        return Err(Refused::TooManyKeys(MOST));
    }
    let scopes = row.scopes.to_string();
    let key = ApiKey::create(&transaction, row, now).await?;
    let mut entry = by.entry("key.create", Some(called(&owner.name, &key)));
    entry.detail = Some(format!("{} {scopes}", key.prefix));
    audit::Entity::add(&transaction, entry, now).await?;
    transaction.commit().await?;
    Ok((key, text))
}

/// Ends a key of a user. False: it has ended already.
///
/// # Errors
/// The database does not answer.
pub async fn revoke(
    db: &DatabaseConnection,
    (owner, key): (&str, &api_key::Model),
    (by, now): (&By, DateTime<Utc>),
) -> Result<bool, DbErr> {
    let transaction = dialect::begin_write(db).await?;
    let revoked = ApiKey::revoke(&transaction, key.id, now).await?;
    if revoked {
        let mut entry = by.entry("key.revoke", Some(called(owner, key)));
        entry.detail = Some(key.prefix.clone());
        audit::Entity::add(&transaction, entry, now).await?;
    }
    transaction.commit().await?;
    Ok(revoked)
}

fn made(user_id: i64, new: NewKey) -> Result<(api_key::New, String), Refused> {
    let prefix = format!("{KEY}{}", secret::name::<4>()?);
    let text = secret::made(&format!("{prefix}_"))?;
    let row = api_key::New {
        user_id,
        name: new.name,
        prefix,
        hash: secret::hash(text.as_bytes()).to_vec(),
        scopes: new.scopes,
        expires_at: new.expires_at,
    };
    Ok((row, text))
}

/// As the audit names a key.
pub(crate) fn called(owner: &str, key: &api_key::Model) -> String {
    format!("key:{owner}/{}", key.name)
}
