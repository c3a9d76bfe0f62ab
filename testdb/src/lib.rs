//! Fresh databases for tests: an SQLite file always, and the same test on a real MySQL server. And a scripted upstream.
//!
//! Every database is empty, has a name of its own and goes when its [`TestDb`] is dropped, so tests
//! share nothing and run side by side. Used by tests and the benchmark only: it panics where they could not go on.

mod server;

/// An upstream at a real socket that answers as a test says.
pub mod upstream;

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::PathBuf,
};

use sea_orm::ConnectionTrait;
use tempfile::TempDir;

/// A kind of database that tests run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    MySql,
    /// Only if `CATCHMENT_TEST_MARIADB_URL` names a server or `CATCHMENT_TEST_REQUIRE_MARIADB=1` asks for one.
    MariaDb,
}

/// An empty database of its own, removed on drop.
#[derive(Debug)]
pub struct TestDb {
    /// For [`entity::connect::connect`].
    pub url: String,
    kind: Kind,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    Server { server: String, database: String },
}

/// The kinds of databases that can be had here: SQLite, and each server that is given or installed.
pub fn kinds() -> Vec<Kind> {
    let mut kinds = vec![Kind::Sqlite];
    kinds.extend(server::MYSQL.url().is_some().then_some(Kind::MySql));
    kinds.extend(server::MARIADB.url().is_some().then_some(Kind::MariaDb));
    kinds
}

/// Makes an empty database.
#[expect(
    clippy::expect_used,
    reason = "a test without its database cannot go on"
)]
pub async fn fresh(kind: Kind) -> TestDb {
    let server = match kind {
        Kind::Sqlite => return in_a_folder(),
        Kind::MySql => server::MYSQL.url(),
        Kind::MariaDb => server::MARIADB.url(),
    };
    let server = server.expect("only the kinds that `kinds` lists can be had");
    let server = server.trim_end_matches('/').to_owned();
    let database = format!("app_test_{:016x}", random());
    run(
        &server,
        &format!("CREATE DATABASE {database} CHARACTER SET utf8mb4"),
    )
    .await;
    TestDb {
        url: format!("{server}/{database}"),
        kind,
        place: Place::Server { server, database },
    }
}

impl TestDb {
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path().join(FILE)),
            Place::Server { .. } => None,
        }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Place::Server { server, database } = &self.place else {
            return;
        };
        let (server, sql) = (
            server.clone(),
            format!("DROP DATABASE IF EXISTS {database}"),
        );
        // A drop cannot await, and the runtime of the test may be ending: it gets one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            if let Ok(runtime) = { runtime }.enable_all().build() {
                runtime.block_on(run(&server, &sql));
            }
        });
        // A database that is left over harms no test, and a panic here would hide the test's own.
        drop(dropping.join());
    }
}

const FILE: &str = "catchment.db";

#[expect(
    clippy::expect_used,
    reason = "a test without its database cannot go on"
)]
fn in_a_folder() -> TestDb {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    TestDb {
        url: format!("sqlite://{}", folder.path().join(FILE).display()),
        kind: Kind::Sqlite,
        place: Place::Folder(folder),
    }
}

#[expect(
    clippy::expect_used,
    reason = "a test without its database cannot go on"
)]
async fn run(server: &str, sql: &str) {
    let db = entity::connect::connect(server, 1)
        .await
        .expect("the test server answers");
    db.execute_unprepared(sql)
        .await
        .expect("the test server's user may create databases");
    drop(db.close().await);
}

/// From the operating system's randomness: processes and threads must not agree on it.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};

    use super::{Kind, fresh, kinds};

    #[tokio::test]
    async fn a_database_is_empty_of_its_own_and_goes() {
        for kind in kinds() {
            let (one, other) = (fresh(kind).await, fresh(kind).await);
            assert_ne!(one.url, other.url);
            let db = entity::connect::connect(&one.url, 1)
                .await
                .expect("it opens");
            db.execute_unprepared("CREATE TABLE t (a INTEGER)")
                .await
                .expect("it is empty");
            db.close().await.expect("it closes");
            let (url, file) = (one.url.clone(), one.file());
            drop(one);
            match file {
                Some(file) => assert!(!file.exists()),
                None => assert!(entity::connect::connect(&url, 1).await.is_err()),
            }
        }
    }

    #[tokio::test]
    async fn a_server_is_what_it_is_said_to_be() {
        for kind in kinds().into_iter().filter(|kind| *kind != Kind::Sqlite) {
            let database = fresh(kind).await;
            let db = entity::connect::connect(&database.url, 1)
                .await
                .expect("it opens");
            let version = Statement::from_string(DbBackend::MySql, "SELECT VERSION() AS version");
            let row = db
                .query_one_raw(version)
                .await
                .expect("it answers")
                .expect("a row");
            let version: String = row.try_get("", "version").expect("a text");
            assert_eq!(
                version.contains("MariaDB"),
                kind == Kind::MariaDb,
                "{version}"
            );
        }
    }
}
