//! Who may: users, the tokens that renew their logins, keys for programs, and what was done with them.

use entity::dialect::Dialect;
use sea_orm_migration::prelude::*;

use crate::column::{IndexOf, column, create_indexes, id, named, optional};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000002_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_connection()).await?;
        let tables = [
            user(dialect),
            refresh_token(dialect),
            api_key(dialect),
            audit(dialect),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        create_indexes(manager, &INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["audit", "api_key", "refresh_token", "user"] {
            manager
                .drop_table(Table::drop().table(table).if_exists().to_owned())
                .await?;
        }
        Ok(())
    }
}

/// SHA-256.
const HASH: ColumnType = ColumnType::VarBinary(StringLen::N(32));

fn user(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "user")
        .col(id(dialect))
        .col(column("name", dialect.text(255)).unique_key())
        .col(optional("email", dialect.text(255)).unique_key())
        .col(column("role", dialect.text(16)))
        .col(column("password_hash", dialect.text(255)))
        .col(optional("first_name", dialect.text(255)))
        .col(optional("last_name", dialect.text(255)))
        .col(optional("phone", dialect.text(64)))
        .col(column("attributes", dialect.long_text()))
        .col(column("active", ColumnType::Boolean))
        .col(column("created_at", dialect.timestamp()))
        .col(column("updated_at", dialect.timestamp()))
        .to_owned()
}

fn refresh_token(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "refresh_token")
        .col(id(dialect))
        .col(column("user_id", ColumnType::BigInteger))
        .col(column("token_hash", HASH).unique_key())
        .col(column("family", dialect.text(64)))
        .col(column("created_at", dialect.timestamp()))
        .col(column("expires_at", dialect.timestamp()))
        .col(optional("used_at", dialect.timestamp()))
        .col(optional("revoked_at", dialect.timestamp()))
        .to_owned()
}

fn api_key(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "api_key")
        .col(id(dialect))
        .col(column("user_id", ColumnType::BigInteger))
        .col(column("name", dialect.text(255)))
        .col(column("prefix", dialect.text(32)).unique_key())
        .col(column("key_hash", HASH).unique_key())
        .col(column("scopes", dialect.long_text()))
        .col(column("created_at", dialect.timestamp()))
        .col(optional("expires_at", dialect.timestamp()))
        .col(optional("last_used_at", dialect.timestamp()))
        .col(optional("revoked_at", dialect.timestamp()))
        .to_owned()
}

fn audit(dialect: Dialect) -> TableCreateStatement {
    named(dialect, "audit")
        .col(id(dialect))
        .col(column("at", dialect.timestamp()))
        .col(optional("actor", dialect.text(255)))
        .col(column("action", dialect.text(64)))
        .col(optional("target", dialect.text(255)))
        .col(optional("address", dialect.text(64)))
        .col(optional("detail", dialect.long_text()))
        .to_owned()
}

const INDEXES: [IndexOf; 4] = [
    ("ix_refresh_token_user", "refresh_token", &["user_id"]),
    ("ix_refresh_token_family", "refresh_token", &["family"]),
    ("ix_api_key_user", "api_key", &["user_id"]),
    ("ix_audit_at", "audit", &["at"]),
];
