//! The database's side: what it is, and the CPU time of its process.

use std::{fs, time::Duration};

use anyhow::Context;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testdb::{Kind, TestDb};

/// The kernel counts a process's time in hundredths of a second for whoever is not its parent.
const TICK: Duration = Duration::from_millis(10);

/// A database server on this machine, or none: SQLite is in the process that uses it.
#[derive(Debug)]
pub(crate) struct Server {
    pub version: String,
    /// Settings that decide what a commit costs.
    pub settings: Option<String>,
    pid: Option<u32>,
}

impl Server {
    pub(crate) async fn of(database: &TestDb) -> anyhow::Result<Self> {
        let db = entity::connect::connect(&database.url, 1).await?;
        let backend = db.get_database_backend();
        let ask = async |sql: &str| -> anyhow::Result<String> {
            let row = db
                .query_one_raw(Statement::from_string(backend, sql))
                .await?;
            Ok(row.context("no answer")?.try_get_by_index(0)?)
        };
        let server = if backend == DbBackend::Sqlite {
            Self {
                version: format!("SQLite {}", ask("SELECT sqlite_version()").await?),
                settings: None,
                pid: None,
            }
        } else {
            let file = ask("SELECT CAST(@@pid_file AS CHAR)").await?;
            let settings = "SELECT CONCAT('buffer pool ', @@innodb_buffer_pool_size DIV 1048576, ' MiB, \
                 innodb_flush_log_at_trx_commit ', @@innodb_flush_log_at_trx_commit, \
                 ', binary log ', IF(@@log_bin, 'on', 'off'))";
            let name = if database.kind() == Kind::MariaDb {
                "MariaDB"
            } else {
                "MySQL"
            };
            Self {
                version: format!("{name} {}", ask("SELECT CAST(VERSION() AS CHAR)").await?),
                settings: Some(ask(settings).await?),
                // On another machine there is no such file here, and its CPU is not told.
                pid: fs::read_to_string(file)
                    .ok()
                    .and_then(|pid| pid.trim().parse().ok()),
            }
        };
        db.close().await?;
        Ok(server)
    }

    /// The CPU time that it has used so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Option<Duration>> {
        let Some(pid) = self.pid else {
            return Ok(None);
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // Behind the program's name, which may hold anything, the 12th and 13th.
        let (_, fields) = stat
            .rsplit_once(')')
            .context("/proc/PID/stat is of another form")?;
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u32 = ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        Ok(Some(TICK * ticks))
    }
}
