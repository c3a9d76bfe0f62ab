//! A token with which the first admin is made. Each process that starts while there is no user prints one; who uses any of
//! them ends all.

use sea_orm::{ActiveValue::Set, entity::prelude::*};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "setup_token")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: Vec<u8>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Writes down a token, and forgets those from before `oldest`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn issue(
        db: &impl ConnectionTrait,
        hash: Vec<u8>,
        (at, oldest): (DateTimeUtc, DateTimeUtc),
    ) -> Result<(), DbErr> {
        let old = Self::delete_many().filter(Column::CreatedAt.lt(oldest));
        old.exec(db).await?;
        let row = ActiveModel {
            token_hash: Set(hash),
            created_at: Set(at),
        };
        Self::insert(row).exec_without_returning(db).await?;
        Ok(())
    }

    /// Whether a token is good.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_good(
        db: &impl ConnectionTrait,
        hash: &[u8],
        oldest: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let token = Self::find_by_id(hash.to_vec()).one(db).await?;
        Ok(token.is_some_and(|token| token.created_at >= oldest))
    }

    /// Ends all tokens. False: there was none, so another has used one of them just now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end_all(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let ended = Self::delete_many().exec(db).await?;
        Ok(ended.rows_affected > 0)
    }
}
