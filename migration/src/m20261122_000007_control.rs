//! The hand on the syncers: what commands say and who obeys them, how runs go on, and which processes are there.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, add_columns, column, create_indexes, named, optional};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000007_control"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        manager.create_table(progress(dialect)).await?;
        manager.create_table(syncer(dialect)).await?;
        for (table, columns) in added(dialect) {
            add_columns(manager, table, columns).await?;
        }
        create_indexes(manager, &INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        for table in ["syncer", "progress"] {
            let table = Table::drop().table(table).if_exists().to_owned();
            manager.drop_table(table).await?;
        }
        for (name, table, _) in INDEXES {
            if manager.has_index(table, name).await? {
                let index = Index::drop().name(name).table(table).to_owned();
                manager.drop_index(index).await?;
            }
        }
        for (table, columns) in added(dialect) {
            for column in columns {
                let name = column.get_column_name();
                if manager.has_column(table, &name).await? {
                    let alter = Table::alter()
                        .table(table)
                        .drop_column(Alias::new(name))
                        .to_owned();
                    manager.alter_table(alter).await?;
                }
            }
        }
        Ok(())
    }
}

/// The columns that tables get which are there already.
fn added(dialect: Dialect) -> [(&'static str, Vec<ColumnDef>); 4] {
    let mode = column("mode", dialect.text(16))
        .default("incremental")
        .take();
    [
        (
            "command",
            vec![
                optional("body", dialect.long_text()),
                optional("holder", dialect.text(64)),
                optional("taken_until", ColumnType::BigInteger),
            ],
        ),
        (
            "run",
            vec![mode, optional("command_id", ColumnType::BigInteger)],
        ),
        (
            "resource",
            vec![
                optional("steered_by", dialect.text(255)),
                optional("steered_at", dialect.timestamp()),
            ],
        ),
        ("source", vec![optional("budget", dialect.long_text())]),
    ]
}

fn progress(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "progress")
        .col(column("resource_id", ColumnType::Integer).primary_key())
        .col(column("run_id", ColumnType::BigInteger))
        .col(column("holder", dialect.text(64)))
        .col(column("pages", ColumnType::BigInteger))
        .col(optional("pages_expected", ColumnType::BigInteger))
        .col(column("counts", dialect.long_text()))
        .col(optional("rate", ColumnType::Double))
        .col(optional("seconds_left", ColumnType::BigInteger))
        .col(column("started_at", dialect.timestamp()))
        .col(column("updated_at", dialect.timestamp()))
        .to_owned()
}

fn syncer(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "syncer")
        .col(column("process", dialect.text(64)).primary_key())
        .col(column("host", dialect.text(255)))
        .col(column("version", dialect.text(32)))
        .col(column("started_at", dialect.timestamp()))
        .col(column("seen_until", ColumnType::BigInteger))
        .col(column("sources", dialect.long_text()))
        .to_owned()
}

const INDEXES: [IndexOf; 2] = [
    // Whoever looks for something to obey finds in it that there is nothing.
    ("ix_command_open", "command", &["done_at", "id"]),
    ("ix_run_command", "run", &["command_id"]),
];
