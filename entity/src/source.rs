//! An upstream HTTP API, as registered by a syncer.

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "source")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    #[sea_orm(unique)]
    pub name: String,
    /// Where it is, without credentials.
    pub base_url: String,
    /// As written: a cron expression, or `every 30m`.
    pub schedule: String,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

/// What a definition says of its source.
pub struct Registration<'a> {
    pub name: &'a str,
    pub base_url: &'a str,
    pub schedule: &'a str,
    pub now: DateTimeUtc,
}

impl Entity {
    /// Writes down a source, and returns its row. A source that is known as it is costs no write.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn register(
        db: &impl ConnectionTrait,
        new: Registration<'_>,
    ) -> Result<Model, DbErr> {
        let known = Self::by_name(db, new.name).await?;
        if let Some(model) = known
            && model.base_url == new.base_url
            && model.schedule == new.schedule
        {
            return Ok(model);
        }
        let row = ActiveModel {
            name: Set(new.name.to_owned()),
            base_url: Set(new.base_url.to_owned()),
            schedule: Set(new.schedule.to_owned()),
            updated_at: Set(new.now),
            ..Default::default()
        };
        let update = [Column::BaseUrl, Column::Schedule, Column::UpdatedAt];
        let conflict = OnConflict::column(Column::Name)
            .update_columns(update)
            .to_owned();
        Self::insert(row)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        let written = Self::by_name(db, new.name).await?;
        written.ok_or_else(|| DbErr::RecordNotFound(format!("source {}", new.name)))
    }

    async fn by_name(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
        Self::find().filter(Column::Name.eq(name)).one(db).await
    }
}
