//! A resource's table: decides what must change for a definition, and changes it.
//!
//! SQLite takes all steps in one transaction. MySQL commits each one by itself, so a crash leaves some
//! of them done: every step may be repeated.
//! Filling new columns from the stored payloads is the syncer's.

use entity::{
    definition::{Definition, Field, KEY_BYTES, Kind},
    dialect::{Dialect, begin_write},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr};
use sea_orm_migration::{
    SchemaManager,
    prelude::{Alias, ColumnDef, ColumnType, Index, StringLen, Table, TableCreateStatement},
};

/// One change of a resource's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    CreateTable,
    DropColumn(Field),
    AddColumn(Field),
    DropList(Field),
    CreateList(Field),
    DropIndex(Field),
    CreateIndex(Field),
}

/// What must change so that a table made for `from` serves `to`, in order. `from` is `None` for a new table.
pub fn plan(from: Option<&Definition>, to: &Definition) -> Vec<Step> {
    let Some(from) = from else {
        return vec![Step::CreateTable];
    };
    let mut steps = Vec::new();
    for old in &from.fields {
        let stays = to
            .field(&old.name)
            .is_some_and(|new| same_column(from, old, to, new));
        match old.kind {
            _ if stays => {}
            Kind::List => steps.push(Step::DropList(old.clone())),
            _ => steps.push(Step::DropColumn(old.clone())),
        }
    }
    for new in &to.fields {
        let old = from
            .field(&new.name)
            .filter(|old| same_column(from, old, to, new));
        match (old, new.kind) {
            (None, Kind::List) => steps.push(Step::CreateList(new.clone())),
            (None, _) => steps.push(Step::AddColumn(new.clone())),
            (Some(_), Kind::List) => {}
            (Some(old), _) if old.index && !new.index => steps.push(Step::DropIndex(new.clone())),
            (Some(old), _) if new.index && !old.index => steps.push(Step::CreateIndex(new.clone())),
            (Some(_), _) => {}
        }
    }
    steps
}

/// The fields of `from` whose columns stay as they are and hold what `to` wants: readers may use them meanwhile.
pub fn unchanged(from: &Definition, to: &Definition) -> Definition {
    let stays =
        |old: &&Field| to.fields.contains(old) && from.text_limit(old) == to.text_limit(old);
    Definition {
        fields: from.fields.iter().filter(stays).cloned().collect(),
        ..to.clone()
    }
}

fn same_column(from: &Definition, old: &Field, to: &Definition, new: &Field) -> bool {
    old.kind == new.kind && from.text_limit(old) == to.text_limit(new)
}

/// Takes `steps` on the table of `definition`.
///
/// # Errors
/// The database does not answer or refuses a statement, or a table of that name with rows in it
/// exists already and is not this resource's.
pub async fn apply(
    db: &DatabaseConnection,
    definition: &Definition,
    steps: &[Step],
) -> Result<(), DbErr> {
    if steps.is_empty() {
        return Ok(());
    }
    let dialect = Dialect::of(db).await?;
    // One connection for all steps: SQLite's others may answer from the schema as they last saw it.
    let transaction = begin_write(db).await?;
    let change = Change {
        dialect,
        manager: SchemaManager::new(&transaction),
        db: &transaction,
        definition,
    };
    match change.take(steps).await {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            transaction.rollback().await?;
            Err(error)
        }
    }
}

struct Change<'a> {
    dialect: Dialect,
    manager: SchemaManager<'a>,
    db: &'a DatabaseTransaction,
    definition: &'a Definition,
}

impl Change<'_> {
    async fn take(&self, steps: &[Step]) -> Result<(), DbErr> {
        // A read of the schema's own table makes SQLite's connection read it anew.
        self.manager.has_table(&self.definition.table).await?;
        for step in steps {
            match step {
                Step::CreateTable => self.create_table().await?,
                Step::DropColumn(field) => self.drop_column(field).await?,
                Step::AddColumn(field) => self.add_column(field).await?,
                Step::DropList(field) => self.drop_list(field).await?,
                Step::CreateList(field) => self.create_list(field).await?,
                Step::DropIndex(field) => self.drop_index(field).await?,
                Step::CreateIndex(field) => self.create_index(field).await?,
            }
        }
        Ok(())
    }

    async fn create_table(&self) -> Result<(), DbErr> {
        let name = &self.definition.table;
        if self.manager.has_table(name).await? {
            self.refuse_foreign_rows().await?;
            self.manager
                .drop_table(Table::drop().table(Alias::new(name)).to_owned())
                .await?;
        }
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
        for field in self.definition.columns().filter(|field| field.index) {
            self.create_index(field).await?;
        }
        for field in self.definition.lists() {
            self.create_list(field).await?;
        }
        Ok(())
    }

    /// A table that was made but never written down as made is ours to make anew; one with rows is not.
    async fn refuse_foreign_rows(&self) -> Result<(), DbErr> {
        let name = &self.definition.table;
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

    fn empty_table(&self, name: &str) -> TableCreateStatement {
        let mut table = Table::create();
        table.table(Alias::new(name));
        if let Some(collation) = self.dialect.binary_collation() {
            table.character_set("utf8mb4").collate(collation);
        }
        table
    }

    fn rowno(&self) -> ColumnDef {
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
        let kind = self.dialect.column(self.definition, field);
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

    async fn create_list(&self, field: &Field) -> Result<(), DbErr> {
        self.drop_list(field).await?;
        let name = self.definition.list_table(field);
        let mut table = self.empty_table(&name);
        table
            .col(
                ColumnDef::new_with_type("rowno", ColumnType::BigInteger)
                    .not_null()
                    .to_owned(),
            )
            .col(
                ColumnDef::new_with_type("position", ColumnType::BigInteger)
                    .not_null()
                    .to_owned(),
            )
            .col(
                ColumnDef::new_with_type("value", self.dialect.column(self.definition, field))
                    .not_null()
                    .to_owned(),
            )
            .primary_key(Index::create().col("rowno").col("position"));
        self.manager.create_table(table).await?;
        let mut index = Index::create();
        index
            .name(self.index_name(field))
            .table(Alias::new(&name))
            .col("value")
            .col("rowno");
        self.manager.create_index(index).await
    }

    async fn drop_list(&self, field: &Field) -> Result<(), DbErr> {
        let table = Alias::new(self.definition.list_table(field));
        self.manager
            .drop_table(Table::drop().table(table).if_exists().to_owned())
            .await
    }

    async fn create_index(&self, field: &Field) -> Result<(), DbErr> {
        self.drop_index(field).await?;
        let mut index = Index::create();
        // Both SQLite and InnoDB keep `rowno` at the end of each index, so it sorts and pages by itself.
        index
            .name(self.index_name(field))
            .table(Alias::new(&self.definition.table))
            .col(Alias::new(&field.name));
        self.manager.create_index(index).await
    }

    async fn drop_index(&self, field: &Field) -> Result<(), DbErr> {
        let name = self.index_name(field);
        if !self
            .manager
            .has_index(&self.definition.table, &name)
            .await?
        {
            return Ok(());
        }
        let table = Alias::new(&self.definition.table);
        self.manager
            .drop_index(Index::drop().name(name).table(table).to_owned())
            .await
    }

    fn index_name(&self, field: &Field) -> String {
        format!("ix_{}__{}", self.definition.table, field.name)
    }
}
