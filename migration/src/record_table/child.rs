//! The tables of a resource's lists and objects, and of what is made of its texts.

use entity::{
    definition::{Child, ChildColumn},
    dialect::Dialect,
};
use sea_orm::DbErr;
use sea_orm_migration::prelude::{Alias, ColumnDef, ColumnType, Index};

use super::change::Change;

impl Change<'_> {
    /// Makes the child table of that name anew.
    pub(super) async fn create_child(&self, table: &str) -> Result<(), DbErr> {
        let Some(child) = self.child(table) else {
            return Ok(());
        };
        self.create_empty_child(&child).await?;
        self.create_child_indexes(&child).await
    }

    /// Gives the child table of that name the indexes that it does not have yet.
    pub(super) async fn index_child(&self, table: &str) -> Result<(), DbErr> {
        let Some(child) = self.child(table) else {
            return Ok(());
        };
        self.create_child_indexes(&child).await
    }

    /// Makes a child table anew, without indexes.
    pub(super) async fn create_empty_child(&self, child: &Child<'_>) -> Result<(), DbErr> {
        self.drop(child.table.clone()).await?;
        let whole = |name| {
            ColumnDef::new_with_type(name, ColumnType::BigInteger)
                .not_null()
                .to_owned()
        };
        let mut table = self.empty_table(&child.table);
        table.col(whole("rowno"));
        let mut key = Index::create();
        key.col("rowno");
        if child.is_derived() {
            // Each value once a row: it needs no number, and SQLite no second copy of it.
            key.col("value");
            if self.dialect == Dialect::Sqlite {
                table.extra("WITHOUT ROWID");
            }
        } else {
            key.col("position");
            table.col(whole("position"));
        }
        table.primary_key(&mut key);
        for column in &child.columns {
            table.col(self.child_column(column));
        }
        self.manager.create_table(table).await
    }

    pub(super) async fn create_child_indexes(&self, child: &Child<'_>) -> Result<(), DbErr> {
        for column in &child.columns {
            self.create_child_index(child, column).await?;
        }
        Ok(())
    }

    fn child(&self, table: &str) -> Option<Child<'_>> {
        let mut children = self.definition.children();
        children.find(|child| child.table == table)
    }

    fn child_column(&self, column: &ChildColumn<'_>) -> ColumnDef {
        let kind = self.dialect.column(column.kind, column.limit);
        let mut made = ColumnDef::new_with_type(Alias::new(column.name), kind);
        if column.nullable {
            made.null();
        } else {
            made.not_null();
        }
        made
    }

    async fn create_child_index(
        &self,
        child: &Child<'_>,
        column: &ChildColumn<'_>,
    ) -> Result<(), DbErr> {
        let Some(name) = &column.index else {
            return Ok(());
        };
        if self.manager.has_index(&child.table, name).await? {
            return Ok(());
        }
        let mut index = Index::create();
        index
            .name(name)
            .table(Alias::new(&child.table))
            .col(Alias::new(column.name))
            .col("rowno");
        self.manager.create_index(index).await
    }
}
