//! The queries of the syncer that write: rows that are new, changed, or read anew for a changed definition.

use chrono::{DateTime, Utc};
use sea_orm::{
    DbBackend,
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query, SimpleExpr},
};

use super::items::{delete_items, insert_items};
use crate::{
    definition::{Cell, Definition},
    dialect,
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
        let texts = self.cells.iter().map(|cell| match cell {
            Cell::Text(text) | Cell::Json(text) | Cell::Decimal(text) => text.len(),
            _ => 8,
        });
        self.payload.len() + self.record_key.len() + texts.sum::<usize>()
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
    rows: &[(i64, &Row)],
    stamp: Stamp,
) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    let mut columns: Vec<Alias> = super::ENVELOPE.map(Alias::new).to_vec();
    columns.extend(definition.columns().map(|field| Alias::new(&field.name)));
    // A statement of a thousand rows costs the server least.
    let at_once = (dialect::placeholders(backend) / columns.len()).clamp(1, 1000);
    for some in statements(rows, at_once) {
        let mut insert = Query::insert();
        insert
            .into_table(Alias::new(&definition.table))
            .columns(columns.clone());
        for (rowno, row) in some {
            let mut values: Vec<SimpleExpr> = vec![
                (*rowno).into(),
                row.record_key.as_str().into(),
                row.payload.as_str().into(),
                row.payload_hash.clone().into(),
                stamp.now.into(),
                stamp.now.into(),
                stamp.version.into(),
                Option::<DateTime<Utc>>::None.into(),
            ];
            values.extend(
                bound_columns(backend, definition, row).map(|(_, value)| SimpleExpr::from(value)),
            );
            insert.values_panic(values);
        }
        db.execute(&insert).await?;
    }
    insert_items(db, definition, rows).await
}

/// Cuts `rows` into the rows of one statement each: at most `at_once`, and no more bytes than any server takes.
fn statements<'a, 'r>(
    mut rows: &'a [(i64, &'r Row)],
    at_once: usize,
) -> impl Iterator<Item = &'a [(i64, &'r Row)]> {
    // MariaDB takes 16 MiB in a packet, MySQL 64.
    const MOST_BYTES: usize = 4 << 20;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |(_, row): &&(i64, &Row)| {
            bytes += row.bytes();
            bytes <= MOST_BYTES
        };
        let count = rows.iter().take(at_once).take_while(fits).count().max(1);
        let (some, rest) = rows.split_at_checked(count)?;
        rows = rest;
        Some(some)
    })
}

/// Writes a changed record over its row; a deleted row lives again.
///
/// # Errors
/// The database does not answer.
pub async fn update(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rowno: i64,
    row: &Row,
    stamp: Stamp,
) -> Result<(), DbErr> {
    let mut update = Query::update();
    update
        .table(Alias::new(&definition.table))
        .value(Alias::new("payload"), row.payload.as_str())
        .value(Alias::new("payload_hash"), row.payload_hash.clone())
        .value(Alias::new("changed_at"), stamp.now)
        .value(Alias::new("version"), stamp.version)
        .value(Alias::new("deleted_at"), Option::<DateTime<Utc>>::None)
        .and_where(Expr::col(Alias::new("rowno")).eq(rowno));
    for (name, value) in bound_columns(db.get_database_backend(), definition, row) {
        update.value(Alias::new(name), value);
    }
    db.execute(&update).await?;
    delete_items(db, definition, rowno).await?;
    insert_items(db, definition, &[(rowno, row)]).await
}

/// Reads the fields of a stored row anew into its columns: the definition changed, the record did not.
///
/// # Errors
/// The database does not answer.
pub async fn project(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rowno: i64,
    row: &Row,
) -> Result<(), DbErr> {
    let mut update = Query::update();
    update
        .table(Alias::new(&definition.table))
        .and_where(Expr::col(Alias::new("rowno")).eq(rowno));
    let mut any = false;
    for (name, value) in bound_columns(db.get_database_backend(), definition, row) {
        update.value(Alias::new(name), value);
        any = true;
    }
    if any {
        db.execute(&update).await?;
    }
    delete_items(db, definition, rowno).await?;
    insert_items(db, definition, &[(rowno, row)]).await
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

/// The names and values of the fields that are columns of the table.
fn bound_columns<'a>(
    backend: DbBackend,
    definition: &'a Definition,
    row: &'a Row,
) -> impl Iterator<Item = (&'a str, Value)> {
    let fields = definition.fields.iter().zip(&row.cells);
    fields
        .filter(|(field, _)| field.kind != crate::definition::Kind::List)
        .map(move |(field, cell)| {
            (
                field.name.as_str(),
                dialect::bind(backend, field.kind, cell),
            )
        })
}
