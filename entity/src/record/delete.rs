//! Rows that are gone: marked, or removed for good.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query},
};

use super::{Stamp, history::keep_deleted, items::delete_items};
use crate::definition::Definition;

/// Marks rows as deleted.
///
/// # Errors
/// The database does not answer.
pub async fn soft_delete(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
    stamp: Stamp,
) -> Result<(), DbErr> {
    let table = &definition.table;
    keep_deleted(db, definition, rownos, stamp).await?;
    for some in rownos.chunks(1000) {
        let mut update = Query::update();
        update
            .table(Alias::new(table))
            .value(Alias::new("deleted_at"), stamp.now)
            .value(Alias::new("changed_at"), stamp.now)
            .value(Alias::new("version"), stamp.version)
            .and_where(Expr::col(Alias::new("rowno")).is_in(some.iter().copied()));
        db.execute(&update).await?;
    }
    Ok(())
}

/// Removes rows and their items for good; their history stays.
///
/// # Errors
/// The database does not answer.
pub async fn hard_delete(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
    stamp: Stamp,
) -> Result<(), DbErr> {
    keep_deleted(db, definition, rownos, stamp).await?;
    delete_items(db, definition, rownos).await?;
    for some in rownos.chunks(1000) {
        let mut delete = Query::delete();
        delete
            .from_table(Alias::new(&definition.table))
            .and_where(Expr::col(Alias::new("rowno")).is_in(some.iter().copied()));
        db.execute(&delete).await?;
    }
    Ok(())
}
