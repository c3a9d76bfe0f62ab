//! The index by which the changes of a table's rows are read in their order: `(version, rowno)`.

use entity::dialect::Dialect;
use sea_orm::DbErr;
use sea_orm_migration::{
    SchemaManager,
    prelude::{Alias, Index},
};

/// Makes it, unless it is there.
///
/// Each database keeps `rowno` at the end of each index.
pub(crate) async fn index_order(
    manager: &SchemaManager<'_>,
    dialect: Dialect,
    table: &str,
) -> Result<(), DbErr> {
    let name = order_index(dialect, table);
    if manager.has_index(table, &name).await? {
        return Ok(());
    }
    let mut index = Index::create();
    index.name(name).table(Alias::new(table)).col("version");
    manager.create_index(index).await
}

/// Takes it away, if it is there.
pub(crate) async fn drop_order(
    manager: &SchemaManager<'_>,
    dialect: Dialect,
    table: &str,
) -> Result<(), DbErr> {
    let name = order_index(dialect, table);
    if !manager.has_index(table, &name).await? {
        return Ok(());
    }
    let drop = Index::drop().name(name).table(Alias::new(table)).to_owned();
    manager.drop_index(drop).await
}

/// Its name. SQLite's indexes share one space of names; a server's belong to their table, and a long table's name would
/// leave no room.
pub(super) fn order_index(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("ix_{table}__version"),
        Dialect::MySql | Dialect::MariaDb => "ix_version".to_owned(),
    }
}
