//! The rows of a resource from the first to the last, a piece at a time, in `rowno` order: what an export reads.

use std::{collections::HashMap, pin::pin};

use futures::TryStreamExt;
use sea_orm::{
    DbBackend, QueryResult, StreamTrait,
    entity::prelude::*,
    sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement},
};

use super::{Selection, column, page::numbered, wanted::Wanted, way::few};
use crate::{
    definition::{Cell, Field, Kind},
    dialect,
    record::aliased,
};

/// Which piece is wanted, and what of each row.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The `rowno` of the last row of the piece before.
    pub after: i64,
    /// Most rows, at least one.
    pub limit: u64,
    /// Enough bytes: the row that reaches this is the last.
    pub bytes: usize,
    pub content: Content<'a>,
}

/// What is wanted of each row.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// The record's bytes.
    Payload,
    /// The values of these fields.
    Fields(&'a [&'a Field]),
}

/// A row of a piece.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceRow {
    pub rowno: i64,
    /// Empty if fields are wanted.
    pub payload: String,
    /// One for each field that is wanted.
    pub cells: Vec<Cell>,
}

impl PieceRow {
    /// About how large it is.
    pub fn bytes(&self) -> usize {
        self.payload.len() + self.cells.iter().map(Cell::bytes).sum::<usize>()
    }
}

/// The next of the selected rows; none: there are no more.
///
/// # Errors
/// The database does not answer.
pub async fn piece<C>(
    db: &C,
    selection: Selection<'_>,
    piece: Piece<'_>,
) -> Result<Vec<PieceRow>, DbErr>
where
    C: ConnectionTrait + StreamTrait,
{
    let backend = ConnectionTrait::get_database_backend(db);
    let mut rows = Vec::new();
    let mut bytes = 0;
    let Some(wanted) = Wanted::of(db, selection).await? else {
        return Ok(rows);
    };
    let among = few(db, &wanted, |_| true).await?;
    {
        let mut select = select(selection, piece, backend);
        select.cond_where(wanted.condition(backend));
        if let Some(few) = &among {
            select.and_where(numbered(&few.rownos));
        }
        let mut found = pin!(db.stream(&select).await?);
        while bytes < piece.bytes
            && let Some(row) = found.try_next().await?
        {
            let row = piece_row(backend, piece.content, &row)?;
            bytes += row.bytes();
            rows.push(row);
        }
    }
    if let Content::Fields(fields) = piece.content {
        add_lists(db, selection, fields, &mut rows).await?;
    }
    Ok(rows)
}

/// The `rowno` of a key's row, also of one that is marked as deleted; `None`: there is none.
///
/// # Errors
/// The database does not answer.
pub async fn rowno_of(
    db: &impl ConnectionTrait,
    table: &str,
    record_key: &str,
) -> Result<Option<i64>, DbErr> {
    let mut select = Query::select();
    select
        .expr(column("rowno"))
        .from(aliased(table))
        .and_where(column("record_key").eq(record_key));
    let row = db.query_one(&select).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

fn select(selection: Selection<'_>, piece: Piece<'_>, backend: DbBackend) -> SelectStatement {
    let mut select = Query::select();
    select
        .expr(column("rowno"))
        .from(aliased(&selection.definition.table))
        .and_where(column("rowno").gt(piece.after))
        .order_by_expr(column("rowno"), Order::Asc)
        .limit(piece.limit);
    match piece.content {
        Content::Payload => {
            select.expr(column("payload"));
        }
        Content::Fields(fields) => {
            for field in own_columns(fields) {
                select.expr(dialect::readable(backend, field.kind, column(&field.name)));
            }
        }
    }
    dialect::by_rowno(&mut select);
    select
}

/// The fields that are columns of the resource's own table.
fn own_columns<'a>(fields: &'a [&'a Field]) -> impl Iterator<Item = &'a Field> {
    let fields = fields.iter().copied();
    fields.filter(|field| field.kind != Kind::List)
}

fn piece_row(
    backend: DbBackend,
    content: Content<'_>,
    row: &QueryResult,
) -> Result<PieceRow, DbErr> {
    let rowno = row.try_get_by_index(0)?;
    let fields = match content {
        Content::Payload => {
            return Ok(PieceRow {
                rowno,
                payload: row.try_get_by_index(1)?,
                cells: Vec::new(),
            });
        }
        Content::Fields(fields) => fields,
    };
    let mut at = 0;
    let mut cells = Vec::with_capacity(fields.len());
    for field in fields {
        cells.push(if field.kind == Kind::List {
            Cell::Null
        } else {
            at += 1;
            dialect::read(backend, row, at, field.kind)?
        });
    }
    Ok(PieceRow {
        rowno,
        payload: String::new(),
        cells,
    })
}

/// Puts the items of the lists among `fields` into the rows' cells.
async fn add_lists(
    db: &impl ConnectionTrait,
    selection: Selection<'_>,
    fields: &[&Field],
    rows: &mut [PieceRow],
) -> Result<(), DbErr> {
    let rownos: Vec<i64> = rows.iter().map(|row| row.rowno).collect();
    if rownos.is_empty() {
        return Ok(());
    }
    for (at, field) in fields.iter().enumerate() {
        if field.kind != Kind::List {
            continue;
        }
        let table = selection.definition.list_table(field);
        let mut items = items(db, &table, &rownos).await?;
        for row in rows.iter_mut() {
            if let Some(items) = items.remove(&row.rowno) {
                row.cells[at] = Cell::List(items);
            }
        }
    }
    Ok(())
}

/// The items of each of the rows, in order.
async fn items(
    db: &impl ConnectionTrait,
    table: &str,
    rownos: &[i64],
) -> Result<HashMap<i64, Vec<String>>, DbErr> {
    let named = |name: &'static str| Expr::col(Alias::new(name));
    let mut select = Query::select();
    select
        .expr(named("rowno"))
        .expr(named("value"))
        .from(Alias::new(table))
        .and_where(named("rowno").is_in(rownos.iter().copied()))
        .order_by(Alias::new("rowno"), Order::Asc)
        .order_by(Alias::new("position"), Order::Asc);
    let mut items: HashMap<i64, Vec<String>> = HashMap::new();
    for row in db.query_all(&select).await? {
        let of = items.entry(row.try_get_by_index(0)?).or_default();
        of.push(row.try_get_by_index(1)?);
    }
    Ok(items)
}
