//! What logging in needs: keys that sign tokens, tokens with which the first admin is made, and from where users came.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, column, create_indexes, named, optional};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261122_000006_login"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        manager.create_table(signing_key(dialect)).await?;
        manager.create_table(setup_token(dialect)).await?;
        create_indexes(manager, &[BY_ACTOR]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["setup_token", "signing_key"] {
            let table = Table::drop().table(table).if_exists().to_owned();
            manager.drop_table(table).await?;
        }
        let (name, table, _) = BY_ACTOR;
        if manager.has_index(table, name).await? {
            let index = Index::drop().name(name).table(table).to_owned();
            manager.drop_index(index).await?;
        }
        Ok(())
    }
}

fn signing_key(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "signing_key")
        .col(column("generation", ColumnType::Integer).primary_key())
        .col(column("private_key", dialect.long_bytes()))
        .col(column("created_at", dialect.timestamp()))
        .col(optional("retires_at", dialect.timestamp()))
        .to_owned()
}

fn setup_token(dialect: Dialect) -> TableCreateStatement {
    // SHA-256.
    let hash = ColumnType::VarBinary(StringLen::N(32));
    named(dialect, "setup_token")
        .col(column("token_hash", hash).primary_key())
        .col(column("created_at", dialect.timestamp()))
        .to_owned()
}

const BY_ACTOR: IndexOf = ("ix_audit_actor", "audit", &["actor", "address", "action"]);
