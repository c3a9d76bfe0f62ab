//! The records as they were at a version: one by its key, and all of them in `rowno` order.
//!
//! Row numbers are given out one after the other, and never twice. So for each number the entry that held is sought by
//! itself, whatever came before and after it; and the first number whose row came later ends the list.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Order, Query, SelectStatement, UnionType},
};

use super::{BY_KEY, aliased, column};
use crate::{definition::Definition, dialect};

/// Most numbers of one statement: servers limit how many parts a union has.
const AT_ONCE: usize = 64;
/// Most numbers that a page looks at.
const AT_MOST: usize = 4096;

/// Which part of the records as they were is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    pub version: i64,
    /// The `rowno` behind which to begin.
    pub after: i64,
    /// Most rows, at least one.
    pub limit: u64,
    /// Enough bytes: no more is read when there are as many.
    pub bytes: usize,
}

/// Some of the records as they were, in `rowno` order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastPage {
    pub rows: Vec<PastRow>,
    /// If there may be more, the `rowno` behind which it goes on. A page that is not full may have more behind it.
    pub end: Option<i64>,
}

/// A record as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRow {
    pub rowno: i64,
    pub payload: String,
}

/// Some of the records of `definition` as they were at a version. It must not be before the beginning of the history.
///
/// # Errors
/// The database does not answer.
pub async fn past(
    db: &impl ConnectionTrait,
    definition: &Definition,
    wanted: Past,
) -> Result<PastPage, DbErr> {
    let table = definition.history_table();
    let mut rows: Vec<PastRow> = Vec::new();
    let most = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let (mut after, mut bytes, mut looked) = (wanted.after, 0, 0);
    while looked < AT_MOST && bytes < wanted.bytes {
        let Some(first) = next(db, &table, (after, wanted.version)).await? else {
            return Ok(PastPage { rows, end: None });
        };
        let missing = most - rows.len();
        if missing == 0 {
            break;
        }
        // A connection keeps each text prepared, so there are only a few different ones.
        let numbers = Ord::min(missing.next_power_of_two(), AT_ONCE);
        let last = first.saturating_add(i64::try_from(numbers).unwrap_or(i64::MAX) - 1);
        let select = held(&table, first..=last, wanted.version);
        let mut found = Vec::new();
        for row in db.query_all(&select).await? {
            let payload: Option<String> = row.try_get_by_index(1)?;
            let rowno = row.try_get_by_index(0)?;
            found.extend(payload.map(|payload| PastRow { rowno, payload }));
        }
        // No database promises in which order the parts of a union come.
        found.sort_unstable_by_key(|row| row.rowno);
        let is_cut = found.len() > missing;
        found.truncate(missing);
        bytes += found.iter().map(|row| row.payload.len()).sum::<usize>();
        looked += numbers;
        after = match found.last() {
            Some(cut) if is_cut => cut.rowno,
            _ => last,
        };
        rows.append(&mut found);
    }
    let end = Some(after);
    Ok(PastPage { rows, end })
}

/// The record of a key as it was at a version; `None`: there was none.
///
/// # Errors
/// The database does not answer.
pub async fn past_of(
    db: &impl ConnectionTrait,
    definition: &Definition,
    (record_key, version): (&str, i64),
) -> Result<Option<String>, DbErr> {
    let mut select = Query::select();
    select
        .expr(column("payload"))
        .from(aliased(&definition.history_table()))
        .and_where(column("record_key").eq(record_key))
        .and_where(column("version").lte(version))
        .order_by_expr(column("version"), Order::Desc)
        .limit(1);
    dialect::walk_index(&mut select, BY_KEY);
    let row = db.query_one(&select).await?;
    let payload = row.map(|row| row.try_get_by_index::<Option<String>>(0));
    Ok(payload.transpose()?.flatten())
}

/// The next number that was given out by then; `None`: no later one was.
async fn next(
    db: &impl ConnectionTrait,
    table: &str,
    (after, version): (i64, i64),
) -> Result<Option<i64>, DbErr> {
    let mut select = Query::select();
    select
        .expr(column("rowno"))
        .expr(column("version"))
        .from(aliased(table))
        .and_where(column("rowno").gt(after))
        .order_by_expr(column("rowno"), Order::Asc)
        .order_by_expr(column("version"), Order::Asc)
        .limit(1);
    dialect::by_rowno(&mut select);
    let Some(row) = db.query_one(&select).await? else {
        return Ok(None);
    };
    let (rowno, first): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    Ok((first <= version).then_some(rowno))
}

/// A union of one part for each number.
fn held(table: &str, rownos: std::ops::RangeInclusive<i64>, version: i64) -> SelectStatement {
    let mut parts = rownos.map(|rowno| part(table, rowno, version));
    let mut select = parts.next().unwrap_or_default();
    for part in parts {
        select.union(UnionType::All, part);
    }
    select
}

/// SQLite has a limit of a union's part only in a subquery.
fn part(table: &str, rowno: i64, version: i64) -> SelectStatement {
    let mut entry = Query::select();
    entry
        .expr_as(column("rowno"), "rowno")
        .expr_as(column("payload"), "payload")
        .from(aliased(table))
        .and_where(column("rowno").eq(rowno))
        .and_where(column("version").lte(version))
        .order_by_expr(column("version"), Order::Desc)
        .limit(1);
    dialect::by_rowno(&mut entry);
    let mut select = Query::select();
    for name in ["rowno", "payload"] {
        select.column((Alias::new("held"), Alias::new(name)));
    }
    select.from_subquery(entry, "held");
    select
}
