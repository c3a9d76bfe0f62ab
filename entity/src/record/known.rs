//! The queries of the syncer that read: what is known of a page's keys, and walks through a table by `rowno`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt};
use sea_orm::{QueryOrder, QuerySelect, StreamTrait, entity::prelude::*};

use super::{Column, Entity, Model, find};
use crate::dialect;

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
    let what = "rowno, record_key, payload_hash, deleted_at IS NOT NULL";
    let mut found = Vec::with_capacity(keys.len());
    for some in keys.chunks(1000) {
        for row in dialect::select_by(db, table, what, ("record_key", some)).await? {
            found.push(Known {
                rowno: row.try_get_by_index(0)?,
                record_key: row.try_get_by_index(1)?,
                payload_hash: row.try_get_by_index(2)?,
                deleted: row.try_get_by_index::<i64>(3)? != 0,
            });
        }
    }
    Ok(found)
}

/// When a row last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    pub at: DateTime<Utc>,
    /// The resource's version at that commit.
    pub version: i64,
}

/// When the rows of `keys` last changed, deleted ones included.
///
/// # Errors
/// The database does not answer.
pub async fn changes_of(
    db: &impl ConnectionTrait,
    table: &str,
    keys: &[&str],
) -> Result<HashMap<String, Changed>, DbErr> {
    let mut found = HashMap::with_capacity(keys.len());
    for some in keys.chunks(1000) {
        let rows = find(table)
            .select_only()
            .columns([Column::RecordKey, Column::ChangedAt, Column::Version])
            .filter(Column::RecordKey.is_in(some.iter().copied()))
            .into_tuple::<(String, DateTime<Utc>, i64)>()
            .all(db)
            .await?;
        let rows = rows.into_iter();
        found.extend(rows.map(|(key, at, version)| (key, Changed { at, version })));
    }
    Ok(found)
}

/// The keys of rows, for whoever knows only their `rowno`s.
///
/// # Errors
/// The database does not answer.
pub async fn keys_of(
    db: &impl ConnectionTrait,
    table: &str,
    rownos: &[i64],
) -> Result<Vec<String>, DbErr> {
    let mut keys = Vec::with_capacity(rownos.len());
    for some in rownos.chunks(1000) {
        let rows = find(table)
            .select_only()
            .column(Column::RecordKey)
            .filter(Column::Rowno.is_in(some.iter().copied()));
        keys.extend(rows.into_tuple::<String>().all(db).await?);
    }
    Ok(keys)
}

/// The highest `rowno` in the table. A higher one may have been given out: see [`crate::resource::Model::highest_rowno`].
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

/// The next rows after `rowno`, deleted ones included: at most `limit`, and fewer if they are large.
///
/// # Errors
/// The database does not answer.
pub async fn stored_after<C>(
    db: &C,
    table: &str,
    rowno: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr>
where
    C: ConnectionTrait + StreamTrait,
{
    const ENOUGH_BYTES: usize = 4 << 20;
    let rows = find(table)
        .filter(Column::Rowno.gt(rowno))
        .order_by_asc(Column::Rowno);
    let mut rows = rows.limit(limit).stream(db).await?;
    let (mut stored, mut bytes) = (Vec::new(), 0);
    while bytes < ENOUGH_BYTES
        && let Some(row) = rows.try_next().await?
    {
        bytes += row.payload.len();
        stored.push(row);
    }
    Ok(stored)
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
