//! Opens a database by its URL, with the settings that every connection of Catchment needs.

use std::{net::IpAddr, time::Duration};

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use sqlx::mysql::MySqlSslMode;

/// Opens a pool of at most `connections` to the database at `url`.
///
/// `sqlite://path` makes the file when it is missing and turns on WAL, so that readers never wait
/// for the writer; `mysql://user:password@host/database` must exist. A server on this machine is spoken to without
/// TLS, unless the URL's `ssl-mode` asks for it.
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
    options.map_sqlx_mysql_opts(|options| match options.get_ssl_mode() {
        // Nobody listens in between; and the driver, which leaves Nagle's algorithm on, waits 40 ms for each statement
        // of more than one TLS record (sqlx issue 4335).
        MySqlSslMode::Preferred if is_here(options.get_host()) => {
            options.ssl_mode(MySqlSslMode::Disabled)
        }
        _ => options,
    });
    Database::connect(options).await
}

/// Whether what is sent to `host` does not leave this machine.
fn is_here(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || (host.parse::<IpAddr>()).is_ok_and(|address| address.is_loopback())
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
    use super::{is_here, redacted};

    #[test]
    fn only_loopback_addresses_are_here() {
        let check = |host, expected| assert_eq!(is_here(host), expected, "{host}");
        for here in [
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "[::1]",
        ] {
            check(here, true);
        }
        for elsewhere in ["db", "10.0.0.1", "localhost.example", "[fe80::1]", ""] {
            check(elsewhere, false);
        }
    }

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
