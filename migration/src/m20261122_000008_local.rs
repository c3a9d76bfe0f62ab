//! Who wrote each version of a resource that callers write, and what they were answered.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, add_columns, column, create_indexes, named, optional};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000008_local"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        add_columns(manager, "version", [optional("actor", dialect.text(255))]).await?;
        manager.create_table(once(dialect)).await?;
        create_indexes(manager, &[BY_CALLER]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("once").if_exists().to_owned();
        manager.drop_table(table).await?;
        if manager.has_column("version", "actor").await? {
            let alter = Table::alter()
                .table("version")
                .drop_column("actor")
                .to_owned();
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}

fn once(dialect: Dialect) -> TableCreateStatement {
    let mut asked = column("asked", ColumnType::VarBinary(StringLen::N(32)));
    named(dialect, "once")
        .col(asked.primary_key())
        .col(column("caller", dialect.text(255)))
        .col(column("sent", ColumnType::VarBinary(StringLen::N(32))))
        .col(column("answer", dialect.long_text()))
        .col(column("at", dialect.timestamp()))
        .to_owned()
}

const BY_CALLER: IndexOf = ("ix_once_caller", "once", &["caller", "at"]);
