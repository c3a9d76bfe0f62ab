//! Where the last committed page of an unfinished run ended, so that the next run goes on from there.

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource_id: i32,
    /// The run that committed the page.
    pub run_id: i64,
    /// Fingerprint of how the resource was fetched: another one cannot go on from here.
    pub plan: String,
    /// Where to go on, as JSON.
    #[sea_orm(column_type = "Text")]
    pub position: String,
    /// The `rowno`s that the run saw, as a serialised 64-bit roaring bitmap.
    pub seen: Vec<u8>,
    pub saved_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Writes down where a run stands: in the transaction of the page that ended there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn save(db: &impl ConnectionTrait, cursor: Model) -> Result<(), DbErr> {
        let row = ActiveModel {
            resource_id: Set(cursor.resource_id),
            run_id: Set(cursor.run_id),
            plan: Set(cursor.plan),
            position: Set(cursor.position),
            seen: Set(cursor.seen),
            saved_at: Set(cursor.saved_at),
        };
        let update = [
            Column::RunId,
            Column::Plan,
            Column::Position,
            Column::Seen,
            Column::SavedAt,
        ];
        let conflict = OnConflict::column(Column::ResourceId)
            .update_columns(update)
            .to_owned();
        Self::insert(row)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// Forgets where a run stood: it ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn clear(db: &impl ConnectionTrait, resource_id: i32) -> Result<(), DbErr> {
        Self::delete_by_id(resource_id).exec(db).await?;
        Ok(())
    }
}
