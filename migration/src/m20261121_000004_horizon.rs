//! The changes of rows in their order: an index on each record table, and from which version on all can be told.

use entity::{definition::Definition, dialect::Dialect};
use sea_orm::ConnectionTrait;
use sea_orm_migration::prelude::*;

use crate::{
    column::{add_columns, column},
    record_table::{drop_order, index_order},
};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000004_horizon"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        let horizon = column("horizon", ColumnType::BigInteger).default(0).take();
        add_columns(manager, "resource", [horizon]).await?;
        // Nobody wrote down what was removed for good before.
        let mut passed = Query::update();
        passed
            .table("resource")
            .value("horizon", Expr::col("version"));
        manager.execute(passed).await?;
        for (table, indexed) in record_tables(manager.get_connection()).await? {
            // One that is filled for the first time gets all of its indexes afterwards.
            if indexed && manager.has_table(&table).await? {
                index_order(manager, dialect, &table).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        for (table, _) in record_tables(manager.get_connection()).await? {
            if manager.has_table(&table).await? {
                drop_order(manager, dialect, &table).await?;
            }
        }
        if manager.has_column("resource", "horizon").await? {
            let alter = Table::alter()
                .table("resource")
                .drop_column("horizon")
                .to_owned();
            manager.alter_table(alter).await?;
        }
        Ok(())
    }
}

/// The tables of all resources that were made, and whether their fields are indexed.
async fn record_tables(db: &impl ConnectionTrait) -> Result<Vec<(String, bool)>, DbErr> {
    let made = Query::select()
        .columns(["projection", "indexed"])
        .from("resource")
        .to_owned();
    let mut tables = Vec::new();
    for row in db.query_all(&made).await? {
        let projection: String = row.try_get("", "projection")?;
        if let Ok(definition) = serde_json::from_str::<Definition>(&projection) {
            tables.push((definition.table, row.try_get("", "indexed")?));
        }
    }
    Ok(tables)
}
