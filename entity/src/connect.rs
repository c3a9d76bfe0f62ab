//! Opens a database by its URL, with the settings that every connection of Catchment needs.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};

/// Opens a pool of at most `connections` to the database at `url`.
///
/// `sqlite://path` makes the file when it is missing and turns on WAL, so that readers never wait
/// for the writer; `mysql://user:password@host/database` must exist.
///
/// # Errors
/// The URL is of another kind, or the database cannot be reached.
pub async fn connect(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        // A ping before each use would double the cost of a small read; one after a pause is enough
        // to notice a server that closed the connection.
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "NORMAL")
            // Only a new file takes the page size: 16 KiB holds a handful of records a page.
            .pragma("page_size", "16384")
    });
    Database::connect(options).await
}

/// `url` without its password and parameters, fit for a log line.
pub fn redacted(url: &str) -> String {
    let plain = url.split('?').next().unwrap_or(url);
    let Some((scheme, rest)) = plain.split_once("://") else {
        return plain.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:***@{host}")
        }
        None => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_password_never_shows() {
        let check = |url, expected| assert_eq!(redacted(url), expected);
        check(
            "mysql://app:p@ss:w@db:3306/app",
            "mysql://app:***@db:3306/app",
        );
        check(
            "sqlite://data/catchment.db?mode=rwc",
            "sqlite://data/catchment.db",
        );
        check("mysql://db/app", "mysql://db/app");
    }
}
