//! What was done with the rights of a user or key, and by whom.

use sea_orm::{ActiveValue::Set, PaginatorTrait, QuerySelect, entity::prelude::*};

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

/// Something that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Who did it: `user:anna`, `key:anna/reports`, `cli`; `None`: nobody known.
    pub actor: Option<String>,
    /// What: `login`, `user.create`, `sync.stop`, …
    pub action: String,
    /// To what: `user:ben`, `thecatapi.breeds`, …
    pub target: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    /// What else is to be known; never a secret.
    pub detail: Option<String>,
}

impl Entity {
    /// Writes down what was done.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn add(
        db: &impl ConnectionTrait,
        entry: Entry,
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        let row = ActiveModel {
            at: Set(at),
            actor: Set(entry.actor),
            action: Set(entry.action),
            target: Set(entry.target),
            address: Set(entry.address),
            detail: Set(entry.detail),
            ..Default::default()
        };
        Self::insert(row).exec_without_returning(db).await?;
        Ok(())
    }

    /// Whether that actor did that from that address, since then.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_known(
        db: &impl ConnectionTrait,
        (actor, action, address): (&str, &str, &str),
        since: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let known = Self::find()
            .filter(Column::Actor.eq(actor))
            .filter(Column::Address.eq(address))
            .filter(Column::Action.eq(action))
            .filter(Column::At.gte(since));
        Ok(known.limit(1).count(db).await? > 0)
    }
}
