//! Rows that are gone: marked, or removed for good.

use sea_orm::{
    entity::prelude::*,
    sea_query::{Alias, ExprTrait, Query},
};

use super::Stamp;
use crate::definition::Definition;

/// Marks rows as deleted.
///
/// # Errors
/// The database does not answer.
pub async fn soft_delete(
    db: &impl ConnectionTrait,
    table: &str,
    rownos: &[i64],
    stamp: Stamp,
) -> Result<(), DbErr> {
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

/// Removes rows and their list items for good.
///
/// # Errors
/// The database does not answer.
pub async fn hard_delete(
    db: &impl ConnectionTrait,
    definition: &Definition,
    rownos: &[i64],
) -> Result<(), DbErr> {
    let lists = definition.lists().map(|field| definition.list_table(field));
    let tables: Vec<String> = lists.chain([definition.table.clone()]).collect();
    for some in rownos.chunks(1000) {
        for table in &tables {
            let rownos = Expr::col(Alias::new("rowno")).is_in(some.iter().copied());
            db.execute(
                Query::delete()
                    .from_table(Alias::new(table))
                    .and_where(rownos),
            )
            .await?;
        }
    }
    Ok(())
}
