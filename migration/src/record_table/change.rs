//! Takes the steps, one by one.

use entity::{
    definition::{Definition, Field, KEY_BYTES, Order, OrderKey, index_name, indexes_of},
    dialect::Dialect,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr};
use sea_orm_migration::{
    SchemaManager,
    prelude::{
        Alias, ColumnDef, ColumnType, Index, IndexOrder, StringLen, Table, TableCreateStatement,
    },
};

use super::{
    Step,
    order::{index_order, order_index},
};

/// A change of a resource's table under way.
pub(super) struct Change<'a> {
    pub(super) dialect: Dialect,
    pub(super) manager: SchemaManager<'a>,
    pub(super) db: &'a DatabaseTransaction,
    pub(super) definition: &'a Definition,
}

impl Change<'_> {
    pub(super) async fn take(&self, steps: &[Step]) -> Result<(), DbErr> {
        // A read of the schema's own table makes SQLite's connection read it anew.
        self.manager.has_table(&self.definition.table).await?;
        for step in steps {
            match step {
                Step::CreateTable => self.create_table().await?,
                Step::DropColumn(field) => self.drop_column(field).await?,
                Step::AddColumn(field) => self.add_column(field).await?,
                Step::DropList(field) => self.drop(self.definition.list_table(field)).await?,
                Step::DropObjects(table) => self.drop(self.definition.child_table(table)).await?,
                Step::CreateList(field) => {
                    self.create_child(&self.definition.list_table(field))
                        .await?;
                }
                Step::CreateObjects(table) => {
                    self.create_child(&self.definition.child_table(table))
                        .await?;
                }
                Step::IndexList(field) => {
                    self.index_child(&self.definition.list_table(field)).await?;
                }
                Step::DropIndex(field) => self.drop_index(field).await?,
                Step::CreateIndex(field) => self.create_index(field).await?,
                Step::DropOrder(order) => self.drop_order(order).await?,
                Step::CreateOrder(order) => self.create_order(order).await?,
                Step::CreateHistory => self.create_history().await?,
                Step::IndexChanges => {
                    index_order(&self.manager, self.dialect, &self.definition.table).await?;
                }
            }
        }
        Ok(())
    }

    async fn create_table(&self) -> Result<(), DbErr> {
        let name = &self.definition.table;
        self.clear(name).await?;
        let mut table = self.empty_table(name);
        // The payload stands last: what comes behind a long value is slow to reach in SQLite.
        table
            .col(self.rowno().primary_key())
            .col(
                ColumnDef::new_with_type("record_key", self.dialect.text(KEY_BYTES))
                    .not_null()
                    .unique_key(),
            )
            .col(ColumnDef::new_with_type("version", ColumnType::BigInteger).not_null())
            .col(ColumnDef::new_with_type("first_seen_at", self.dialect.timestamp()).not_null())
            .col(ColumnDef::new_with_type("changed_at", self.dialect.timestamp()).not_null())
            .col(ColumnDef::new_with_type("deleted_at", self.dialect.timestamp()).null());
        for field in self.definition.columns() {
            table.col(self.column(field));
        }
        table
            .col(
                ColumnDef::new_with_type("payload_hash", ColumnType::VarBinary(StringLen::N(16)))
                    .not_null(),
            )
            .col(ColumnDef::new_with_type("payload", self.dialect.long_text()).not_null());
        self.manager.create_table(table).await?;
        for child in self.definition.children() {
            self.create_empty_child(&child).await?;
            if !child.is_derived() {
                self.create_child_indexes(&child).await?;
            }
        }
        if self.definition.history {
            self.clear(&self.definition.history_table()).await?;
            self.create_history().await?;
        }
        Ok(())
    }

    /// A table that was made but never written down as made is ours to make anew; one with rows is not.
    async fn clear(&self, name: &str) -> Result<(), DbErr> {
        if !self.manager.has_table(name).await? {
            return Ok(());
        }
        self.refuse_foreign_rows(name).await?;
        self.drop(name.to_owned()).await
    }

    async fn refuse_foreign_rows(&self, name: &str) -> Result<(), DbErr> {
        let any = sea_orm::sea_query::Query::select()
            .expr(sea_orm::sea_query::Expr::val(1))
            .from(Alias::new(name))
            .limit(1)
            .to_owned();
        match self.db.query_one(&any).await? {
            None => Ok(()),
            Some(_) => Err(DbErr::Custom(format!(
                "table `{name}` exists already and has rows that this resource did not write; \
                 rename or drop it, or give the source another name"
            ))),
        }
    }

    pub(super) fn empty_table(&self, name: &str) -> TableCreateStatement {
        let mut table = Table::create();
        table.table(Alias::new(name));
        if let Some(collation) = self.dialect.binary_collation() {
            table.character_set("utf8mb4").collate(collation);
        }
        table
    }

    pub(super) fn rowno(&self) -> ColumnDef {
        // Only `INTEGER` makes it SQLite's own row id.
        let sqlite = self.dialect == Dialect::Sqlite;
        let kind = if sqlite {
            ColumnType::Integer
        } else {
            ColumnType::BigInteger
        };
        ColumnDef::new_with_type("rowno", kind)
            .not_null()
            .to_owned()
    }

    fn column(&self, field: &Field) -> ColumnDef {
        let limit = self.definition.text_limit(field);
        let kind = self.dialect.column(field.kind, limit);
        ColumnDef::new_with_type(Alias::new(&field.name), kind)
            .null()
            .to_owned()
    }

    async fn add_column(&self, field: &Field) -> Result<(), DbErr> {
        self.drop_column(field).await?;
        let table = Alias::new(&self.definition.table);
        let add = Table::alter()
            .table(table)
            .add_column(self.column(field))
            .to_owned();
        self.manager.alter_table(add).await?;
        if field.index {
            self.create_index(field).await?;
        }
        Ok(())
    }

    async fn drop_column(&self, field: &Field) -> Result<(), DbErr> {
        if !self
            .manager
            .has_column(&self.definition.table, &field.name)
            .await?
        {
            return Ok(());
        }
        // SQLite refuses to drop a column that has an index.
        self.drop_index(field).await?;
        let table = Alias::new(&self.definition.table);
        let drop = Table::alter()
            .table(table)
            .drop_column(Alias::new(&field.name))
            .to_owned();
        self.manager.alter_table(drop).await
    }

    pub(super) async fn drop(&self, table: String) -> Result<(), DbErr> {
        let table = Alias::new(table);
        self.manager
            .drop_table(Table::drop().table(table).if_exists().to_owned())
            .await
    }

    async fn create_index(&self, field: &Field) -> Result<(), DbErr> {
        let name = self.definition.index_name(field);
        if self
            .manager
            .has_index(&self.definition.table, &name)
            .await?
        {
            return Ok(());
        }
        let mut index = Index::create();
        // Both SQLite and InnoDB keep `rowno` at the end of each index, so it sorts and pages by itself.
        index
            .name(name)
            .table(Alias::new(&self.definition.table))
            .col(Alias::new(&field.name));
        self.manager.create_index(index).await
    }

    async fn create_order(&self, order: &Order) -> Result<(), DbErr> {
        let table = &self.definition.table;
        for keys in indexes_of(order) {
            let name = index_name(table, &keys);
            // One that is left from an attempt which broke off may have lost a column since.
            self.drop_named(&name).await?;
            let mut index = Index::create();
            index.name(name).table(Alias::new(table));
            for (column, descending) in index_columns(&keys) {
                let way = match descending {
                    false => IndexOrder::Asc,
                    true => IndexOrder::Desc,
                };
                index.col((Alias::new(column), way));
            }
            self.manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn drop_order(&self, order: &Order) -> Result<(), DbErr> {
        for index in indexes_of(order) {
            let name = index_name(&self.definition.table, &index);
            self.drop_named(&name).await?;
        }
        Ok(())
    }

    async fn drop_index(&self, field: &Field) -> Result<(), DbErr> {
        self.drop_named(&self.definition.index_name(field)).await
    }

    async fn drop_named(&self, name: &str) -> Result<(), DbErr> {
        if !self.manager.has_index(&self.definition.table, name).await? {
            return Ok(());
        }
        let table = Alias::new(&self.definition.table);
        self.manager
            .drop_index(Index::drop().name(name).table(table).to_owned())
            .await
    }
}

/// Makes all indexes that are missing in one statement, so that the server reads the table once: MySQL and MariaDB.
pub(super) async fn create_indexes(
    db: &DatabaseConnection,
    dialect: Dialect,
    definition: &Definition,
) -> Result<(), DbErr> {
    let table = &definition.table;
    let manager = SchemaManager::new(db);
    let mut missing = Vec::new();
    for field in definition.columns().filter(|field| field.index) {
        let name = definition.index_name(field);
        if !manager.has_index(table, &name).await? {
            missing.push(format!("ADD INDEX `{name}` (`{}`)", field.name));
        }
    }
    for index in definition.orders.iter().flat_map(|order| indexes_of(order)) {
        let name = index_name(table, &index);
        if !manager.has_index(table, &name).await? {
            let columns = index_columns(&index).map(|(column, descending)| match descending {
                false => format!("`{column}`"),
                true => format!("`{column}` DESC"),
            });
            let columns: Vec<String> = columns.collect();
            missing.push(format!("ADD INDEX `{name}` ({})", columns.join(", ")));
        }
    }
    let order = order_index(dialect, table);
    if !manager.has_index(table, &order).await? {
        missing.push(format!("ADD INDEX `{order}` (`version`)"));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let alter = format!("ALTER TABLE `{table}` {}", missing.join(", "));
    db.execute_unprepared(&alter).await?;
    Ok(())
}

/// The columns of an order's index, and whether each descends. The rows' numbers go the way of the last field, as lists
/// end on them.
fn index_columns(order: &[OrderKey]) -> impl Iterator<Item = (&str, bool)> {
    let last = order.last().is_some_and(|key| key.descending);
    let fields = order.iter();
    let fields = fields.map(|key| (key.field.as_str(), key.descending));
    fields.chain([("rowno", last)])
}
