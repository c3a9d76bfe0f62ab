//! The items of list fields, in tables of their own.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query},
};

use super::Row;
use crate::definition::{Cell, Definition};

/// Writes the items of new or changed rows.
pub(super) async fn insert_items(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: &[(i64, &Row)],
) -> Result<(), DbErr> {
    for (at, field) in definition.fields.iter().enumerate() {
        let items = rows.iter().flat_map(|(rowno, row)| {
            let items = match row.cells.get(at) {
                Some(Cell::List(items)) => items.as_slice(),
                _ => &[],
            };
            (0_i64..)
                .zip(items)
                .map(|(position, item)| (*rowno, position, item))
        });
        let items: Vec<_> = items.collect();
        for some in items.chunks(1000) {
            let mut insert = Query::insert();
            let columns = ["rowno", "position", "value"].map(Alias::new);
            insert
                .into_table(Alias::new(definition.list_table(field)))
                .columns(columns);
            for (rowno, position, item) in some {
                insert.values_panic([(*rowno).into(), (*position).into(), item.as_str().into()]);
            }
            db.execute(&insert).await?;
        }
    }
    Ok(())
}

/// Removes the items of a row that is written anew.
pub(super) async fn delete_items(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rowno: i64,
) -> Result<(), DbErr> {
    for field in definition.lists() {
        let mut delete = Query::delete();
        delete
            .from_table(Alias::new(definition.list_table(field)))
            .and_where(Expr::col(Alias::new("rowno")).eq(rowno));
        db.execute(&delete).await?;
    }
    Ok(())
}
