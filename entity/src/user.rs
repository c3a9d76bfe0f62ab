//! A person who may log in to the api.

use sea_orm::{
    ActiveValue::Set, PaginatorTrait, QueryOrder, QuerySelect, SqlErr, entity::prelude::*,
};

use crate::{access::Role, api_key, refresh_token};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub name: String,
    #[sea_orm(unique)]
    pub email: Option<String>,
    /// `reader`, `operator` or `admin`.
    pub role: String,
    /// Argon2id, in the PHC string format.
    pub password_hash: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    /// A JSON object of the user's own.
    #[sea_orm(column_type = "Text")]
    pub attributes: String,
    pub active: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct New {
    /// As it is compared: see [`spelt`].
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    /// Argon2id, in the PHC string format.
    pub password_hash: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
}

/// Why a user was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// Somebody has that name or e-mail address.
    #[error("the name or the e-mail address is another user's")]
    Taken,
    #[error("the database does not answer")]
    Database(#[from] DbErr),
}

/// A name or e-mail address as it is stored and compared: case and blanks around it do not count.
pub fn spelt(text: &str) -> String {
    text.trim().to_lowercase()
}

impl Model {
    /// What it is; a word that is none, which only another hand can have written, is the least.
    pub fn role(&self) -> Role {
        self.role.parse().unwrap_or(Role::Reader)
    }

    /// As the audit names it.
    pub fn actor(&self) -> String {
        actor(&self.name)
    }
}

/// As the audit names the user of that name.
pub fn actor(name: &str) -> String {
    format!("user:{name}")
}

impl Entity {
    /// The user whose name or e-mail address that is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn by_login(db: &impl ConnectionTrait, text: &str) -> Result<Option<Model>, DbErr> {
        let text = spelt(text);
        // No name has an `@`.
        let column = match text.contains('@') {
            true => Column::Email,
            false => Column::Name,
        };
        Self::find().filter(column.eq(text)).one(db).await
    }

    /// The user of that id, if it may log in.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn find_active(db: &impl ConnectionTrait, id: i64) -> Result<Option<Model>, DbErr> {
        let found = Self::find_by_id(id).filter(Column::Active.eq(true));
        found.one(db).await
    }

    /// Whether there is any user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
        Ok(Self::find().limit(1).count(db).await? > 0)
    }

    /// At most `limit` users behind the one of that id, in the order of their ids.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn after(
        db: &impl ConnectionTrait,
        id: i64,
        limit: u64,
    ) -> Result<Vec<Model>, DbErr> {
        let of_page = Self::find().filter(Column::Id.gt(id));
        let of_page = of_page.order_by_asc(Column::Id).limit(limit);
        of_page.all(db).await
    }

    /// Makes a user, who is active.
    ///
    /// # Errors
    /// Name or e-mail address are another's, or the database does not answer.
    pub async fn create(
        db: &impl ConnectionTrait,
        new: New,
        at: DateTimeUtc,
    ) -> Result<Model, NotMade> {
        let row = ActiveModel {
            name: Set(spelt(&new.name)),
            email: Set(new.email.as_deref().map(spelt)),
            role: Set(new.role.as_str().to_owned()),
            password_hash: Set(new.password_hash),
            first_name: Set(new.first_name),
            last_name: Set(new.last_name),
            phone: Set(new.phone),
            attributes: Set("{}".to_owned()),
            active: Set(true),
            created_at: Set(at),
            updated_at: Set(at),
            ..Default::default()
        };
        let made = row.insert(db).await;
        made.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => NotMade::Taken,
            _ => error.into(),
        })
    }

    /// Gives a user another password, by its hash. False: there is no such user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn set_password(
        db: &impl ConnectionTrait,
        (id, hash): (i64, &str),
        at: DateTimeUtc,
    ) -> Result<bool, DbErr> {
        let set = Self::update_many()
            .col_expr(Column::PasswordHash, Expr::value(hash))
            .col_expr(Column::UpdatedAt, Expr::value(at))
            .filter(Column::Id.eq(id));
        Ok(set.exec(db).await?.rows_affected > 0)
    }

    /// Puts the hash of the same password under other parameters in the place of `old`, unless it was changed meanwhile.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rehashed(
        db: &impl ConnectionTrait,
        id: i64,
        (old, new): (&str, &str),
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::PasswordHash, Expr::value(new))
            .filter(Column::Id.eq(id))
            .filter(Column::PasswordHash.eq(old))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Removes a user with all its keys and logins; `db` is a transaction. False: there is no such user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn remove(db: &impl ConnectionTrait, id: i64) -> Result<bool, DbErr> {
        let tokens = refresh_token::Entity::delete_many();
        let tokens = tokens.filter(refresh_token::Column::UserId.eq(id));
        tokens.exec(db).await?;
        let keys = api_key::Entity::delete_many();
        keys.filter(api_key::Column::UserId.eq(id)).exec(db).await?;
        Ok(Self::delete_by_id(id).exec(db).await?.rows_affected > 0)
    }
}
