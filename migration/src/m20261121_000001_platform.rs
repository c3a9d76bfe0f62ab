//! What the syncer writes: sources, resources, runs, cursors, rejects and leases.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

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
        ] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["lease", "reject", "cursor", "run", "resource", "source"] {
            manager
                .drop_table(Table::drop().table(table).if_exists().to_owned())
                .await?;
        }
        Ok(())
    }
}

fn named(dialect: Dialect, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).if_not_exists();
    if let Some(collation) = dialect.binary_collation() {
        table.character_set("utf8mb4").collate(collation);
    }
    table
}

fn column(name: &'static str, kind: ColumnType) -> ColumnDef {
    let mut column = ColumnDef::new_with_type(name, kind);
    column.not_null();
    column
}

fn optional(name: &'static str, kind: ColumnType) -> ColumnDef {
    ColumnDef::new_with_type(name, kind).null().to_owned()
}

fn id(dialect: Dialect) -> ColumnDef {
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

fn small_id() -> ColumnDef {
    ColumnDef::new_with_type("id", ColumnType::Integer)
        .not_null()
        .auto_increment()
        .primary_key()
        .to_owned()
}

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

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(table);
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        index(
            "ix_resource_source_name",
            "resource",
            &["source_id", "name"],
        )
        .unique()
        .to_owned(),
        index("ix_run_resource", "run", &["resource_id"]),
        index(
            "ix_reject_payload",
            "reject",
            &["resource_id", "payload_hash"],
        )
        .unique()
        .to_owned(),
    ]
}
