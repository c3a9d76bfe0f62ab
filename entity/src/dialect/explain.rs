//! What a database says that it would do for a statement.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, sea_query::SelectStatement};

use super::Dialect;

/// A plan, in the database's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) lines: Vec<String>,
    /// Rows that it thinks it has to look at, in the table or index that it begins with.
    pub(crate) estimated_rows: Option<u64>,
}

/// Has the database plan `select`, without running it.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn explain(
    db: &impl ConnectionTrait,
    dialect: Dialect,
    select: &SelectStatement,
) -> Result<Told, DbErr> {
    let mut statement = db.get_database_backend().build(select);
    let explain = match dialect {
        Dialect::Sqlite => "EXPLAIN QUERY PLAN",
        // The servers' newer forms change from version to version.
        Dialect::MySql => "EXPLAIN FORMAT=TRADITIONAL",
        Dialect::MariaDb => "EXPLAIN",
    };
    statement.sql = format!("{explain} {}", statement.sql);
    let rows = db.query_all_raw(statement).await?;
    if dialect == Dialect::Sqlite {
        let lines = rows.iter().map(|row| row.try_get("", "detail"));
        return Ok(Told {
            lines: lines.collect::<Result<_, _>>()?,
            estimated_rows: None,
        });
    }
    Ok(Told {
        lines: rows.iter().map(line).collect::<Result<_, _>>()?,
        estimated_rows: rows.first().and_then(estimate),
    })
}

/// `record: range ix_cats_breeds__weight; Using where`.
fn line(row: &QueryResult) -> Result<String, DbErr> {
    let text = |column: &str| -> Result<String, DbErr> {
        let text: Option<String> = row.try_get("", column)?;
        Ok(text.unwrap_or_else(|| "-".to_owned()))
    };
    let (table, access) = (text("table")?, text("type")?);
    let (key, extra) = (text("key")?, text("Extra")?);
    Ok(format!("{table}: {access} {key}; {extra}"))
}

/// MariaDB gives the number as a text.
fn estimate(row: &QueryResult) -> Option<u64> {
    let number = row.try_get::<Option<u64>>("", "rows").ok().flatten();
    let text = || row.try_get::<Option<String>>("", "rows").ok().flatten();
    number.or_else(|| text()?.parse().ok())
}
