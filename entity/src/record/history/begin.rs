//! How a history begins: with the rows as they are, a range of them a statement.
//!
//! Each entry says a fact that holds for ever, so what is there already stays, and a range may be begun again. What an
//! earlier history of the resource left is gone on with: rows that changed or went meanwhile get the entry that tells so.

use chrono::{DateTime, Utc};
use sea_orm::{
    DbErr,
    entity::prelude::*,
    sea_query::{Alias, CaseStatement, Condition, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use super::{
    COLUMNS, Op, column,
    keep::{insert, of_row},
};
use crate::{
    definition::Definition,
    record::{Stamp, aliased},
};

/// Writes what the history lacks of the rows behind `rowno` up to `to`; `stamp` is the resource's last commit.
///
/// # Errors
/// The database does not answer.
pub async fn begin_history(
    db: &impl ConnectionTrait,
    definition: &Definition,
    (rowno, to): (i64, i64),
    stamp: Stamp,
) -> Result<(), DbErr> {
    insert(db, definition, rows(definition, (rowno, to))).await?;
    insert(db, definition, gone(definition, (rowno, to), stamp)).await
}

/// Takes all entries away.
///
/// # Errors
/// The database does not answer.
pub async fn forget_history(
    db: &impl ConnectionTrait,
    definition: &Definition,
) -> Result<(), DbErr> {
    let mut delete = Query::delete();
    delete.from_table(Alias::new(definition.history_table()));
    db.execute(&delete).await?;
    Ok(())
}

/// An entry for each row whose version has none.
fn rows(definition: &Definition, range: (i64, i64)) -> SelectStatement {
    let is_deleted = || Condition::all().add(of_row("deleted_at").is_not_null());
    let is_new = || Condition::all().add(of_row("first_seen_at").eq(of_row("changed_at")));
    let none = || Expr::val(Option::<String>::None);
    let mut rows = Query::select();
    for name in COLUMNS {
        match name {
            "op" => rows.expr(
                CaseStatement::new()
                    .case(is_deleted(), Op::Delete.code())
                    .case(is_new(), Op::Insert.code())
                    .finally(Op::Update.code()),
            ),
            // What a row held that is gone is no version of it.
            "payload" => rows.expr(
                CaseStatement::new()
                    .case(is_deleted(), none())
                    .finally(of_row(name)),
            ),
            name => rows.expr(of_row(name)),
        };
    }
    let mut known = Query::select();
    known
        .expr(Expr::val(1))
        .from(super::aliased(&definition.history_table()))
        .and_where(column("rowno").eq(of_row("rowno")))
        .and_where(column("version").eq(of_row("version")));
    rows.from(aliased(&definition.table))
        .and_where(within(of_row("rowno"), range))
        .and_where(Expr::exists(known).not());
    rows
}

/// An entry for each row that was removed for good since an earlier history ended: when exactly nobody knows.
fn gone(definition: &Definition, range: (i64, i64), stamp: Stamp) -> SelectStatement {
    let later = |name: &'static str| Expr::col((Alias::new("later"), Alias::new(name)));
    let history = definition.history_table();
    let mut row = Query::select();
    row.expr(Expr::val(1))
        .from(aliased(&definition.table))
        .and_where(of_row("rowno").eq(column("rowno")));
    let mut next = Query::select();
    next.expr(Expr::val(1))
        .from_as(Alias::new(&history), Alias::new("later"))
        .and_where(later("rowno").eq(column("rowno")))
        .and_where(later("version").gt(column("version")));
    let mut gone = Query::select();
    gone.expr(column("rowno"))
        .expr(Expr::val(stamp.version))
        .expr(Expr::val(Op::Delete.code()))
        .expr(Expr::val::<DateTime<Utc>>(stamp.now))
        .expr(column("record_key"))
        .expr(Expr::val(Vec::<u8>::new()))
        .expr(Expr::val(Option::<String>::None))
        .from(super::aliased(&history))
        .and_where(within(column("rowno"), range))
        .and_where(column("op").ne(Op::Delete.code()))
        .and_where(column("version").lt(stamp.version))
        .and_where(Expr::exists(row).not())
        .and_where(Expr::exists(next).not());
    gone
}

fn within(rowno: SimpleExpr, (after, to): (i64, i64)) -> SimpleExpr {
    rowno.clone().gt(after).and(rowno.lte(to))
}
