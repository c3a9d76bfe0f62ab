//! How far a run under way has come: one row a resource, written beside the run and not in its transactions.
//!
//! A row of a process that died stays: whoever reads it holds it against the lease, whose holder it names.

use sea_orm::{ActiveValue::Set, IntoActiveModel, entity::prelude::*, sea_query::OnConflict};

use crate::run::Counts;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "progress")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource_id: i32,
    pub run_id: i64,
    /// The holder of the lease under which it runs.
    pub holder: String,
    /// Pages read, those of the runs included that it goes on with.
    pub pages: i64,
    /// How many there are, if the upstream told how many records.
    pub pages_expected: Option<i64>,
    /// [`Counts`] as JSON: what was done since the reading began.
    #[sea_orm(column_type = "Text")]
    pub counts: String,
    /// Records a second over the last while.
    pub rate: Option<f64>,
    /// How long the rest takes at that pace.
    pub seconds_left: Option<i64>,
    pub started_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What was done since the reading began.
    pub fn counts(&self) -> Counts {
        serde_json::from_str(&self.counts).unwrap_or_default()
    }
}

impl Entity {
    /// Writes down that a run is under way, in the place of whatever ran before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(db: &impl ConnectionTrait, model: Model) -> Result<(), DbErr> {
        let conflict = OnConflict::column(Column::ResourceId)
            .update_columns([
                Column::RunId,
                Column::Holder,
                Column::Pages,
                Column::PagesExpected,
                Column::Counts,
                Column::Rate,
                Column::SecondsLeft,
                Column::StartedAt,
                Column::UpdatedAt,
            ])
            .to_owned();
        Self::insert(model.into_active_model())
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// Writes down how far it has come, unless another run is under way by now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn moved(db: &impl ConnectionTrait, model: Model) -> Result<(), DbErr> {
        let (resource_id, run_id) = (model.resource_id, model.run_id);
        let row = ActiveModel {
            pages: Set(model.pages),
            pages_expected: Set(model.pages_expected),
            counts: Set(model.counts),
            rate: Set(model.rate),
            seconds_left: Set(model.seconds_left),
            updated_at: Set(model.updated_at),
            ..Default::default()
        };
        Self::update_many()
            .set(row)
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::RunId.eq(run_id))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Removes the row of a run that ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end(
        db: &impl ConnectionTrait,
        resource_id: i32,
        run_id: i64,
    ) -> Result<(), DbErr> {
        Self::delete_many()
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::RunId.eq(run_id))
            .exec(db)
            .await?;
        Ok(())
    }
}
