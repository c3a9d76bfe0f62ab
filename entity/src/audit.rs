//! What was done with the rights of a user or key, and by whom.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub at: DateTimeUtc,
    /// The user or key that did it; nobody known: a login that failed.
    pub actor: Option<String>,
    pub action: String,
    /// What it was done to.
    pub target: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub detail: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
