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

pub(crate) fn index(
    name: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}
