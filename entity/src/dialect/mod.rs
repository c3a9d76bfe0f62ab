//! What differs between SQLite, MySQL and MariaDB. The one module of this crate that knows.

mod cell;
mod explain;
mod fault;
mod limit;
mod statement;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbBackend,
    DbErr, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sea_query::{
        Alias, ColumnType, Expr, SelectStatement, SimpleExpr, StringLen,
        extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
    },
};

pub use cell::{bind, operand, read, readable};
pub(crate) use explain::{Told, explain};
pub use fault::{is_going, is_locked, is_read_only, is_timeout, lacks_table};
pub use limit::Reader;
pub(crate) use statement::{Many, select_by};

use self::cell::SQLITE_DIGITS;
use crate::definition::{Kind, TEXT_CHARS};

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    MySql,
    MariaDb,
}

impl Dialect {
    /// Asks the server behind `db` what it is.
    ///
    /// # Errors
    /// The database does not answer, or is of a kind that Catchment does not speak.
    pub async fn of(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        match db.get_database_backend() {
            DbBackend::Sqlite => Ok(Self::Sqlite),
            DbBackend::MySql => {
                let version =
                    Statement::from_string(DbBackend::MySql, "SELECT VERSION() AS version");
                let row = db.query_one_raw(version).await?;
                let version: String =
                    row.map_or_else(|| Ok(String::new()), |row| row.try_get("", "version"))?;
                Ok(if version.contains("MariaDB") {
                    Self::MariaDb
                } else {
                    Self::MySql
                })
            }
            other => Err(DbErr::Custom(format!(
                "{other:?} is not supported; use SQLite, MySQL or MariaDB"
            ))),
        }
    }

    /// The collation under which texts are equal only if their bytes are.
    ///
    /// `utf8mb4_bin` is not it: it pads, and takes "a" and "a " for one.
    pub fn binary_collation(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::MySql => Some("utf8mb4_0900_bin"),
            Self::MariaDb => Some("utf8mb4_nopad_bin"),
        }
    }

    /// The column type for a text without a limit.
    pub fn long_text(self) -> ColumnType {
        match self {
            Self::Sqlite => ColumnType::Text,
            Self::MySql | Self::MariaDb => ColumnType::custom("LONGTEXT"),
        }
    }

    /// The column type for bytes without a limit.
    pub fn long_bytes(self) -> ColumnType {
        match self {
            Self::Sqlite => ColumnType::Blob,
            Self::MySql | Self::MariaDb => ColumnType::custom("LONGBLOB"),
        }
    }

    /// The column type for an instant in UTC.
    pub fn timestamp(self) -> ColumnType {
        match self {
            Self::Sqlite => ColumnType::Text,
            Self::MySql | Self::MariaDb => ColumnType::custom("DATETIME(6)"),
        }
    }

    /// The column type for a text of at most `chars` characters.
    pub fn text(self, chars: usize) -> ColumnType {
        match self {
            Self::Sqlite => ColumnType::Text,
            Self::MySql | Self::MariaDb => {
                ColumnType::String(StringLen::N(u32::try_from(chars).unwrap_or(u32::MAX)))
            }
        }
    }

    /// The column type for values of type `kind`; texts have at most `limit` characters.
    pub fn column(self, kind: Kind, limit: Option<usize>) -> ColumnType {
        let sqlite = self == Self::Sqlite;
        match kind {
            Kind::Text => match limit {
                Some(chars) => self.text(chars),
                None => self.long_text(),
            },
            Kind::Integer => ColumnType::BigInteger,
            Kind::Decimal { precision, .. } if sqlite && precision > SQLITE_DIGITS => {
                ColumnType::Text
            }
            Kind::Decimal { .. } if sqlite => ColumnType::custom("REAL"),
            Kind::Decimal { precision, scale } => {
                ColumnType::Decimal(Some((precision.into(), scale.into())))
            }
            Kind::Float => ColumnType::Double,
            Kind::Boolean => ColumnType::Boolean,
            Kind::Timestamp => self.timestamp(),
            Kind::Date if sqlite => ColumnType::Text,
            Kind::Date => ColumnType::Date,
            Kind::List => self.text(TEXT_CHARS),
            Kind::Json => self.long_text(),
        }
    }
}

/// The database's own clock in milliseconds since 1970, so that leases do not depend on the machines' clocks.
pub fn now_ms(backend: DbBackend) -> SimpleExpr {
    match backend {
        DbBackend::Sqlite => Expr::cust("CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
        _ => Expr::cust("CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"),
    }
}

/// Whether a statement that is sent now would need a connection more, only to wait there for the one that writes: SQLite
/// has one writer, and each connection costs the memory of its cache.
pub fn is_busy(db: &DatabaseConnection) -> bool {
    db.get_database_backend() == DbBackend::Sqlite
        && db.get_sqlite_connection_pool().num_idle() == 0
}

/// Begins a transaction that is going to write.
///
/// On SQLite it takes the write lock at once: a transaction that reads first and writes later
/// fails instead of waiting when another connection wrote in between.
///
/// # Errors
/// The database does not answer, or the write lock was not free in time.
pub async fn begin_write(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = match db.get_database_backend() {
        DbBackend::Sqlite => Some(SqliteTransactionMode::Immediate),
        _ => None,
    };
    db.begin_with_options(TransactionOptions {
        sqlite_transaction_mode,
        ..Default::default()
    })
    .await
}

/// Begins a transaction whose reads all see the database as it is at the first of them, whatever is committed meanwhile.
///
/// It holds a connection to itself; SQLite's log and a server's old versions of rows grow until it ends, and a
/// server lets no table that it has read be altered.
///
/// # Errors
/// The database does not answer.
pub async fn begin_read(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let isolation_level = match db.get_database_backend() {
        // In WAL mode each transaction is one.
        DbBackend::Sqlite => None,
        // The server may be set to another; the first read takes the snapshot.
        _ => Some(IsolationLevel::RepeatableRead),
    };
    db.begin_with_options(TransactionOptions {
        isolation_level,
        ..Default::default()
    })
    .await
}

/// Most connections that the pool of `db` opens; 0 if it has none.
pub fn most_connections(db: &DatabaseConnection) -> u32 {
    match &db.inner {
        DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
            let pool = db.get_sqlite_connection_pool();
            pool.options().get_max_connections()
        }
        DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
            let pool = db.get_mysql_connection_pool();
            pool.options().get_max_connections()
        }
        _ => 0,
    }
}

/// For a query whose only condition is a range of an index, and whose order is that index's.
///
/// MySQL and MariaDB would now and then rather read the whole table and sort it. Other databases do not get the hint.
pub fn walk_index(select: &mut SelectStatement, name: &str) {
    select.force_index(Alias::new(name), IndexHintScope::All);
}

/// For a query that an index of its own answers in its order: MySQL would rather walk the primary key. Other databases do
/// not get the hint.
pub fn not_by_rowno(select: &mut SelectStatement) {
    select.ignore_index("PRIMARY", IndexHintScope::All);
}

/// For a query of rows by their numbers.
pub fn by_rowno(select: &mut SelectStatement) {
    select.force_index("PRIMARY", IndexHintScope::All);
}
