//! The tables of a resource's lists and objects.

use entity::definition::{Child, ChildColumn, Of};
use sea_orm::DbErr;
use sea_orm_migration::prelude::{Alias, ColumnDef, ColumnType, Index};

use super::change::Change;

impl Change<'_> {
    pub(super) async fn create_child(&self, of: Option<Of>) -> Result<(), DbErr> {
        let child = self
            .definition
            .children()
            .find(|child| Some(child.of) == of);
        let Some(child) = child else {
            return Ok(());
        };
        self.drop(child.table.clone()).await?;
        let whole = |name| {
            ColumnDef::new_with_type(name, ColumnType::BigInteger)
                .not_null()
                .to_owned()
        };
        let mut table = self.empty_table(&child.table);
        table
            .col(whole("rowno"))
            .col(whole("position"))
            .primary_key(Index::create().col("rowno").col("position"));
        for column in &child.columns {
            table.col(self.child_column(column));
        }
        self.manager.create_table(table).await?;
        for column in &child.columns {
            self.create_child_index(&child, column).await?;
        }
        Ok(())
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
        let mut index = Index::create();
        index
            .name(name)
            .table(Alias::new(&child.table))
            .col(Alias::new(column.name))
            .col("rowno");
        self.manager.create_index(index).await
    }
}
