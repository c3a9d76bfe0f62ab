//! Statements that end in time: what a caller does not wait for any longer, no database works on.
//!
//! SQLite asks us again and again whether it may go on. MySQL is told by a hint and MariaDB by a variable that holds for
//! one statement, both in a text that the other of them takes for a comment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, QueryStream,
    RuntimeErr, Statement, entity::prelude::async_trait,
};
use tokio::runtime::Handle;

/// How many steps of its virtual machine SQLite goes between two questions: some ten microseconds' worth.
const STEPS: i32 = 1000;

/// The time left is rounded down to so many parts of the whole: a connection keeps each text prepared, so there must be
/// only a few.
const PARTS: u32 = 32;

/// A database that is read for one request: no statement goes on after the request's time, none writes.
#[derive(Clone, Debug)]
pub struct Reader {
    db: DatabaseConnection,
    whole: Duration,
    until: Instant,
}

impl Reader {
    /// For a request that may take `limit` from now on.
    pub fn new(db: DatabaseConnection, limit: Duration) -> Self {
        Self {
            db,
            whole: limit,
            until: Instant::now() + limit,
        }
    }

    /// How much time is left.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// The same with at most `limit` from now on, for a part of the request that must not use up the others' time.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self {
            until: self.until.min(Instant::now() + limit),
            ..self.clone()
        }
    }

    /// `statement` with the time that is left for it.
    fn limited(&self, mut statement: Statement) -> Statement {
        let left = rounded(self.left(), self.whole);
        statement.sql = with_limit(&statement.sql, left);
        statement
    }

    async fn rows_of_sqlite(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let pool = self.db.get_sqlite_connection_pool();
        let mut connection = pool.acquire().await.map_err(not_connected)?;
        let alarm = Arc::new(Alarm::at(self.until));
        let heard = Arc::clone(&alarm);
        let mut handle = connection.lock_handle().await.map_err(not_connected)?;
        handle.set_progress_handler(STEPS, move || !heard.rings());
        drop(handle);
        let running = Running {
            rows: Some((connection, statement, None).into()),
            alarm,
        };
        running.ended().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.db.get_database_backend()
    }

    async fn execute_raw(&self, _: Statement) -> Result<ExecResult, DbErr> {
        Err(reads_only())
    }

    async fn execute_unprepared(&self, _: &str) -> Result<ExecResult, DbErr> {
        Err(reads_only())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self.get_database_backend() {
            DbBackend::Sqlite => {
                let rows = self.rows_of_sqlite(statement).await?;
                Ok(rows.into_iter().next())
            }
            _ => self.db.query_one_raw(self.limited(statement)).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self.get_database_backend() {
            DbBackend::Sqlite => self.rows_of_sqlite(statement).await,
            _ => self.db.query_all_raw(self.limited(statement)).await,
        }
    }
}

fn reads_only() -> DbErr {
    DbErr::Custom("this connection is for reading".to_owned())
}

fn not_connected(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// Rounded down, so that no statement goes on after its request; but never to nothing, which means no limit.
fn rounded(left: Duration, whole: Duration) -> Duration {
    let part = (whole / PARTS).max(Duration::from_millis(1));
    let parts = left.as_nanos() / part.as_nanos();
    part * u32::try_from(parts).unwrap_or(u32::MAX).clamp(1, PARTS)
}

/// MySQL reads the hint and passes over `/*M! … */`; MariaDB does the opposite, or knows the hint, too.
fn with_limit(sql: &str, limit: Duration) -> String {
    let Some(rest) = sql.strip_prefix("SELECT ") else {
        return sql.to_owned();
    };
    let (seconds, millis) = (limit.as_secs_f64(), limit.as_millis());
    format!(
        "/*M! SET STATEMENT max_statement_time={seconds:.3} FOR */ \
         SELECT /*+ MAX_EXECUTION_TIME({millis}) */ {rest}"
    )
}

/// Tells the statement that runs on a connection of SQLite to end.
struct Alarm {
    state: AtomicU8,
    at: Instant,
}

impl Alarm {
    /// Rings when its time has come.
    const SET: u8 = 0;
    /// Rings.
    const RUNG: u8 = 1;
    /// Never rings again: the connection has gone to somebody else.
    const OFF: u8 = 2;

    fn at(at: Instant) -> Self {
        let state = AtomicU8::new(Self::SET);
        Self { state, at }
    }

    fn rings(&self) -> bool {
        match self.state.load(Ordering::Relaxed) {
            Self::SET => Instant::now() >= self.at,
            state => state == Self::RUNG,
        }
    }

    fn turn(&self, state: u8) {
        self.state.store(state, Ordering::Relaxed);
    }
}

/// A statement on its way, that holds its connection.
struct Running {
    rows: Option<QueryStream>,
    alarm: Arc<Alarm>,
}

impl Running {
    async fn ended(mut self) -> Result<Vec<QueryResult>, DbErr> {
        let Some(rows) = &mut self.rows else {
            return Ok(Vec::new());
        };
        let rows: Result<Vec<QueryResult>, DbErr> = rows.try_collect().await;
        self.alarm.turn(Alarm::OFF);
        self.rows = None;
        rows
    }
}

/// Nobody waits for it any more: it is interrupted, and only then is its connection another's.
impl Drop for Running {
    fn drop(&mut self) {
        let Some(rows) = self.rows.take() else {
            return;
        };
        self.alarm.turn(Alarm::RUNG);
        let alarm = Arc::clone(&self.alarm);
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            // It ends with an error, or has ended already; its last rows are nobody's.
            let mut rows = rows;
            while let Ok(Some(_)) = rows.try_next().await {}
            alarm.turn(Alarm::OFF);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{rounded, with_limit};

    #[test]
    fn the_time_left_is_one_of_a_few() {
        let check = |left, expected| {
            let rounded = rounded(Duration::from_millis(left), Duration::from_millis(3200));
            assert_eq!(rounded, Duration::from_millis(expected), "{left}");
        };
        check(3200, 3200);
        check(3199, 3100);
        check(150, 100);
        check(99, 100);
        check(0, 100);
        check(9999, 3200);
        let least = rounded(Duration::ZERO, Duration::ZERO);
        assert_eq!(least, Duration::from_millis(1), "0 would be for ever");
    }

    #[test]
    fn only_what_reads_has_a_limit() {
        let limit = Duration::from_millis(4843);
        assert_eq!(
            with_limit("SELECT 1", limit),
            "/*M! SET STATEMENT max_statement_time=4.843 FOR */ SELECT /*+ MAX_EXECUTION_TIME(4843) */ 1"
        );
        assert_eq!(with_limit("SHOW STATUS", limit), "SHOW STATUS");
    }
}
