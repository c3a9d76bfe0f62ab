//! A key with which a program asks the api.

use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*};

use crate::{access::Scopes, user};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_key")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(indexed)]
    pub user_id: i64,
    pub name: String,
    /// The beginning of the key, by which people tell keys apart.
    #[sea_orm(unique)]
    pub prefix: String,
    /// SHA-256 of the key.
    #[sea_orm(unique)]
    pub key_hash: Vec<u8>,
    /// Separated by blanks.
    #[sea_orm(column_type = "Text")]
    pub scopes: String,
    pub created_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub last_used_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct New {
    pub user_id: i64,
    pub name: String,
    pub prefix: String,
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    pub scopes: Scopes,
    pub expires_at: Option<DateTimeUtc>,
}

impl Model {
    /// What it may do, whatever its user may; what is no scope gives nothing.
    pub fn scopes(&self) -> Scopes {
        self.scopes.parse().unwrap_or_default()
    }

    /// Whether it is good, as far as it goes by itself.
    pub fn is_good(&self, now: DateTimeUtc) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

impl Entity {
    /// Writes down a key.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn create(
        db: &impl ConnectionTrait,
        new: New,
        at: DateTimeUtc,
    ) -> Result<Model, DbErr> {
        let row = ActiveModel {
            user_id: Set(new.user_id),
            name: Set(new.name),
            prefix: Set(new.prefix),
            key_hash: Set(new.hash),
            scopes: Set(new.scopes.to_string()),
            created_at: Set(at),
            expires_at: Set(new.expires_at),
            last_used_at: Set(None),
            revoked_at: Set(None),
            ..Default::default()
        };
        row.insert(db).await
    }

    /// The key with that hash, and its user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn by_hash(
        db: &impl ConnectionTrait,
        hash: &[u8],
    ) -> Result<Option<(Model, user::Model)>, DbErr> {
        let found = Self::find().filter(Column::KeyHash.eq(hash.to_vec()));
        of_somebody(db, found.one(db).await?).await
    }

    /// The key that begins so, and its user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn by_prefix(
        db: &impl ConnectionTrait,
        prefix: &str,
    ) -> Result<Option<(Model, user::Model)>, DbErr> {
        let found = Self::find().filter(Column::Prefix.eq(prefix));
        of_somebody(db, found.one(db).await?).await
    }

    /// The key of that id, and its user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn with_user(
        db: &impl ConnectionTrait,
        id: i64,
    ) -> Result<Option<(Model, user::Model)>, DbErr> {
        let found = Self::find_by_id(id).one(db).await?;
        of_somebody(db, found).await
    }

    /// The keys of a user that nobody has revoked, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of_user(db: &impl ConnectionTrait, user_id: i64) -> Result<Vec<Model>, DbErr> {
        let of_user = Self::find().filter(Column::UserId.eq(user_id));
        let of_user = of_user.filter(Column::RevokedAt.is_null());
        of_user.order_by_asc(Column::Id).all(db).await
    }

    /// Ends a key. False: there is none of that id, or it has ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revoke(
        db: &impl ConnectionTrait,
        id: i64,
        at: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let revoked = Self::update_many()
            .col_expr(Column::RevokedAt, Expr::value(at))
            .filter(Column::Id.eq(id))
            .filter(Column::RevokedAt.is_null());
        Ok(revoked.exec(db).await?.rows_affected > 0)
    }

    /// Writes down that a key was used.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn used(db: &impl ConnectionTrait, id: i64, at: DateTimeUtc) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::LastUsedAt, Expr::value(at))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }
}

async fn of_somebody(
    db: &impl ConnectionTrait,
    key: Option<Model>,
) -> Result<Option<(Model, user::Model)>, DbErr> {
    let Some(key) = key else {
        return Ok(None);
    };
    let user = user::Entity::find_by_id(key.user_id).one(db).await?;
    Ok(user.map(|user| (key, user)))
}
