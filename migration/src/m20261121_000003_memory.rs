//! What reading only what changed needs to know: the pages that came, the mark of complete runs, and bad values.

use entity::{definition::KEY_BYTES, dialect::Dialect};
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, add_columns, column, create_indexes, id, named, optional};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000003_memory"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        manager.create_table(page(dialect)).await?;
        let cursor = [
            optional("mark", dialect.long_text()),
            optional("walked", dialect.long_bytes()),
        ];
        add_columns(manager, "cursor", cursor).await?;
        let reject = [
            // What was kept before is records.
            column("kind", dialect.text(16)).default("record").take(),
            optional("record_key", dialect.text(KEY_BYTES)),
            optional("path", dialect.long_text()),
            optional("value", dialect.long_text()),
        ];
        add_columns(manager, "reject", reject).await?;
        if dialect != Dialect::Sqlite {
            // `table.field` is longer than a name. SQLite's texts have no limit.
            let field = optional("field", dialect.text(255));
            let alter = Table::alter().table("reject").modify_column(field).take();
            manager.alter_table(alter).await?;
        }
        let resource = [
            optional("filling", dialect.long_text()),
            optional("filled", ColumnType::BigInteger),
            // The tables that were made before have their indexes.
            column("indexed", ColumnType::Boolean).default(true).take(),
            // What the tables hold counts as well.
            column("last_rowno", ColumnType::BigInteger)
                .default(0)
                .take(),
        ];
        add_columns(manager, "resource", resource).await?;
        create_indexes(manager, &INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("page").if_exists().to_owned())
            .await?;
        for (name, table, _) in INDEXES {
            if manager.has_table(table).await? && manager.has_index(table, name).await? {
                let drop = Index::drop().name(name).table(table).to_owned();
                manager.drop_index(drop).await?;
            }
        }
        for (table, column) in [
            ("resource", "filling"),
            ("resource", "filled"),
            ("resource", "indexed"),
            ("resource", "last_rowno"),
            ("cursor", "mark"),
            ("cursor", "walked"),
            ("reject", "kind"),
            ("reject", "record_key"),
            ("reject", "path"),
            ("reject", "value"),
        ] {
            if manager.has_column(table, column).await? {
                let alter = Table::alter().table(table).drop_column(column).to_owned();
                manager.alter_table(alter).await?;
            }
        }
        Ok(())
    }
}

/// 16 bytes of SHA-256.
const HASH: ColumnType = ColumnType::VarBinary(StringLen::N(16));

fn page(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "page")
        .col(id(dialect))
        .col(column("resource_id", ColumnType::Integer))
        .col(column("request", HASH))
        .col(column("plan", dialect.text(64)))
        .col(column("parent", ColumnType::BigInteger))
        .col(optional("etag", dialect.long_text()))
        .col(optional("last_modified", dialect.text(64)))
        .col(column("answer", HASH))
        .col(column("came", dialect.long_text()))
        .col(column("seen", dialect.long_bytes()))
        .index(
            Index::create()
                .unique()
                .name("ix_page_request")
                .col("resource_id")
                .col("request"),
        )
        .to_owned()
}

const INDEXES: [IndexOf; 2] = [
    ("ix_page_parent", "page", &["resource_id", "parent"]),
    ("ix_reject_key", "reject", &["resource_id", "record_key"]),
];
