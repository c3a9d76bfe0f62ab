//! A field's value on its way into a column, into a comparison, and back.

use sea_orm::{
    DbBackend, DbErr, QueryResult, Value,
    sea_query::{Alias, Expr, ExprTrait, SimpleExpr},
};

use crate::definition::{Cell, Kind, from_sortable, sortable};

/// A decimal of at most so many digits comes back from a double as it went in (IEEE 754).
pub(super) const SQLITE_DIGITS: u8 = 15;

/// The value to bind for `cell` in a column of type `kind`.
pub fn bind(backend: DbBackend, kind: Kind, cell: Cell) -> Value {
    match cell {
        Cell::Null => null(backend, kind),
        Cell::Text(text) | Cell::Json(text) => text.into(),
        Cell::Integer(integer) => integer.into(),
        Cell::Decimal(fixed) => match (backend, kind) {
            (DbBackend::Sqlite, Kind::Decimal { precision, .. }) if precision > SQLITE_DIGITS => {
                sortable(&fixed, precision).into()
            }
            (DbBackend::Sqlite, _) => fixed.parse::<f64>().ok().into(),
            _ => fixed.into(),
        },
        Cell::Float(float) => float.into(),
        Cell::Boolean(boolean) => boolean.into(),
        // MariaDB takes what is bound with a zone for its type TIMESTAMP, and an instant before 1970 or after 2038
        // for none at all.
        Cell::Timestamp(instant) if backend != DbBackend::Sqlite => instant.naive_utc().into(),
        Cell::Timestamp(instant) => instant.into(),
        Cell::Date(date) => date.into(),
        // A list has no column of its own.
        Cell::List(_) => null(backend, Kind::Text),
    }
}

/// `cell` as an operand to compare a column of type `kind` with.
pub fn operand(backend: DbBackend, kind: Kind, cell: &Cell) -> SimpleExpr {
    let value = Expr::val(bind(backend, kind, cell.clone()));
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
