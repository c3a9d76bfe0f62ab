//! Who committed each version of a resource and what brought its rows, and from which version on its records have a history.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, add_columns, column, create_indexes, named, optional};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000005_history"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        manager.create_table(version(dialect)).await?;
        manager.create_table(request(dialect)).await?;
        create_indexes(manager, &[BY_TIME]).await?;
        let since = [
            optional("history_version", ColumnType::BigInteger),
            optional("history_at", dialect.timestamp()),
        ];
        add_columns(manager, "resource", since).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["request", "version"] {
            let table = Table::drop().table(table).if_exists().to_owned();
            manager.drop_table(table).await?;
        }
        for name in ["history_version", "history_at"] {
            if manager.has_column("resource", name).await? {
                let alter = Table::alter()
                    .table("resource")
                    .drop_column(name)
                    .to_owned();
                manager.alter_table(alter).await?;
            }
        }
        Ok(())
    }
}

fn version(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "version")
        .col(column("resource_id", ColumnType::Integer))
        .col(column("version", ColumnType::BigInteger))
        .col(optional("run_id", ColumnType::BigInteger))
        .col(column("at", dialect.timestamp()))
        .primary_key(Index::create().col("resource_id").col("version"))
        .to_owned()
}

fn request(dialect: Dialect) -> TableCreateStatement {
    let mut key = Index::create();
    key.col("resource_id").col("version").col("position");
    named(dialect, "request")
        .col(column("resource_id", ColumnType::Integer))
        .col(column("version", ColumnType::BigInteger))
        .col(column("position", ColumnType::Integer))
        .col(column("url", dialect.long_text()))
        .col(column("first_rowno", ColumnType::BigInteger))
        .col(column("last_rowno", ColumnType::BigInteger))
        .col(column("rownos", dialect.long_bytes()))
        .primary_key(&mut key)
        .to_owned()
}

const BY_TIME: IndexOf = (
    "ix_version_at",
    "version",
    &["resource_id", "at", "version"],
);
