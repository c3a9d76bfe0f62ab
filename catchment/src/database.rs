//! Opens the database that the settings name, and knows whether its schema is there.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use entity::connect;
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxError};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    exit::Misuse,
    settings::{self, Lookup, expand},
};

/// Opens the database; a file that is missing is made.
pub(crate) async fn open(
    settings: &settings::Database,
    lookup: Lookup<'_>,
) -> anyhow::Result<DatabaseConnection> {
    let url = expanded(settings, lookup)?;
    connected(settings, url.expose_secret()).await
}

/// Opens a database for commands that have no use for an empty one: a file that is missing stays missing.
pub(crate) async fn open_existing(
    settings: &settings::Database,
    lookup: Lookup<'_>,
) -> anyhow::Result<DatabaseConnection> {
    let url = expanded(settings, lookup)?;
    if let Some(file) = file(url.expose_secret())
        && !file.exists()
    {
        let place = connect::redacted(url.expose_secret());
        return Err(anyhow!(
            "there is no database {place} yet; `catchment up` or `catchment migrate up` makes it, \
             the setting `database.url` names another"
        ));
    }
    connected(settings, url.expose_secret()).await
}

/// As [`open_existing`], with a schema that is up to date.
pub(crate) async fn open_ready(
    settings: &settings::Database,
    lookup: Lookup<'_>,
) -> anyhow::Result<DatabaseConnection> {
    let db = open_existing(settings, lookup).await?;
    match missing(&db).await?.as_slice() {
        [] => Ok(db),
        [name, ..] => Err(anyhow!(
            "the database's schema lacks the migration {name}; `catchment migrate up` applies it"
        )),
    }
}

/// Opens a database for commands that can do without: `None`, if it is not there or has no schema that is up to date.
pub(crate) async fn open_known(
    settings: &settings::Database,
    lookup: Lookup<'_>,
) -> anyhow::Result<Option<DatabaseConnection>> {
    let url = expanded(settings, lookup)?;
    if file(url.expose_secret()).is_some_and(|file| !file.exists()) {
        return Ok(None);
    }
    let db = connected(settings, url.expose_secret()).await?;
    let is_ready = missing(&db).await?.is_empty();
    Ok(is_ready.then_some(db))
}

/// The migrations that are not applied.
pub(crate) async fn missing(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let all = migration::status(db).await?;
    let missing = all.into_iter().filter(|(_, is_applied)| !is_applied);
    Ok(missing.map(|(name, _)| name).collect())
}

async fn connected(settings: &settings::Database, url: &str) -> anyhow::Result<DatabaseConnection> {
    let opened = connect::connect(url, settings.connections.get()).await;
    opened.map_err(|error| {
        let place = connect::redacted(url);
        let why = if is_silence(&error) {
            "nothing answers there; is the server running?".to_owned()
        } else {
            // Some errors repeat the URL, password and all.
            error.to_string().replace(url, &place)
        };
        anyhow!("the database {place} cannot be opened; the setting `database.url` names it: {why}")
    })
}

/// A connection that is refused is tried until the pool's time is up, and only that is then told.
fn is_silence(error: &DbErr) -> bool {
    let DbErr::Conn(RuntimeErr::SqlxError(cause)) = error else {
        return false;
    };
    matches!(**cause, SqlxError::PoolTimedOut)
}

fn expanded(settings: &settings::Database, lookup: Lookup<'_>) -> Result<SecretString, Misuse> {
    let misuse = |why| Misuse(format!("`database.url`: {why}"));
    let url = expand(settings.url.expose_secret(), lookup, escaped).map_err(misuse)?;
    let fault = match Url::parse(url.expose_secret()) {
        Ok(parsed) if ["sqlite", "mysql"].contains(&parsed.scheme()) => return Ok(url),
        Ok(parsed) => format!(
            "`{}` is no kind of database that is supported",
            parsed.scheme()
        ),
        Err(error) => format!("it is no URL: {error}"),
    };
    Err(misuse(format!(
        "{fault}; write sqlite://FILE or mysql://USER:PASSWORD@HOST/DATABASE"
    )))
}

/// Percent-encoded, so that a password may hold what separates a URL's parts.
fn escaped(secret: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    secret.bytes().map(escape).collect()
}

/// The file of an SQLite database.
fn file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or(path);
    (path != ":memory:").then(|| Path::new(path).to_owned())
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use sea_orm::{DbErr, RuntimeErr, SqlxError};

    use super::{escaped, file, is_silence};

    #[test]
    fn a_server_that_does_not_answer_is_told_from_one_that_refuses() {
        let check = |error, expected| {
            let error = DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)));
            assert_eq!(is_silence(&error), expected, "{error}");
        };
        check(SqlxError::PoolTimedOut, true);
        check(SqlxError::Protocol("access denied".to_owned()), false);
    }

    #[test]
    fn what_separates_the_parts_of_a_url_is_escaped() {
        assert_eq!(escaped("p@ss/w%rd-1"), "p%40ss%2Fw%25rd-1");
    }

    #[test]
    fn an_sqlite_url_names_a_file() {
        let check = |url, expected: Option<&str>| {
            assert_eq!(file(url).as_deref(), expected.map(Path::new), "{url}");
        };
        check("sqlite://catchment.db", Some("catchment.db"));
        check(
            "sqlite:///data/catchment.db?mode=rwc",
            Some("/data/catchment.db"),
        );
        check("sqlite::memory:", None);
        check("mysql://h/d", None);
    }
}
