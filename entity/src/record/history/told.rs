//! The versions of one record, the newest first.

use chrono::{DateTime, Utc};
use sea_orm::{
    QueryResult,
    entity::prelude::*,
    sea_query::{ExprTrait, Order, Query, SelectStatement},
};

use super::{BY_KEY, Op, aliased, column};
use crate::{definition::Definition, dialect};

/// Most entries of one statement.
const AT_ONCE: u64 = 64;

/// A version of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub version: i64,
    pub op: Op,
    pub at: DateTime<Utc>,
    pub payload_hash: Vec<u8>,
    /// `None`: it was deleted.
    pub payload: Option<String>,
}

/// Some versions of a record, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryPage {
    pub entries: Vec<Entry>,
    /// The one before the last of them, if there is one.
    pub older: Option<Entry>,
}

/// At most `limit` versions of the record of a key from before the version `before`, and few if they are of many `bytes`.
///
/// # Errors
/// The database does not answer.
pub async fn history(
    db: &impl ConnectionTrait,
    definition: &Definition,
    (record_key, before): (&str, i64),
    (limit, bytes): (u64, usize),
) -> Result<HistoryPage, DbErr> {
    let table = definition.history_table();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut entries: Vec<Entry> = Vec::new();
    let (mut before, mut size) = (before, 0);
    loop {
        // One more than wanted tells what the last one changed.
        let missing = limit.saturating_add(1) - entries.len() as u64;
        let select = select(&table, (record_key, before), Ord::min(missing, AT_ONCE));
        let found = db.query_all(&select).await?;
        let is_end = (found.len() as u64) < AT_ONCE;
        for row in found {
            let entry = entry(&row)?;
            before = entry.version;
            if entries.len() == most || (size >= bytes && !entries.is_empty()) {
                let older = Some(entry);
                return Ok(HistoryPage { entries, older });
            }
            size += entry.payload.as_ref().map_or(0, String::len);
            entries.push(entry);
        }
        if is_end {
            let older = None;
            return Ok(HistoryPage { entries, older });
        }
    }
}

fn select(table: &str, (record_key, before): (&str, i64), limit: u64) -> SelectStatement {
    let mut select = Query::select();
    for name in ["version", "op", "changed_at", "payload_hash", "payload"] {
        select.expr(column(name));
    }
    select
        .from(aliased(table))
        .and_where(column("record_key").eq(record_key))
        .and_where(column("version").lt(before))
        .order_by_expr(column("version"), Order::Desc)
        .limit(limit);
    dialect::walk_index(&mut select, BY_KEY);
    select
}

fn entry(row: &QueryResult) -> Result<Entry, DbErr> {
    Ok(Entry {
        version: row.try_get_by_index(0)?,
        op: Op::of_code(row.try_get_by_index(1)?),
        at: row.try_get_by_index(2)?,
        payload_hash: row.try_get_by_index(3)?,
        payload: row.try_get_by_index(4)?,
    })
}
