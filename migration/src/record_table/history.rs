//! The table of the versions of a resource's records.

use entity::{definition::KEY_BYTES, dialect::Dialect};
use sea_orm::DbErr;
use sea_orm_migration::prelude::{Alias, ColumnDef, ColumnType, Index, StringLen};

use super::change::Change;

impl Change<'_> {
    /// Makes it, unless it is there: what an earlier history of the resource left is gone on with.
    pub(super) async fn create_history(&self) -> Result<(), DbErr> {
        let name = self.definition.history_table();
        if !self.manager.has_table(&name).await? {
            let hash = ColumnType::VarBinary(StringLen::N(16));
            let mut table = self.empty_table(&name);
            // The payload stands last: what comes behind a long value is slow to reach in SQLite.
            table
                .col(self.rowno())
                .col(ColumnDef::new_with_type("version", ColumnType::BigInteger).not_null())
                .col(ColumnDef::new_with_type("op", ColumnType::SmallInteger).not_null())
                .col(ColumnDef::new_with_type("changed_at", self.dialect.timestamp()).not_null())
                .col(
                    ColumnDef::new_with_type("record_key", self.dialect.text(KEY_BYTES)).not_null(),
                )
                .col(ColumnDef::new_with_type("payload_hash", hash).not_null())
                .col(ColumnDef::new_with_type("payload", self.dialect.long_text()).null())
                .primary_key(Index::create().col("rowno").col("version"));
            self.manager.create_table(table).await?;
        }
        let by_key = self.history_index();
        if self.manager.has_index(&name, &by_key).await? {
            return Ok(());
        }
        let mut index = Index::create();
        index
            .name(by_key)
            .table(Alias::new(&name))
            .col("record_key")
            .col("version");
        self.manager.create_index(index).await
    }

    /// SQLite's indexes share one space of names; a server's belong to their table.
    fn history_index(&self) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("ix_{}__key", self.definition.history_table()),
            Dialect::MySql | Dialect::MariaDb => "ix_key".to_owned(),
        }
    }
}
