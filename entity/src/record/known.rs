//! The queries of the syncer that read: what is known of a page's keys, and walks through a table by `rowno`.

use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt};
use sea_orm::{QueryOrder, QuerySelect, StreamTrait, entity::prelude::*};

use super::{Column, Entity, find};

/// What the table knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub rowno: i64,
    pub record_key: String,
    pub payload_hash: Vec<u8>,
    pub deleted: bool,
}

/// What the table knows of `keys`, deleted rows included.
///
/// # Errors
/// The database does not answer.
pub async fn known(
    db: &impl ConnectionTrait,
    table: &str,
    keys: &[&str],
) -> Result<Vec<Known>, DbErr> {
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(1000) {
        let rows = find(table)
            .select_only()
            .columns([
                Column::Rowno,
                Column::RecordKey,
                Column::PayloadHash,
                Column::DeletedAt,
            ])
            .filter(Column::RecordKey.is_in(some.iter().copied()))
            .into_tuple::<(i64, String, Vec<u8>, Option<DateTime<Utc>>)>()
            .all(db)
            .await?;
        found.extend(
            rows.into_iter()
                .map(|(rowno, record_key, payload_hash, deleted_at)| Known {
                    rowno,
                    record_key,
                    payload_hash,
                    deleted: deleted_at.is_some(),
                }),
        );
    }
    Ok(found)
}

/// The highest `rowno` given out so far.
///
/// # Errors
/// The database does not answer.
pub async fn last_rowno(db: &impl ConnectionTrait, table: &str) -> Result<i64, DbErr> {
    let last = find(table)
        .select_only()
        .column(Column::Rowno)
        .order_by_desc(Column::Rowno);
    Ok(last.into_tuple().one(db).await?.unwrap_or(0))
}

/// How many rows are not deleted.
///
/// # Errors
/// The database does not answer.
pub async fn count_live(db: &impl ConnectionTrait, table: &str) -> Result<u64, DbErr> {
    find(table)
        .filter(Column::DeletedAt.is_null())
        .count(db)
        .await
}

/// The `rowno`s of all rows that are not deleted, in order, without holding them in memory.
///
/// # Errors
/// The database does not answer.
pub async fn live_rownos<'a, C>(
    db: &'a C,
    table: &str,
) -> Result<impl Stream<Item = Result<i64, DbErr>> + Send + use<'a, C>, DbErr>
where
    C: ConnectionTrait + StreamTrait,
{
    let rows = find(table)
        .select_only()
        .column(Column::Rowno)
        .filter(Column::DeletedAt.is_null())
        .order_by_asc(Column::Rowno)
        .into_tuple::<i64>()
        .stream(db)
        .await?;
    Ok(rows.map_err(DbErr::from))
}

/// The next rows after `rowno` with their payloads: at most `limit`, deleted ones only if asked for.
///
/// # Errors
/// The database does not answer.
pub async fn payloads_after(
    db: &impl ConnectionTrait,
    table: &str,
    rowno: i64,
    limit: u64,
) -> Result<Vec<(i64, String, bool)>, DbErr> {
    let rows = find(table)
        .select_only()
        .columns([Column::Rowno, Column::Payload, Column::DeletedAt])
        .filter(Column::Rowno.gt(rowno))
        .order_by_asc(Column::Rowno)
        .limit(limit)
        .into_tuple::<(i64, String, Option<DateTime<Utc>>)>()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(rowno, payload, deleted_at)| (rowno, payload, deleted_at.is_some()))
        .collect())
}

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub rowno: i64,
    pub payload: String,
    pub version: i64,
}

/// The next rows after `rowno` that are not deleted, at most `limit`.
///
/// # Errors
/// The database does not answer.
pub async fn live_after(
    db: &impl ConnectionTrait,
    table: &str,
    rowno: i64,
    limit: u64,
) -> Result<Vec<Stored>, DbErr> {
    let rows = find(table).filter(Column::Rowno.gt(rowno)).limit(limit);
    stored(db, rows).await
}

/// The rows with these `rowno`s that are not deleted.
///
/// # Errors
/// The database does not answer.
pub async fn live(
    db: &impl ConnectionTrait,
    table: &str,
    rownos: &[i64],
) -> Result<Vec<Stored>, DbErr> {
    let rows = find(table).filter(Column::Rowno.is_in(rownos.iter().copied()));
    stored(db, rows).await
}

async fn stored(db: &impl ConnectionTrait, rows: Select<Entity>) -> Result<Vec<Stored>, DbErr> {
    let rows = rows
        .select_only()
        .columns([Column::Rowno, Column::Payload, Column::Version])
        .filter(Column::DeletedAt.is_null())
        .order_by_asc(Column::Rowno)
        .into_tuple::<(i64, String, i64)>()
        .all(db)
        .await?;
    let rows = rows.into_iter().map(|(rowno, payload, version)| Stored {
        rowno,
        payload,
        version,
    });
    Ok(rows.collect())
}
