//! A person who may log in to the api.

use sea_orm::{entity::prelude::*, sea_query::Query};

use crate::{
    access::Role,
    definition::Kind,
    listing::{self, Listing},
};

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

impl Entity {
    /// The list of users: all of them but their passwords.
    pub fn listing() -> Listing {
        let column = listing::Column::new;
        let text = |name, value: Column| column(name, Kind::Text, value).optional();
        let users = Query::select().from(Self).take();
        Listing::new(
            "users",
            (users, Column::Id),
            [
                column("id", Kind::Integer, Column::Id),
                column("name", Kind::Text, Column::Name),
                text("email", Column::Email),
                column("role", Kind::Text, Column::Role).one_of(Role::ALL.map(Role::as_str)),
                column("active", Kind::Boolean, Column::Active),
                text("first_name", Column::FirstName),
                text("last_name", Column::LastName),
                text("phone", Column::Phone),
                column("attributes", Kind::Json, Column::Attributes).shown(),
                column("created_at", Kind::Timestamp, Column::CreatedAt),
                column("updated_at", Kind::Timestamp, Column::UpdatedAt),
            ],
        )
    }
}
