//! An upstream HTTP API, as registered by a syncer.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};
use serde::{Deserialize, Serialize};

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
    /// [`Budget`] as JSON: what may be asked of it, as the syncer that asked it last knew. Kept while runs go on.
    #[sea_orm(column_type = "Text", nullable)]
    pub budget: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What may be asked of a source, as one process knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Requests that the definition allows in `per_ms`.
    pub rate: Option<u32>,
    pub per_ms: Option<u64>,
    /// Requests that may be on the way at once.
    pub concurrency: Option<u32>,
    /// Requests that may be sent before the budget is renewed, by the definition or the upstream, whichever allows less.
    pub left: Option<u32>,
    /// When there is more, if that is known.
    pub resets_at: Option<DateTime<Utc>>,
    /// Until when nothing may be sent.
    pub waiting_until: Option<DateTime<Utc>>,
    /// When the process wrote this.
    pub told_at: Option<DateTime<Utc>>,
}

impl Model {
    /// What may be asked of it; `None`: no run has told yet.
    pub fn budget(&self) -> Option<Budget> {
        serde_json::from_str(self.budget.as_deref()?).ok()
    }
}

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

    /// Writes down what may be asked of a source.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tell_budget(
        db: &impl ConnectionTrait,
        id: i32,
        budget: &Budget,
    ) -> Result<(), DbErr> {
        let budget = serde_json::to_string(budget).ok();
        Self::update_many()
            .col_expr(Column::Budget, Expr::value(budget))
            .filter(Column::Id.eq(id))
            .exec(db)
            .await?;
        Ok(())
    }

    async fn by_name(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
        Self::find().filter(Column::Name.eq(name)).one(db).await
    }
}
