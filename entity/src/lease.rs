//! Who may write a resource now: one row each, taken and renewed by compare-and-swap on the database's clock.
//!
//! The fence rises each time the lease changes hands. Every transaction that writes asks for the
//! fence under a row lock, so that a holder who was paused past its time can never write late.

use std::{collections::HashMap, time::Duration};

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

/// A lease that nobody has given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Out {
    pub resource_id: i32,
    /// How long it lasts yet; `None`: it has run out, and its holder is dead or asleep.
    pub left: Option<Duration>,
}

/// A lease that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub resource_id: i32,
    pub holder: String,
    pub fence: i64,
}

impl Entity {
    /// Takes the lease of a resource for `time` from now, or again if it is `holder`'s already. `None`: another holder has it.
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

    /// Who holds the lease of each resource whose lease is held now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn holders(db: &impl ConnectionTrait) -> Result<HashMap<i32, String>, DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        let held = Self::find()
            .select_only()
            .columns([Column::ResourceId, Column::Holder])
            .filter(Expr::col(Column::ExpiresAt).gte(now))
            .into_tuple::<(i32, String)>()
            .all(db)
            .await?;
        Ok(held.into_iter().collect())
    }

    /// The leases that nobody has given back.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn out(db: &impl ConnectionTrait) -> Result<Vec<Out>, DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        let rows = Self::find()
            .select_only()
            .column(Column::ResourceId)
            .expr_as(Expr::col(Column::ExpiresAt).sub(now), "left")
            .filter(Column::ExpiresAt.gt(0))
            .into_tuple::<(i32, i64)>()
            .all(db)
            .await?;
        let out = |(resource_id, left)| Out {
            resource_id,
            left: u64::try_from(left).ok().map(Duration::from_millis),
        };
        Ok(rows.into_iter().map(out).collect())
    }

    /// Makes `held` last for `time` from now. False: another holder has had it since.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn renew(
        db: &impl ConnectionTrait,
        held: &Held,
        time: Duration,
    ) -> Result<bool, DbErr> {
        let now = dialect::now_ms(db.get_database_backend());
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let renewed = Self::update_many()
            .col_expr(Column::ExpiresAt, now.add(millis))
            .filter(Column::ResourceId.eq(held.resource_id))
            .filter(Column::Holder.eq(&held.holder))
            .filter(Column::Fence.eq(held.fence))
            .exec(db)
            .await?;
        Ok(renewed.rows_affected > 0)
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
