//! What of a user is changed: by an admin, or, of its profile, by the user itself.

use sea_orm::{
    ActiveValue::{self, NotSet, Set, Unchanged},
    QueryOrder, QuerySelect, Value,
    entity::prelude::*,
};

use crate::{
    access::Role,
    api_key, refresh_token,
    user::{ActiveModel, Column, Entity, Model},
};

/// What of a user is to be another: all that is not given stays; of what may be without a value, none is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// As it is compared: see [`spelt`](crate::user::spelt).
    pub name: Option<String>,
    pub email: Option<Option<String>>,
    pub role: Option<Role>,
    pub active: Option<bool>,
    /// Argon2id, in the PHC string format.
    pub password_hash: Option<String>,
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    /// A JSON object.
    pub attributes: Option<String>,
}

impl Change {
    /// Whether whoever is an active admin is none afterwards.
    pub fn unseats(&self) -> bool {
        self.active == Some(false) || self.role.is_some_and(|role| role != Role::Admin)
    }

    /// The row as it is to be, and the names of what is another in it.
    fn of(self, user: &Model) -> (ActiveModel, Vec<&'static str>) {
        let mut changed = Vec::new();
        let role = self.role.map(|role| role.as_str().to_owned());
        let row = ActiveModel {
            id: Unchanged(user.id),
            name: set(("name", &mut changed), &user.name, self.name),
            email: set(("email", &mut changed), &user.email, self.email),
            role: set(("role", &mut changed), &user.role, role),
            active: set(("active", &mut changed), &user.active, self.active),
            password_hash: set(
                ("password", &mut changed),
                &user.password_hash,
                self.password_hash,
            ),
            first_name: set(
                ("first_name", &mut changed),
                &user.first_name,
                self.first_name,
            ),
            last_name: set(("last_name", &mut changed), &user.last_name, self.last_name),
            phone: set(("phone", &mut changed), &user.phone, self.phone),
            attributes: set(
                ("attributes", &mut changed),
                &user.attributes,
                self.attributes,
            ),
            ..Default::default()
        };
        (row, changed)
    }
}

fn set<T: PartialEq + Into<Value>>(
    (name, changed): (&'static str, &mut Vec<&'static str>),
    was: &T,
    to: Option<T>,
) -> ActiveValue<T> {
    match to {
        Some(to) if to != *was => {
            changed.push(name);
            Set(to)
        }
        _ => NotSet,
    }
}

impl Entity {
    /// The user of that id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of_id(db: &impl ConnectionTrait, id: i64) -> Result<Option<Model>, DbErr> {
        Self::find_by_id(id).one(db).await
    }

    /// The same, under a lock on its row until the transaction ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn locked(db: &impl ConnectionTrait, id: i64) -> Result<Option<Model>, DbErr> {
        Self::find_by_id(id).lock_exclusive().one(db).await
    }

    /// The ids of two admins who may log in, or of the only one, under a lock until the transaction ends. To be asked before
    /// any other lock: of two who each take away the other's rights, one waits, and is told so.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn some_admins(db: &impl ConnectionTrait) -> Result<Vec<i64>, DbErr> {
        let admins = Self::find()
            .filter(Column::Role.eq(Role::Admin.as_str()))
            .filter(Column::Active.eq(true))
            .order_by_asc(Column::Id)
            .lock_exclusive();
        let admins = admins.limit(2).all(db).await?;
        Ok(admins.into_iter().map(|admin| admin.id).collect())
    }

    /// Which of a name and an e-mail address are those of another user than that of `id`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn taken(
        db: &impl ConnectionTrait,
        id: Option<i64>,
        (name, email): (Option<&str>, Option<&str>),
    ) -> Result<Vec<&'static str>, DbErr> {
        let mut taken = Vec::new();
        let both = [
            ("name", Column::Name, name),
            ("email", Column::Email, email),
        ];
        for (member, column, text) in both {
            let Some(text) = text else { continue };
            let found = Self::find().filter(column.eq(text)).one(db).await?;
            if found.is_some_and(|other| Some(other.id) != id) {
                taken.push(member);
            }
        }
        Ok(taken)
    }

    /// Changes a user, and says what of it is another; `db` is a transaction. Another password, or not being active, ends all
    /// logins, and the latter all keys.
    ///
    /// # Errors
    /// Name or e-mail address are another's, or the database does not answer.
    pub async fn change(
        db: &impl ConnectionTrait,
        (user, change): (&Model, Change),
        at: DateTimeUtc,
    ) -> Result<Vec<&'static str>, DbErr> {
        let is_ended = change.active == Some(false);
        let (mut row, changed) = change.of(user);
        if changed.is_empty() {
            return Ok(changed);
        }
        row.updated_at = Set(at);
        row.update(db).await?;
        if is_ended || changed.contains(&"password") {
            refresh_token::Entity::end_all(db, (user.id, None), at).await?;
        }
        if is_ended {
            api_key::Entity::revoke_all(db, user.id, at).await?;
        }
        Ok(changed)
    }
}

impl api_key::Entity {
    /// Ends all keys of a user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn revoke_all(
        db: &impl ConnectionTrait,
        user_id: i64,
        at: DateTimeUtc,
    ) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(api_key::Column::RevokedAt, Expr::value(at))
            .filter(api_key::Column::UserId.eq(user_id))
            .filter(api_key::Column::RevokedAt.is_null())
            .exec(db)
            .await?;
        Ok(())
    }
}
