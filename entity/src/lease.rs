//! Who may write a resource now: one row each, taken and renewed by compare-and-swap on the database's clock.
//!
//! The fence rises each time the lease changes hands. Every transaction that writes asks for the
//! fence under a row lock, so that a holder who was paused past its time can never write late.

use std::time::Duration;

use sea_orm::{
    ActiveValue::Set,
    Condition, QuerySelect,
    entity::prelude::*,
    sea_query::{ExprTrait, OnConflict},
};

use crate::dialect;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lease")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource_id: i32,
    /// The process that holds it; unique per process start.
    pub holder: String,
    pub fence: i64,
    /// Milliseconds since 1970 on the database's clock.
    pub expires_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// A lease that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub resource_id: i32,
    pub holder: String,
    pub fence: i64,
}

impl Entity {
    /// Takes the lease of a resource, or renews it, for `time` from now. `None`: another holder has it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn take(
        db: &impl ConnectionTrait,
        resource_id: i32,
        holder: &str,
        time: Duration,
    ) -> Result<Option<Held>, DbErr> {
        if Self::find_by_id(resource_id).one(db).await?.is_none() {
            Self::make(db, resource_id).await?;
        }
        let now = dialect::now_ms(db.get_database_backend());
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let mine = || Expr::col(Column::Holder).eq(holder);
        // MySQL assigns from left to right: the fence must be set while `holder` is still the old one.
        let fence =
            Expr::case(mine(), Expr::col(Column::Fence)).finally(Expr::col(Column::Fence).add(1));
        let taken = Self::update_many()
            .col_expr(Column::Fence, fence.into())
            .col_expr(Column::Holder, Expr::value(holder))
            .col_expr(Column::ExpiresAt, now.clone().add(millis))
            .filter(Column::ResourceId.eq(resource_id))
            .filter(
                Condition::any()
                    .add(mine())
                    .add(Expr::col(Column::ExpiresAt).lt(now)),
            )
            .exec(db)
            .await?;
        if taken.rows_affected == 0 {
            return Ok(None);
        }
        let row = Self::find_by_id(resource_id)
            .filter(Column::Holder.eq(holder))
            .one(db)
            .await?;
        Ok(row.map(|row| Held {
            resource_id,
            holder: row.holder,
            fence: row.fence,
        }))
    }

    /// The lease of a resource, if somebody holds it now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn current(
        db: &impl ConnectionTrait,
        resource_id: i32,
    ) -> Result<Option<Model>, DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        Self::find_by_id(resource_id)
            .filter(Expr::col(Column::ExpiresAt).gte(now))
            .one(db)
            .await
    }

    async fn make(db: &impl ConnectionTrait, resource_id: i32) -> Result<(), DbErr> {
        let free = ActiveModel {
            resource_id: Set(resource_id),
            holder: Set(String::new()),
            fence: Set(0),
            expires_at: Set(0),
        };
        let conflict = OnConflict::column(Column::ResourceId)
            .update_column(Column::ResourceId)
            .to_owned();
        Self::insert(free)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// Whether `held` is still good, under a lock on its row until the transaction ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_held(db: &impl ConnectionTrait, held: &Held) -> Result<bool, DbErr> {
        let row = Self::find_by_id(held.resource_id)
            .filter(Column::Holder.eq(&held.holder))
            .filter(Column::Fence.eq(held.fence))
            .lock_exclusive()
            .one(db)
            .await?;
        Ok(row.is_some())
    }

    /// Gives the lease back, so that nobody has to wait for it to end.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn give_back(db: &impl ConnectionTrait, held: &Held) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::ExpiresAt, Expr::value(0_i64))
            .filter(Column::ResourceId.eq(held.resource_id))
            .filter(Column::Holder.eq(&held.holder))
            .filter(Column::Fence.eq(held.fence))
            .exec(db)
            .await?;
        Ok(())
    }
}
