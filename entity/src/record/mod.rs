//! The rows of every mirrored resource: one entity whose table's name is a run-time value.
//!
//! `Column::X` always renders as `` `record`.`x` ``, so queries name the table under the alias
//! `record`; deletes cannot (MariaDB), and name it bare. `ActiveModel::save`, `find_by_id` and
//! everything else of SeaORM that starts from `Entity::default()` would go to a table `record` that does not exist.

mod changes;
mod delete;
mod history;
mod items;
mod known;
mod read;
mod write;

use sea_orm::{
    QueryTrait,
    entity::prelude::*,
    sea_query::{Alias, IntoTableRef, TableRef},
};

pub use changes::*;
pub use delete::*;
pub use history::*;
pub use known::*;
pub use read::*;
pub use write::*;

/// The envelope: what each resource's table has beside its declared fields.
#[derive(Clone, Debug, PartialEq, Eq, DeriveModel, DeriveActiveModel)]
pub struct Model {
    /// Given out by the writer: the lease makes it the only one.
    pub rowno: i64,
    /// Canonical text of the key's fields; equal only if the bytes are.
    pub record_key: String,
    /// The record's own bytes; a child's are led by the values copied from its parent.
    pub payload: String,
    /// The first 16 bytes of the payload's SHA-256.
    pub payload_hash: Vec<u8>,
    pub first_seen_at: DateTimeUtc,
    pub changed_at: DateTimeUtc,
    /// The resource's version at the commit that last changed the row.
    pub version: i64,
    pub deleted_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Default, Debug, DeriveEntity)]
pub struct Entity;

impl EntityName for Entity {
    fn table_name(&self) -> &'static str {
        "record"
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveColumn)]
pub enum Column {
    Rowno,
    RecordKey,
    Payload,
    PayloadHash,
    FirstSeenAt,
    ChangedAt,
    Version,
    DeletedAt,
}

#[derive(Copy, Clone, Debug, EnumIter, DerivePrimaryKey)]
pub enum PrimaryKey {
    Rowno,
}

impl PrimaryKeyTrait for PrimaryKey {
    type ValueType = i64;

    fn auto_increment() -> bool {
        false
    }
}

#[derive(Copy, Clone, Debug, EnumIter)]
pub enum Relation {}

impl RelationTrait for Relation {
    fn def(&self) -> RelationDef {
        match *self {}
    }
}

impl ColumnTrait for Column {
    type EntityName = Entity;

    fn def(&self) -> ColumnDef {
        match self {
            Self::Rowno | Self::Version => ColumnType::BigInteger.def(),
            Self::RecordKey | Self::Payload => ColumnType::Text.def(),
            Self::PayloadHash => ColumnType::VarBinary(StringLen::N(16)).def(),
            Self::FirstSeenAt | Self::ChangedAt => ColumnType::TimestampWithTimeZone.def(),
            Self::DeletedAt => ColumnType::TimestampWithTimeZone.def().nullable(),
        }
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// The names of the envelope's columns: no field may be called so.
pub const ENVELOPE: [&str; 8] = [
    "rowno",
    "record_key",
    "payload",
    "payload_hash",
    "first_seen_at",
    "changed_at",
    "version",
    "deleted_at",
];

fn aliased(table: &str) -> TableRef {
    Alias::new(table).into_table_ref().alias("record")
}

/// Every row of `table`, deleted ones included.
pub fn find(table: &str) -> Select<Entity> {
    let mut select = Entity::find();
    QueryTrait::query(&mut select)
        .from_clear()
        .from(aliased(table));
    select
}
