//! The entries that a commit makes, from the rows as the database has them: no payload is sent twice.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query, SelectStatement},
};

use super::{COLUMNS, Op};
use crate::{
    definition::Definition,
    record::{Stamp, aliased},
};

/// Most rows of one statement.
const AT_ONCE: usize = 1000;

/// Keeps the version of rows that were just written.
///
/// # Errors
/// The database does not answer.
pub(in crate::record) async fn keep(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
    op: Op,
) -> Result<(), DbErr> {
    if !definition.history {
        return Ok(());
    }
    for some in rownos.chunks(AT_ONCE) {
        let mut rows = of_rows(definition, some);
        for name in COLUMNS {
            match name {
                "op" => rows.expr(Expr::val(op.code())),
                name => rows.expr(of_row(name)),
            };
        }
        insert(db, definition, rows).await?;
    }
    Ok(())
}

/// Keeps that rows are about to be deleted, while they are still there.
///
/// # Errors
/// The database does not answer.
pub(in crate::record) async fn keep_deleted(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
    stamp: Stamp,
) -> Result<(), DbErr> {
    if !definition.history {
        return Ok(());
    }
    for some in rownos.chunks(AT_ONCE) {
        overrule(db, definition, some, stamp.version).await?;
        let mut rows = of_rows(definition, some);
        rows.expr(of_row("rowno"))
            .expr(Expr::val(stamp.version))
            .expr(Expr::val(Op::Delete.code()))
            .expr(Expr::val(stamp.now))
            .expr(of_row("record_key"))
            .expr(Expr::val(Vec::<u8>::new()))
            .expr(Expr::val(Option::<String>::None));
        insert(db, definition, rows).await?;
    }
    Ok(())
}

/// What a commit wrote of rows that it deletes in the end never held.
async fn overrule(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
    version: i64,
) -> Result<(), DbErr> {
    let named = |name: &'static str| Expr::col(Alias::new(name));
    let mut delete = Query::delete();
    delete
        .from_table(Alias::new(definition.history_table()))
        .and_where(named("rowno").is_in(rownos.iter().copied()))
        .and_where(named("version").eq(version));
    db.execute(&delete).await?;
    Ok(())
}

fn of_rows(definition: &Definition, rownos: &[i64]) -> SelectStatement {
    let mut rows = Query::select();
    rows.from(aliased(&definition.table))
        .and_where(of_row("rowno").is_in(rownos.iter().copied()));
    rows
}

pub(super) fn of_row(name: &'static str) -> sea_orm::sea_query::SimpleExpr {
    Expr::col((Alias::new("record"), Alias::new(name)))
}

/// Writes the entries that `rows` makes.
pub(super) async fn insert(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: SelectStatement,
) -> Result<(), DbErr> {
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(definition.history_table()))
        .columns(COLUMNS.map(Alias::new));
    let whole = insert.select_from(rows);
    whole.map_err(|error| DbErr::Custom(error.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}
