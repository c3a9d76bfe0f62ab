//! What differs between SQLite, MySQL and MariaDB. The one file of this crate that knows.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
    sea_query::{
        Alias, ColumnType, Expr, ExprTrait, SelectStatement, SimpleExpr, StringLen,
        extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
    },
};

use crate::definition::{Cell, Definition, Field, Kind, TEXT_CHARS, from_sortable, sortable};

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

    /// The column type of `field` in the table of `definition`.
    pub fn column(self, definition: &Definition, field: &Field) -> ColumnType {
        let sqlite = self == Self::Sqlite;
        match field.kind {
            Kind::Text => match definition.text_limit(field) {
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

/// A decimal of at most so many digits comes back from a double as it went in (IEEE 754).
const SQLITE_DIGITS: u8 = 15;

/// The value to bind for `cell` in a column of type `kind`.
pub fn bind(backend: DbBackend, kind: Kind, cell: &Cell) -> Value {
    match cell {
        Cell::Null => null(backend, kind),
        Cell::Text(text) | Cell::Json(text) => text.clone().into(),
        Cell::Integer(integer) => (*integer).into(),
        Cell::Decimal(fixed) => match (backend, kind) {
            (DbBackend::Sqlite, Kind::Decimal { precision, .. }) if precision > SQLITE_DIGITS => {
                sortable(fixed, precision).into()
            }
            (DbBackend::Sqlite, _) => fixed.parse::<f64>().ok().into(),
            _ => fixed.clone().into(),
        },
        Cell::Float(float) => (*float).into(),
        Cell::Boolean(boolean) => (*boolean).into(),
        Cell::Timestamp(instant) => (*instant).into(),
        Cell::Date(date) => (*date).into(),
        // A list has no column of its own.
        Cell::List(_) => null(backend, Kind::Text),
    }
}

/// `cell` as an operand to compare a column of type `kind` with.
pub fn operand(backend: DbBackend, kind: Kind, cell: &Cell) -> SimpleExpr {
    let value = Expr::val(bind(backend, kind, cell));
    match (backend, kind) {
        // MySQL compares a decimal with a text as doubles.
        (DbBackend::MySql, Kind::Decimal { precision, scale }) => {
            value.cast_as(Alias::new(format!("DECIMAL({precision},{scale})")))
        }
        _ => value,
    }
}

fn null(backend: DbBackend, kind: Kind) -> Value {
    match kind {
        Kind::Integer => Value::BigInt(None),
        Kind::Decimal { precision, .. }
            if backend == DbBackend::Sqlite && precision <= SQLITE_DIGITS =>
        {
            Value::Double(None)
        }
        Kind::Float => Value::Double(None),
        Kind::Boolean => Value::Bool(None),
        Kind::Timestamp => Value::ChronoDateTimeUtc(None),
        Kind::Date => Value::ChronoDate(None),
        _ => Value::String(None),
    }
}

/// The most values that one statement may bind.
pub fn placeholders(backend: DbBackend) -> usize {
    match backend {
        DbBackend::Sqlite => 32_766,
        _ => 65_535,
    }
}

/// The database's own clock in milliseconds since 1970, so that leases do not depend on the machines' clocks.
pub fn now_ms(backend: DbBackend) -> SimpleExpr {
    match backend {
        DbBackend::Sqlite => Expr::cust("CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
        _ => Expr::cust("CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"),
    }
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

/// A column of type `kind`, selected in the form that [`read`] takes.
pub fn readable(backend: DbBackend, kind: Kind, column: SimpleExpr) -> SimpleExpr {
    match (backend, kind) {
        // The driver hands out a decimal only as a number of another library.
        (DbBackend::MySql, Kind::Decimal { .. }) => column.cast_as("CHAR"),
        _ => column,
    }
}

/// The value of a column of type `kind` that was selected as [`readable`]: what [`bind`] wrote.
///
/// # Errors
/// The row has no such column, or it is of another type.
pub fn read(
    backend: DbBackend,
    row: &QueryResult,
    index: usize,
    kind: Kind,
) -> Result<Cell, DbErr> {
    let cell = match kind {
        Kind::Text | Kind::List => row.try_get_by_index::<Option<_>>(index)?.map(Cell::Text),
        Kind::Json => row.try_get_by_index::<Option<_>>(index)?.map(Cell::Json),
        Kind::Integer => row.try_get_by_index::<Option<_>>(index)?.map(Cell::Integer),
        Kind::Float => row.try_get_by_index::<Option<_>>(index)?.map(Cell::Float),
        Kind::Boolean => row.try_get_by_index::<Option<_>>(index)?.map(Cell::Boolean),
        Kind::Timestamp => {
            let instant = row.try_get_by_index::<Option<_>>(index)?;
            instant.map(Cell::Timestamp)
        }
        Kind::Date => row.try_get_by_index::<Option<_>>(index)?.map(Cell::Date),
        Kind::Decimal { precision, scale } => {
            let fixed = read_decimal(backend, row, index, (precision, scale))?;
            fixed.map(Cell::Decimal)
        }
    };
    Ok(cell.unwrap_or(Cell::Null))
}

fn read_decimal(
    backend: DbBackend,
    row: &QueryResult,
    index: usize,
    (precision, scale): (u8, u8),
) -> Result<Option<String>, DbErr> {
    if backend == DbBackend::Sqlite && precision <= SQLITE_DIGITS {
        let float: Option<f64> = row.try_get_by_index(index)?;
        return Ok(float.map(|float| format!("{float:.*}", usize::from(scale))));
    }
    let text: Option<String> = row.try_get_by_index(index)?;
    Ok(text.map(|text| match backend {
        DbBackend::Sqlite => from_sortable(&text),
        _ => text,
    }))
}

/// For a query that pins an indexed field to one value and goes in `rowno` order: the field's index has both.
///
/// MySQL would rather intersect that index with the primary key from the page's beginning to the table's
/// end, or walk the primary key alone. Other databases do not get the hint.
pub fn walk_field_index(select: &mut SelectStatement) {
    select.ignore_index("PRIMARY", IndexHintScope::All);
}
