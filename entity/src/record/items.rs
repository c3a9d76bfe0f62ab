//! The items of a row's lists and tables, in tables of their own: written with the row, removed with it.

use sea_orm::{
    DbBackend,
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query},
};

use super::Row;
use crate::{
    definition::{self, Cell, Child, Definition, Of},
    dialect::{self, Many},
    search,
};

/// Writes the items of new or changed rows.
pub(super) async fn insert_items(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rows: &[(i64, Row)],
) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    for child in definition.children() {
        let names = child.columns.iter().map(|column| column.name);
        let place: &[&str] = match child.is_derived() {
            true => &["rowno"],
            false => &["rowno", "position"],
        };
        let names: Vec<&str> = place.iter().copied().chain(names).collect();
        let mut many = Many::insert(db, &child.table, &names);
        for (rowno, row) in rows {
            for (position, item) in (0_i64..).zip(items(backend, &child, row)) {
                let position = (!child.is_derived()).then(|| Value::from(position));
                let place = std::iter::once(Value::from(*rowno)).chain(position);
                let values = place.chain(item.values);
                many.row(item.bytes, values).await?;
            }
        }
        many.send().await?;
    }
    Ok(())
}

/// Removes the items of rows that go, or are written anew.
pub(super) async fn delete_items(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
) -> Result<(), DbErr> {
    for child in definition.children() {
        for some in rownos.chunks(1000) {
            let mut delete = Query::delete();
            delete
                .from_table(Alias::new(&child.table))
                .and_where(Expr::col(Alias::new("rowno")).is_in(some.iter().copied()));
            db.execute(&delete).await?;
        }
    }
    Ok(())
}

/// One row of a child table, without its place.
struct Item {
    bytes: usize,
    values: Vec<Value>,
}

fn items(backend: DbBackend, child: &Child<'_>, row: &Row) -> Vec<Item> {
    let of_text = |text: String| Item {
        bytes: text.len(),
        values: vec![text.into()],
    };
    let of_object = |cells: &Vec<Cell>| Item {
        bytes: cells.iter().map(Cell::bytes).sum(),
        values: (child.columns.iter().zip(cells))
            .map(|(column, cell)| dialect::bind(backend, column.kind, cell.clone()))
            .collect(),
    };
    match &child.of {
        Of::Field(at) => match row.cells.get(*at) {
            Some(Cell::List(items)) => items.iter().cloned().map(of_text).collect(),
            _ => Vec::new(),
        },
        Of::Table(at) => match row.tables.get(*at) {
            Some(objects) => objects.iter().map(of_object).collect(),
            None => Vec::new(),
        },
        Of::Words(places) => {
            let words = definition::words(&row.cells, places).into_iter();
            words.map(of_text).collect()
        }
        Of::Ends(at) => match row.cells.get(*at) {
            Some(Cell::Text(text)) => search::ends(text).into_iter().map(of_text).collect(),
            _ => Vec::new(),
        },
    }
}
