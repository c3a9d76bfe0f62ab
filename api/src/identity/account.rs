//! Users made and passwords given, whoever asks for it: the api or the command line. Each act is written down with it.

use aws_lc_rs::error::Unspecified;
use entity::{
    access::Role,
    audit, dialect, refresh_token,
    user::{self, NotMade, spelt},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, prelude::DateTimeUtc};

use super::password::{self, Busy, Hasher};

/// Most characters of a name, and of an e-mail address.
const LONGEST_NAME: usize = 64;
const LONGEST_EMAIL: usize = 254;

/// A user to be made, as somebody wrote it.
#[derive(Clone)]
pub struct NewUser {
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub password: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
}

/// Who asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// `user:anna`, `cli`; `None`: nobody known.
    pub actor: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What is wrong, by member.
    #[error("{}", .0.iter().map(|(_, fault)| fault.as_str()).collect::<Vec<_>>().join("; "))]
    Faulty(Vec<(&'static str, String)>),
    #[error("the name or the e-mail address is another user's")]
    Taken,
    /// The user has a key of that name.
    #[error("there is a key `{0}` already; revoke it, or take another name")]
    KeyTaken(String),
    #[error("a user has at most {0} keys; revoke one first")]
    TooManyKeys(usize),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error("the system gives no randomness")]
    NoRandomness(#[from] Unspecified),
    #[error("the database does not answer")]
    Database(#[from] DbErr),
}

impl By {
    /// What it did.
    pub fn entry(&self, action: &str, target: Option<String>) -> audit::Entry {
        audit::Entry {
            actor: self.actor.clone(),
            action: action.to_owned(),
            target,
            address: self.address.clone(),
            detail: None,
        }
    }
}

impl NewUser {
    /// All that is wrong with it, by member.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let (name, email) = (spelt(&self.name), self.email.as_deref().map(spelt));
        let password = password::faults(&self.password, &name, email.as_deref());
        let password = password.into_iter().map(|fault| ("password", fault));
        let name = name_fault(&name).map(|fault| ("name", fault));
        let email = email.as_deref().and_then(email_fault);
        let email = email.map(|fault| ("email", fault));
        let lengths = [
            ("first_name", &self.first_name, 255),
            ("last_name", &self.last_name, 255),
            ("phone", &self.phone, 64),
        ];
        let too_long = lengths.into_iter().filter_map(|(member, text, most)| {
            let chars = text.as_ref()?.chars().count();
            (chars > most).then(|| {
                let fault =
                    format!("`{member}` has {chars} characters; it may have at most {most}");
                (member, fault)
            })
        });
        let of_names = name.into_iter().chain(email);
        of_names.chain(password).chain(too_long).collect()
    }
}

/// What is wrong with a name, as [`spelt`] writes it.
pub fn name_fault(name: &str) -> Option<String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_good = (1..=LONGEST_NAME).contains(&name.len())
        && name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || "._-".contains(c));
    (!is_good).then(|| {
        format!(
            "a name has 1 to {LONGEST_NAME} letters a to z, digits, `.`, `_` and `-`, and begins with a letter or digit"
        )
    })
}

/// What is wrong with an e-mail address, as [`spelt`] writes it. Only its owner could say whether it exists.
pub fn email_fault(email: &str) -> Option<String> {
    let is_sane = |c: char| !c.is_whitespace() && !c.is_control();
    let is_good = email.len() <= LONGEST_EMAIL
        && email.chars().all(is_sane)
        && email
            .split_once('@')
            .is_some_and(|(mailbox, host)| !mailbox.is_empty() && is_host(host));
    (!is_good).then(|| "write an e-mail address, like anna@example.org".to_owned())
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
}

/// Makes a user.
///
/// # Errors
/// Something is wrong with it, its name is taken, or it cannot be done now.
pub async fn create(
    db: &DatabaseConnection,
    hasher: &Hasher,
    (new, by): (NewUser, &By),
    at: DateTimeUtc,
) -> Result<user::Model, Refused> {
    let new = checked(hasher, new).await?;
    let transaction = dialect::begin_write(db).await?;
    let user = insert(&transaction, (new, by, "user.create"), at).await?;
    transaction.commit().await?;
    Ok(user)
}

/// The row of a user without faults.
///
/// # Errors
/// There are some, or too many passwords are being hashed.
pub(crate) async fn checked(hasher: &Hasher, new: NewUser) -> Result<user::New, Refused> {
    let faults = new.faults();
    if !faults.is_empty() {
        return Err(Refused::Faulty(faults));
    }
    Ok(user::New {
        name: new.name,
        email: new.email,
        role: new.role,
        password_hash: hasher.hash(new.password).await?,
        first_name: new.first_name,
        last_name: new.last_name,
        phone: new.phone,
    })
}

/// Writes a user down, and that `by` made it; `db` is a transaction.
///
/// # Errors
/// Its name is taken, or the database does not answer.
pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    (new, by, action): (user::New, &By, &str),
    at: DateTimeUtc,
) -> Result<user::Model, Refused> {
    let user = user::Entity::create(db, new, at).await;
    let user = user.map_err(|error| match error {
        NotMade::Taken => Refused::Taken,
        NotMade::Database(error) => Refused::Database(error),
    })?;
    let entry = by.entry(action, Some(user.actor()));
    audit::Entity::add(db, entry, at).await?;
    Ok(user)
}

/// Gives a user another password, and ends all its logins but the one of that family. Keys stay as they are.
///
/// # Errors
/// The password may not be one, or it cannot be done now.
pub async fn set_password(
    db: &DatabaseConnection,
    hasher: &Hasher,
    (user, password, but): (&user::Model, String, Option<&str>),
    (by, at): (&By, DateTimeUtc),
) -> Result<(), Refused> {
    let faults = password::faults(&password, &user.name, user.email.as_deref());
    if !faults.is_empty() {
        let faults = faults.into_iter().map(|fault| ("password", fault));
        return Err(Refused::Faulty(faults.collect()));
    }
    let hash = hasher.hash(password).await?;
    let transaction = dialect::begin_write(db).await?;
    user::Entity::set_password(&transaction, (user.id, &hash), at).await?;
    refresh_token::Entity::end_all(&transaction, (user.id, but), at).await?;
    let entry = by.entry("user.password", Some(user.actor()));
    audit::Entity::add(&transaction, entry, at).await?;
    transaction.commit().await?;
    Ok(())
}

/// Removes a user with all its logins and keys. False: there is no such user.
///
/// # Errors
/// The database does not answer.
pub async fn remove(
    db: &DatabaseConnection,
    user: &user::Model,
    (by, at): (&By, DateTimeUtc),
) -> Result<bool, DbErr> {
    let transaction = dialect::begin_write(db).await?;
    let removed = user::Entity::remove(&transaction, user.id).await?;
    if removed {
        let entry = by.entry("user.remove", Some(user.actor()));
        audit::Entity::add(&transaction, entry, at).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_small_letters_and_an_address_has_a_host() {
        let name = |text: &str, good: bool| assert_eq!(name_fault(text).is_none(), good, "{text}");
        name("anna", true);
        name("a.b-c_1", true);
        name("", false);
        name("Anna", false);
        name("-anna", false);
        name("a@b", false);
        name(&"a".repeat(65), false);
        let email =
            |text: &str, good: bool| assert_eq!(email_fault(text).is_none(), good, "{text}");
        email("anna@example.org", true);
        email("anna+x@localhost", true);
        email("anna", false);
        email("@example.org", false);
        email("anna@", false);
        email("a b@example.org", false);
        email("a@b@c", false);
    }
}
