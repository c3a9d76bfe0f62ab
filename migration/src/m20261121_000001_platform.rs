//! What the syncer writes: sources, resources, runs, cursors, rejects, leases, and the commands that it obeys.

use entity::{definition::Definition, dialect::Dialect};
use sea_orm::ConnectionTrait;
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, column, create_indexes, id, named, optional, small_id};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000001_platform"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        for table in [
            source(dialect),
            resource(dialect),
            run(dialect),
            cursor(dialect),
            reject(dialect),
            lease(dialect),
            command(dialect),
        ] {
            manager.create_table(table).await?;
        }
        create_indexes(manager, &INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without the register nobody would know whose the records' tables are.
        for table in record_tables(manager.get_connection()).await? {
            let drop = Table::drop()
                .table(Alias::new(table))
                .if_exists()
                .to_owned();
            manager.drop_table(drop).await?;
        }
        for table in [
            "command", "lease", "reject", "cursor", "run", "resource", "source",
        ] {
            manager
                .drop_table(Table::drop().table(table).if_exists().to_owned())
                .await?;
        }
        Ok(())
    }
}

/// The tables of all registered resources, those of items before the rows that they belong to.
async fn record_tables(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let made = Query::select()
        .column("projection")
        .from("resource")
        .to_owned();
    let mut tables = Vec::new();
    for row in db.query_all(&made).await? {
        let projection: String = row.try_get("", "projection")?;
        let Ok(definition) = serde_json::from_str::<Definition>(&projection) else {
            continue;
        };
        tables.extend(definition.children().map(|child| child.table));
        // It may be left from an earlier definition.
        tables.push(definition.history_table());
        tables.push(definition.table);
    }
    Ok(tables)
}

// Unique keys stand in the table's own statement: SQLite's other connections may see a new table before its indexes.

fn source(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "source")
        .col(small_id())
        .col(column("name", dialect.text(64)).unique_key())
        .col(column("base_url", dialect.long_text()))
        .col(column("schedule", dialect.text(255)))
        .col(column("updated_at", dialect.timestamp()))
        .to_owned()
}

fn resource(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "resource")
        .col(small_id())
        .col(column("source_id", ColumnType::Integer))
        .col(column("name", dialect.text(64)))
        .col(column("table_name", dialect.text(64)).unique_key())
        .col(column("definition", dialect.long_text()))
        .col(column("projection", dialect.long_text()))
        .col(column("enabled", ColumnType::Boolean))
        .col(column("version", ColumnType::BigInteger))
        .col(column("live_rows", ColumnType::BigInteger))
        .col(column("complete", ColumnType::Boolean))
        .col(optional("last_outcome", dialect.text(16)))
        .col(optional("last_run_at", dialect.timestamp()))
        .col(optional("synced_at", dialect.timestamp()))
        .col(optional("changed_at", dialect.timestamp()))
        .col(optional("next_run_at", dialect.timestamp()))
        .index(
            Index::create()
                .unique()
                .name("ix_resource_source_name")
                .col("source_id")
                .col("name"),
        )
        .to_owned()
}

fn run(dialect: Dialect) -> TableCreateStatement {
    let counts = [
        "requests",
        "bytes",
        "pages",
        "fetched",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
        "rejected",
        "bad_values",
    ];
    let mut table = named(dialect, "run");
    table
        .col(id(dialect))
        .col(column("resource_id", ColumnType::Integer))
        .col(column("trigger", dialect.text(16)))
        .col(optional("outcome", dialect.text(16)))
        .col(column("started_at", dialect.timestamp()))
        .col(optional("ended_at", dialect.timestamp()))
        .col(optional("resumed_from", ColumnType::BigInteger))
        .col(optional("total", ColumnType::BigInteger))
        .col(optional("error", dialect.long_text()));
    for count in counts {
        table.col(column(count, ColumnType::BigInteger));
    }
    table
}

fn cursor(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "cursor")
        .col(column("resource_id", ColumnType::Integer).primary_key())
        .col(column("run_id", ColumnType::BigInteger))
        .col(column("plan", dialect.text(64)))
        .col(column("position", dialect.long_text()))
        .col(column("seen", dialect.long_bytes()))
        .col(column("saved_at", dialect.timestamp()))
        .to_owned()
}

fn reject(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "reject")
        .col(id(dialect))
        .col(column("resource_id", ColumnType::Integer))
        .col(column(
            "payload_hash",
            ColumnType::VarBinary(StringLen::N(16)),
        ))
        .col(column("run_id", ColumnType::BigInteger))
        .col(optional("field", dialect.text(64)))
        .col(column("reason", dialect.long_text()))
        .col(column("payload", dialect.long_text()))
        .col(column("created_at", dialect.timestamp()))
        .index(
            Index::create()
                .unique()
                .name("ix_reject_payload")
                .col("resource_id")
                .col("payload_hash"),
        )
        .to_owned()
}

fn lease(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "lease")
        .col(column("resource_id", ColumnType::Integer).primary_key())
        .col(column("holder", dialect.text(64)))
        .col(column("fence", ColumnType::BigInteger))
        .col(column("expires_at", ColumnType::BigInteger))
        .to_owned()
}

fn command(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "command")
        .col(id(dialect))
        .col(column("resource_id", ColumnType::Integer))
        .col(optional("run_id", ColumnType::BigInteger))
        .col(column("kind", dialect.text(32)))
        .col(column("asked_by", dialect.text(255)))
        .col(column("asked_at", dialect.timestamp()))
        .col(optional("taken_at", dialect.timestamp()))
        .col(optional("done_at", dialect.timestamp()))
        .col(optional("answer", dialect.long_text()))
        .to_owned()
}

const INDEXES: [IndexOf; 2] = [
    ("ix_command_resource", "command", &["resource_id"]),
    ("ix_run_resource", "run", &["resource_id"]),
];
