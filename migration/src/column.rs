//! The columns and indexes of platform tables, so that each migration reads as a list of them.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

pub(crate) fn named(dialect: Dialect, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).if_not_exists();
    if let Some(collation) = dialect.binary_collation() {
        table.character_set("utf8mb4").collate(collation);
    }
    table
}

pub(crate) fn column(name: &'static str, kind: ColumnType) -> ColumnDef {
    let mut column = ColumnDef::new_with_type(name, kind);
    column.not_null();
    column
}

pub(crate) fn optional(name: &'static str, kind: ColumnType) -> ColumnDef {
    ColumnDef::new_with_type(name, kind).null().to_owned()
}

pub(crate) fn id(dialect: Dialect) -> ColumnDef {
    // SQLite counts up only an `INTEGER` primary key.
    let kind = if dialect == Dialect::Sqlite {
        ColumnType::Integer
    } else {
        ColumnType::BigInteger
    };
    ColumnDef::new_with_type("id", kind)
        .not_null()
        .auto_increment()
        .primary_key()
        .to_owned()
}

pub(crate) fn small_id() -> ColumnDef {
    ColumnDef::new_with_type("id", ColumnType::Integer)
        .not_null()
        .auto_increment()
        .primary_key()
        .to_owned()
}

/// Adds the columns that are not there yet, each in a statement of its own, for the reason that `create_indexes` has.
pub(crate) async fn add_columns(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> Result<(), DbErr> {
    for column in columns {
        if manager.has_column(table, column.get_column_name()).await? {
            continue;
        }
        let alter = Table::alter().table(table).add_column(column).to_owned();
        manager.alter_table(alter).await?;
    }
    Ok(())
}

/// An index: its name, its table, and the columns.
pub(crate) type IndexOf = (&'static str, &'static str, &'static [&'static str]);

/// Makes the indexes that are not there yet.
///
/// MySQL commits each statement by itself and has no `IF NOT EXISTS` for an index: a migration that
/// broke off may have made some of them.
pub(crate) async fn create_indexes(
    manager: &SchemaManager<'_>,
    indexes: &[IndexOf],
) -> Result<(), DbErr> {
    for (name, table, columns) in indexes {
        if manager.has_index(table, name).await? {
            continue;
        }
        let mut index = Index::create();
        index.name(*name).table(*table);
        for column in *columns {
            index.col(*column);
        }
        manager.create_index(index).await?;
    }
    Ok(())
}
