//! A token that renews a login, once: using it makes its successor, using it again ends the whole family.

use sea_orm::{ActiveValue::Set, PaginatorTrait, QuerySelect, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    /// SHA-256 of the token.
    #[sea_orm(unique)]
    pub token_hash: Vec<u8>,
    /// The login that it goes back to.
    #[sea_orm(indexed)]
    pub family: String,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub used_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct New {
    pub user_id: i64,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    pub family: String,
    pub expires_at: DateTimeUtc,
}

impl Entity {
    /// Writes down a token that was given out.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn issue(db: &impl ConnectionTrait, new: New, at: DateTimeUtc) -> Result<(), DbErr> {
        let row = ActiveModel {
            user_id: Set(new.user_id),
            token_hash: Set(new.hash),
            family: Set(new.family),
            created_at: Set(at),
            expires_at: Set(new.expires_at),
            used_at: Set(None),
            revoked_at: Set(None),
            ..Default::default()
        };
        Self::insert(row).exec_without_returning(db).await?;
        Ok(())
    }

    /// The token with that hash.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn by_hash(db: &impl ConnectionTrait, hash: &[u8]) -> Result<Option<Model>, DbErr> {
        Self::find()
            .filter(Column::TokenHash.eq(hash.to_vec()))
            .one(db)
            .await
    }

    /// Uses a token. False: it was used or ended before; of two who use it at once, one is told so.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn spend(db: &impl ConnectionTrait, id: i64, at: DateTimeUtc) -> Result<bool, DbErr> {
        let spent = Self::update_many()
            .col_expr(Column::UsedAt, Expr::value(at))
            .filter(Column::Id.eq(id))
            .filter(Column::UsedAt.is_null())
            .filter(Column::RevokedAt.is_null());
        Ok(spent.exec(db).await?.rows_affected > 0)
    }

    /// Whether a login goes on: nobody has ended it, and it can be renewed yet.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_alive(
        db: &impl ConnectionTrait,
        family: &str,
        now: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let alive = Self::find()
            .filter(Column::Family.eq(family))
            .filter(Column::RevokedAt.is_null())
            .filter(Column::ExpiresAt.gt(now));
        Ok(alive.limit(1).count(db).await? > 0)
    }

    /// Ends one login. Says how many of its tokens had not been ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end_login(
        db: &impl ConnectionTrait,
        family: &str,
        at: DateTimeUtc,
    ) -> Result<u64, DbErr> {
        let ended = Self::update_many()
            .col_expr(Column::RevokedAt, Expr::value(at))
            .filter(Column::Family.eq(family))
            .filter(Column::RevokedAt.is_null());
        Ok(ended.exec(db).await?.rows_affected)
    }

    /// Ends all logins of a user, but for the one that is to go on.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end_all(
        db: &impl ConnectionTrait,
        (user_id, but): (i64, Option<&str>),
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        let mut ended = Self::update_many()
            .col_expr(Column::RevokedAt, Expr::value(at))
            .filter(Column::UserId.eq(user_id))
            .filter(Column::RevokedAt.is_null());
        if let Some(family) = but {
            ended = ended.filter(Column::Family.ne(family));
        }
        ended.exec(db).await?;
        Ok(())
    }

    /// Forgets the tokens of a user that have expired: who shows one of them is refused all the same.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn forget(
        db: &impl ConnectionTrait,
        user_id: i64,
        now: DateTimeUtc,
    ) -> Result<(), DbErr> {
        Self::delete_many()
            .filter(Column::UserId.eq(user_id))
            .filter(Column::ExpiresAt.lte(now))
            .exec(db)
            .await?;
        Ok(())
    }
}
