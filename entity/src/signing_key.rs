//! A key that signs access tokens, if the settings name none: made once, whoever starts first, and seen by all.

use std::fmt;

use sea_orm::{ActiveValue::Set, Condition, QueryOrder, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub struct Model {
    /// The highest signs. Two processes that make the same one end with the one that was first.
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i32,
    /// PKCS #8.
    pub private_key: Hidden,
    pub created_at: DateTimeUtc,
    /// When what it has signed is no longer believed.
    pub retires_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

/// A private key, which is not to be shown.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct Hidden(pub Vec<u8>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Entity {
    /// Those that are good, the one that signs first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn good(db: &impl ConnectionTrait, now: DateTimeUtc) -> Result<Vec<Model>, DbErr> {
        let is_good = Condition::any()
            .add(Column::RetiresAt.is_null())
            .add(Column::RetiresAt.gt(now));
        let good = Self::find().filter(is_good);
        good.order_by_desc(Column::Generation).all(db).await
    }

    /// The number of the newest there ever was; 0: there was none.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn newest(db: &impl ConnectionTrait) -> Result<i32, DbErr> {
        let newest = Self::find().order_by_desc(Column::Generation);
        let newest = newest.one(db).await?;
        Ok(newest.map_or(0, |key| key.generation))
    }

    /// Makes a key, unless another process has made that generation.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn make(
        db: &impl ConnectionTrait,
        (generation, private_key): (i32, Hidden),
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        let row = ActiveModel {
            generation: Set(generation),
            private_key: Set(private_key),
            created_at: Set(at),
            retires_at: Set(None),
        };
        let first_stays = OnConflict::column(Column::Generation)
            .update_column(Column::Generation)
            .to_owned();
        Self::insert(row)
            .on_conflict(first_stays)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// Has those before a generation retire then, where they would not earlier.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn retire_before(
        db: &impl ConnectionTrait,
        generation: i32,
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        let is_later = Condition::any()
            .add(Column::RetiresAt.is_null())
            .add(Column::RetiresAt.gt(at));
        Self::update_many()
            .col_expr(Column::RetiresAt, Expr::value(at))
            .filter(Column::Generation.lt(generation))
            .filter(is_later)
            .exec(db)
            .await?;
        Ok(())
    }
}
