//! What was answered to requests that may come again, under the key that their callers gave them.
//!
//! An answer is written in the transaction of what it tells of: whoever asks again after a broken connection is told what
//! came of it, and nothing is done twice.

use chrono::TimeDelta;
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::ExprTrait};

use crate::{
    definition::{Cell, Kind},
    dialect,
};

/// For how long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);
/// Most answers that are kept for one caller.
pub const MOST: u64 = 10_000;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "once")]
pub struct Model {
    /// SHA-256 of the caller, the resource and the key that it gave.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asked: Vec<u8>,
    /// Who asked.
    pub caller: String,
    /// SHA-256 of what was sent.
    pub sent: Vec<u8>,
    /// The answer: its headers and body, as JSON.
    #[sea_orm(column_type = "Text")]
    pub answer: String,
    pub at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// What was answered under that key, unless it is too long ago.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of(
        db: &impl ConnectionTrait,
        asked: &[u8],
        now: DateTimeUtc,
    ) -> Result<Option<Model>, DbErr> {
        let found = Self::find_by_id(asked.to_vec()).one(db).await?;
        Ok(found.filter(|answer| answer.at + KEPT > now))
    }

    /// How many answers are kept for that caller; those that are too old are forgotten first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn count_of(
        db: &impl ConnectionTrait,
        caller: &str,
        now: DateTimeUtc,
    ) -> Result<u64, DbErr> {
        let backend = db.get_database_backend();
        let oldest = dialect::operand(backend, Kind::Timestamp, &Cell::Timestamp(now - KEPT));
        Self::delete_many()
            .filter(Column::Caller.eq(caller))
            .filter(Expr::col(Column::At).lte(oldest))
            .exec(db)
            .await?;
        Self::find()
            .filter(Column::Caller.eq(caller))
            .count(db)
            .await
    }

    /// Keeps an answer.
    ///
    /// # Errors
    /// The database does not answer, or one is kept under that key.
    pub async fn keep(db: &impl ConnectionTrait, answer: Model) -> Result<(), DbErr> {
        let row = ActiveModel {
            asked: Set(answer.asked),
            caller: Set(answer.caller),
            sent: Set(answer.sent),
            answer: Set(answer.answer),
            at: Set(answer.at),
        };
        Self::insert(row).exec_without_returning(db).await?;
        Ok(())
    }
}
