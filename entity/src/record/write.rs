//! The queries of the syncer that write: rows that are new, changed, or read anew for a changed definition.

use std::mem::{replace, take};

use chrono::{DateTime, Utc};
use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query},
};

use super::{
    Model, Op,
    history::keep,
    items::{delete_items, insert_items},
};
use crate::{
    definition::{Cell, Definition, Kind},
    dialect::{self, Many},
};

/// A checked record, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub record_key: String,
    pub payload: String,
    pub payload_hash: Vec<u8>,
    /// One for each field of the definition, in its order.
    pub cells: Vec<Cell>,
    /// For each of the definition's tables, its rows: one cell for each of the table's fields.
    pub tables: Vec<Vec<Vec<Cell>>>,
}

impl Row {
    /// About how large it is in a statement.
    fn bytes(&self) -> usize {
        let cells = self.cells.iter().map(Cell::bytes);
        self.payload.len() + self.record_key.len() + cells.sum::<usize>()
    }
}

/// What a commit stamps on the rows that it writes.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub version: i64,
    pub now: DateTime<Utc>,
}

/// Writes new rows, each with its `rowno`.
///
/// # Errors
/// The database does not answer.
pub async fn insert(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: Vec<(i64, Row)>,
    stamp: Stamp,
) -> Result<(), DbErr> {
    let rownos = rownos_for_history(definition, &rows);
    let many = Many::insert(db, &definition.table, &columns(definition));
    let rows = send(many, definition, stamped(rows, stamp)).await?;
    keep(db, definition, &rownos, Op::Insert).await?;
    insert_items(db, definition, &rows).await
}

/// Writes changed records over their rows, each by its `rowno`; a deleted row lives again.
///
/// # Errors
/// The database does not answer.
pub async fn update(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: Vec<(i64, Row)>,
    stamp: Stamp,
) -> Result<(), DbErr> {
    let all = columns(definition);
    let kept = ["rowno", "record_key", "first_seen_at"];
    let over: Vec<&str> = all
        .iter()
        .copied()
        .filter(|name| !kept.contains(name))
        .collect();
    let rownos = rownos_for_history(definition, &rows);
    let many = Many::overwrite(db, &definition.table, &all, &over);
    let rows = send(many, definition, stamped(rows, stamp)).await?;
    keep(db, definition, &rownos, Op::Update).await?;
    replace_items(db, definition, &rows).await
}

/// Reads the fields of stored rows anew into their columns: the definition changed, the records did not.
///
/// # Errors
/// The database does not answer.
pub async fn project(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: Vec<(&Model, Row)>,
) -> Result<(), DbErr> {
    let fields = definition.columns().map(|field| field.name.as_str());
    let over: Vec<&str> = ["payload_hash"].into_iter().chain(fields).collect();
    let many = Many::overwrite(db, &definition.table, &columns(definition), &over);
    let stored = rows.into_iter().map(|(stored, row)| {
        let envelope = Envelope {
            rowno: stored.rowno,
            first_seen_at: stored.first_seen_at,
            changed_at: stored.changed_at,
            version: stored.version,
            deleted_at: stored.deleted_at,
        };
        (envelope, row)
    });
    let rows = send(many, definition, stored).await?;
    replace_items(db, definition, &rows).await
}

/// Those of which a version is to be kept.
fn rownos_for_history(definition: &Definition, rows: &[(i64, Row)]) -> Vec<i64> {
    match definition.history {
        true => rows.iter().map(|(rowno, _)| *rowno).collect(),
        false => Vec::new(),
    }
}

async fn replace_items(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: &[(i64, Row)],
) -> Result<(), DbErr> {
    let rownos: Vec<i64> = rows.iter().map(|(rowno, _)| *rowno).collect();
    delete_items(db, definition, &rownos).await?;
    insert_items(db, definition, rows).await
}

/// Forgets the hashes of rows, so that the next run judges their records anew, though they are as they were.
///
/// # Errors
/// The database does not answer.
pub async fn doubt(db: &impl ConnectionTrait, table: &str, rownos: &[i64]) -> Result<(), DbErr> {
    for some in rownos.chunks(1000) {
        let mut update = Query::update();
        update
            .table(Alias::new(table))
            .value(Alias::new("payload_hash"), Vec::<u8>::new())
            .and_where(Expr::col(Alias::new("rowno")).is_in(some.iter().copied()));
        db.execute(&update).await?;
    }
    Ok(())
}

/// Takes every row's key away, so that no new one meets an old one on its way.
///
/// # Errors
/// The database does not answer.
pub async fn unkey(db: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    // No upstream's key begins with a control character; one that does is written over like any other.
    let placeholder = Expr::cust("'\u{1}' || CAST(rowno AS CHAR)");
    let mut update = Query::update();
    update
        .table(Alias::new(table))
        .value(Alias::new("record_key"), placeholder);
    db.execute(&update).await?;
    Ok(())
}

/// Gives a row another key.
///
/// # Errors
/// The database does not answer, or another row has that key.
pub async fn rekey(
    db: &impl ConnectionTrait,
    table: &str,
    rowno: i64,
    record_key: &str,
) -> Result<(), DbErr> {
    let mut update = Query::update();
    update
        .table(Alias::new(table))
        .value(Alias::new("record_key"), record_key)
        .and_where(Expr::col(Alias::new("rowno")).eq(rowno));
    db.execute(&update).await?;
    Ok(())
}

/// What the columns of the envelope hold beside the record's own.
struct Envelope {
    rowno: i64,
    first_seen_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    version: i64,
    deleted_at: Option<DateTime<Utc>>,
}

fn stamped(rows: Vec<(i64, Row)>, stamp: Stamp) -> impl Iterator<Item = (Envelope, Row)> {
    rows.into_iter().map(move |(rowno, row)| {
        let envelope = Envelope {
            rowno,
            first_seen_at: stamp.now,
            changed_at: stamp.now,
            version: stamp.version,
            deleted_at: None,
        };
        (envelope, row)
    })
}

/// The columns of a resource's table, in the order in which [`send`] gives their values.
fn columns(definition: &Definition) -> Vec<&str> {
    let fields = definition.columns().map(|field| field.name.as_str());
    super::ENVELOPE.into_iter().chain(fields).collect()
}

/// Sends `rows`, and returns what of them goes into child tables: their lists and objects.
async fn send<C: ConnectionTrait>(
    mut many: Many<'_, C>,
    definition: &Definition,
    rows: impl Iterator<Item = (Envelope, Row)>,
) -> Result<Vec<(i64, Row)>, DbErr> {
    let backend = many.backend();
    let has_children = definition.children().next().is_some();
    let is_read = read_again(definition);
    let mut left = Vec::new();
    for (envelope, mut row) in rows {
        let bytes = row.bytes();
        let of_record = [
            envelope.rowno.into(),
            take(&mut row.record_key).into(),
            take(&mut row.payload).into(),
            take(&mut row.payload_hash).into(),
            envelope.first_seen_at.into(),
            envelope.changed_at.into(),
            envelope.version.into(),
            envelope.deleted_at.into(),
        ];
        let fields = definition.fields.iter().zip(&mut row.cells).zip(&is_read);
        let fields = fields.filter(|((field, _), _)| field.kind != Kind::List);
        let fields = fields.map(|((field, cell), is_read)| {
            let value = match is_read {
                true => cell.clone(),
                false => replace(cell, Cell::Null),
            };
            dialect::bind(backend, field.kind, value)
        });
        many.row(bytes, of_record.into_iter().chain(fields)).await?;
        if has_children {
            left.push((envelope.rowno, row));
        }
    }
    many.send().await?;
    Ok(left)
}

/// Of each field, whether its value is wanted again for what is made of it.
fn read_again(definition: &Definition) -> Vec<bool> {
    let fields = definition.fields.iter();
    let is_read = fields.map(|field| field.contains || definition.search.contains(&field.name));
    is_read.collect()
}
