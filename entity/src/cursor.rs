//! How far the reading of a resource came: the mark of the last complete run, and where an unfinished one stands.

use sea_orm::{ActiveValue::Set, entity::prelude::*, sea_query::OnConflict};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource_id: i32,
    /// The run that wrote this.
    pub run_id: i64,
    /// Fingerprint of how the resource was fetched: another one cannot go on from here.
    pub plan: String,
    /// Where an unfinished run stands, as JSON; empty: the last one ended.
    #[sea_orm(column_type = "Text")]
    pub position: String,
    /// The `rowno`s that the unfinished run saw, and more, as serialised 64-bit roaring bitmaps.
    pub seen: Vec<u8>,
    /// What the last complete run leaves to the next one, as JSON. Nothing but a complete run moves it.
    #[sea_orm(column_type = "Text", nullable)]
    pub mark: Option<String>,
    /// The `rowno`s of the parents whose children that run knows, as a serialised 64-bit roaring bitmap.
    pub walked: Option<Vec<u8>>,
    pub saved_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

/// Where an unfinished run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub resource_id: i32,
    pub run_id: i64,
    pub plan: String,
    pub position: String,
    pub seen: Vec<u8>,
    pub at: DateTimeUtc,
}

/// What a complete run leaves to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub mark: String,
    pub walked: Vec<u8>,
}

impl Entity {
    /// Writes down where a run stands: in the transaction of the page that ended there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn save(db: &impl ConnectionTrait, standing: Standing) -> Result<(), DbErr> {
        let row = ActiveModel {
            resource_id: Set(standing.resource_id),
            run_id: Set(standing.run_id),
            plan: Set(standing.plan),
            position: Set(standing.position),
            seen: Set(standing.seen),
            saved_at: Set(standing.at),
            ..Default::default()
        };
        let update = [
            Column::RunId,
            Column::Plan,
            Column::Position,
            Column::Seen,
            Column::SavedAt,
        ];
        Self::put(db, row, &update).await
    }

    async fn put(
        db: &impl ConnectionTrait,
        row: ActiveModel,
        columns: &[Column],
    ) -> Result<(), DbErr> {
        let conflict = OnConflict::column(Column::ResourceId)
            .update_columns(columns.iter().copied())
            .to_owned();
        Self::insert(row)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// Forgets where a run stood: it ended. What complete runs left stays.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn clear(db: &impl ConnectionTrait, resource_id: i32) -> Result<(), DbErr> {
        Self::update_many()
            .col_expr(Column::Position, Expr::value(""))
            .col_expr(Column::Seen, Expr::value(Vec::<u8>::new()))
            .filter(Column::ResourceId.eq(resource_id))
            .filter(Column::Position.ne(""))
            .exec(db)
            .await?;
        Ok(())
    }

    /// Writes down what a complete run leaves to the next one, in the transaction of its end.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn leave(
        db: &impl ConnectionTrait,
        standing: Standing,
        left: Left,
    ) -> Result<(), DbErr> {
        let row = ActiveModel {
            resource_id: Set(standing.resource_id),
            run_id: Set(standing.run_id),
            plan: Set(standing.plan),
            position: Set(standing.position),
            seen: Set(standing.seen),
            mark: Set(Some(left.mark)),
            walked: Set(Some(left.walked)),
            saved_at: Set(standing.at),
        };
        let update = [
            Column::RunId,
            Column::Plan,
            Column::Position,
            Column::Seen,
            Column::Mark,
            Column::Walked,
            Column::SavedAt,
        ];
        Self::put(db, row, &update).await
    }

    /// Forgets everything: the next run begins as the first one did.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn reset(db: &impl ConnectionTrait, resource_id: i32) -> Result<(), DbErr> {
        Self::delete_by_id(resource_id).exec(db).await?;
        Ok(())
    }
}
