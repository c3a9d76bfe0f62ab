//! What an operator asked the syncers for: written by whoever asks, taken by the syncer that holds the resource's lease.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "command")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub resource_id: i32,
    /// The run that it is about, if it is about one.
    pub run_id: Option<i64>,
    /// What is to be done.
    pub kind: String,
    /// Who asked.
    pub asked_by: String,
    pub asked_at: DateTimeUtc,
    /// When a syncer took it up.
    pub taken_at: Option<DateTimeUtc>,
    pub done_at: Option<DateTimeUtc>,
    /// What came of it.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
