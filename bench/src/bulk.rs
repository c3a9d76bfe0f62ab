//! The database's own bulk load, for comparison: the rows that a run stored, into empty tables of the same columns and
//! indexes.
//!
//! On a server it is `LOAD DATA INFILE`; SQLite has none that is faster than one `INSERT ... SELECT` in one transaction
//! from another file, with a cache that holds the indexes. Neither takes rows from a client.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

use anyhow::{Context, ensure};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use testdb::{Kind, TestDb};

use crate::{
    child::{self, Cost},
    server::Server,
};

/// What loading cost the process that asked for it, and the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub cost: Cost,
    pub server_cpu: Option<std::time::Duration>,
}

/// Loads the rows that `stored` has of `table`, and of the tables of its lists.
///
/// Twice, and the faster one counts: what other programs did to the disk meanwhile would make a syncer look good.
pub(crate) async fn load(stored: &TestDb, table: &str, server: &Server) -> anyhow::Result<Load> {
    let one = once(stored, table, server).await?;
    let other = once(stored, table, server).await?;
    let faster = one.cost.wall <= other.cost.wall;
    Ok(if faster { one } else { other })
}

async fn once(stored: &TestDb, table: &str, server: &Server) -> anyhow::Result<Load> {
    let empty = testdb::fresh(stored.kind()).await;
    let (from, into) = (open(stored).await?, open(&empty).await?);
    let tables = tables(&from, table).await?;
    for table in &tables {
        for sql in definition(&from, table).await? {
            into.execute_unprepared(&sql).await?;
        }
    }
    let folder = tempfile::tempdir()?;
    let sql = match stored.kind() {
        Kind::Sqlite => copied(stored, &tables),
        Kind::MySql | Kind::MariaDb => loaded(&from, &tables, folder.path()).await?,
    };
    let before = server.cpu()?;
    let mut command = Command::new(std::env::current_exe()?);
    let (_, cost) = child::run(command.args(["execute", &empty.url, &sql]))?;
    let server_cpu = server
        .cpu()?
        .zip(before)
        .map(|(after, before)| after - before);
    for table in &tables {
        let (stored, loaded) = (count(&from, table).await?, count(&into, table).await?);
        ensure!(
            stored == loaded,
            "{loaded} of {stored} rows of {table} were loaded"
        );
    }
    from.close().await?;
    into.close().await?;
    Ok(Load { cost, server_cpu })
}

async fn open(database: &TestDb) -> anyhow::Result<DatabaseConnection> {
    Ok(entity::connect::connect(&database.url, 1).await?)
}

/// `table`, and those of its lists.
async fn tables(db: &DatabaseConnection, table: &str) -> anyhow::Result<Vec<String>> {
    let names = match db.get_database_backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => {
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
    };
    let mut names = texts(db, names).await?;
    let lists = format!("{table}__");
    names.retain(|name| name == table || name.starts_with(&lists));
    ensure!(!names.is_empty(), "there is no table {table}");
    Ok(names)
}

/// The statements that make `table` as it is.
async fn definition(db: &DatabaseConnection, table: &str) -> anyhow::Result<Vec<String>> {
    if db.get_database_backend() == DbBackend::Sqlite {
        let sql = format!(
            "SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL ORDER BY type DESC"
        );
        return texts(db, &sql).await;
    }
    let show = Statement::from_string(DbBackend::MySql, format!("SHOW CREATE TABLE {table}"));
    let row = db
        .query_one_raw(show)
        .await?
        .context("SHOW CREATE TABLE tells nothing")?;
    Ok(vec![row.try_get_by_index(1)?])
}

fn copied(stored: &TestDb, tables: &[String]) -> String {
    let file = stored.file().unwrap_or_default();
    let mut sql = format!(
        "PRAGMA cache_size = -262144; ATTACH '{}' AS stored; BEGIN; ",
        file.display()
    );
    for table in tables {
        // Without a condition SQLite would copy tables that are defined alike page by page, which no load of new rows can.
        sql.push_str(&format!(
            "INSERT INTO main.{table} SELECT * FROM stored.{table} WHERE rowno > 0 ORDER BY rowid; "
        ));
    }
    sql.push_str("COMMIT");
    sql
}

/// Has the server write its tables into `folder`, and returns what reads them again.
async fn loaded(
    from: &DatabaseConnection,
    tables: &[String],
    folder: &Path,
) -> anyhow::Result<String> {
    // The server may be another user.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777))?;
    let mut sql = Vec::new();
    for table in tables {
        let file = folder.join(table).display().to_string();
        from.execute_unprepared(&format!(
            "SELECT * INTO OUTFILE '{file}' FROM {table} ORDER BY rowno"
        ))
        .await
        .context("the server must be on this machine, and its --secure-file-priv empty")?;
        sql.push(format!(
            "LOAD DATA INFILE '{file}' INTO TABLE {table} CHARACTER SET binary"
        ));
    }
    Ok(sql.join("; "))
}

async fn count(db: &DatabaseConnection, table: &str) -> anyhow::Result<i64> {
    let count = format!("SELECT COUNT(*) FROM {table}");
    let count = Statement::from_string(db.get_database_backend(), count);
    let row = db
        .query_one_raw(count)
        .await?
        .context("COUNT tells nothing")?;
    Ok(row.try_get_by_index(0)?)
}

async fn texts(db: &DatabaseConnection, sql: &str) -> anyhow::Result<Vec<String>> {
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
        .await?;
    let texts = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(texts.collect::<Result<_, _>>()?)
}
